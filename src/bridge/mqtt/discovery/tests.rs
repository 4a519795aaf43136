//! What Home Assistant is told.

use super::*;
use crate::bridge::mqtt::identity::Identity;
use crate::bridge::mqtt::settings::tests::params;
use crate::message::{Model, Nodes};

fn hello(labels: usize) -> Hello {
    let labels = (0..labels).map(|n| format!("class {n}")).collect();
    let model = Model {
        name: "m".into(),
        execution_provider: "QNN".into(),
        execution: String::new(),
        nodes: Some(Nodes { npu: 66, cpu: 0 }),
        labels,
        states: None,
        multi_label: false,
        recipe: None,
    };
    Hello::new(vec![model], vec!["front".into()])
}

fn announced(labels: usize, levels: &[Option<&'static str>]) -> Value {
    let hello = hello(labels);
    let topics = Topics::new(&params(""), &Identity { node: "rubik".into(), id: "glimpsed_1".into() });
    let topic = |level: &str| format!("glimpsed/rubik/front/{level}");
    let named: Vec<_> = levels.iter().map(|level| (*level, level.map_or("glimpsed/rubik/front".into(), topic))).collect();
    let streams =
        named.iter().map(|(levels, topic)| Stream { levels: *levels, topic, model: "m", states: Some(&hello.labels) }).collect();
    let described = Camera {
        name: "rubik front".into(),
        id: "glimpsed_1_front".into(),
        availability: "glimpsed/rubik/front/availability".into(),
        diagnostics: "glimpsed/rubik/front/diagnostics".into(),
        heartbeat: Duration::from_secs(60),
        streams,
    };
    camera(&topics, &described, &hello)
}

#[test]
fn a_device_has_what_home_assistant_requires() {
    let topics = Topics::new(&params(""), &Identity { node: "rubik".into(), id: "glimpsed_1".into() });
    for device in [board(&topics, "rubik", &hello(2)), announced(2, &[None]), announced(2, &[Some("a"), Some("b")])] {
        assert!(device["device"]["identifiers"][0].is_string() && device["origin"]["name"] == "glimpsed");
        let components = device["components"].as_object().unwrap();
        let mut ids: Vec<_> = components.values().map(|component| component["unique_id"].as_str().unwrap()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(count >= 3 && ids.len() == count, "{ids:?}");
        for component in components.values() {
            assert!(component["platform"].is_string() && component["state_topic"].is_string(), "{component}");
            // a list of states is only for an enum, which has no unit
            let is_enum = component["device_class"] == "enum";
            assert_eq!(component.get("options").is_some(), is_enum, "{component}");
            assert!(!is_enum || component.get("unit_of_measurement").is_none(), "{component}");
        }
    }
}

#[test]
fn few_labels_are_listed_and_many_are_text() {
    let few = announced(64, &[None]);
    assert_eq!(few["components"]["label"]["options"].as_array().unwrap().len(), 64);
    assert_eq!(few["components"]["label"]["name"], Value::Null);
    let many = announced(1000, &[None]);
    assert!(many["components"]["label"].get("options").is_none() && many.to_string().len() < 4000, "{many}");
    assert_eq!(many["device"]["via_device"], "glimpsed_1");
}

#[test]
fn several_models_have_sensors_of_their_own() {
    let device = announced(2, &[Some("pets"), Some("door/cars")]);
    assert_eq!(device["components"]["pets_label"]["state_topic"], "glimpsed/rubik/front/pets/state");
    assert_eq!(device["components"]["door_cars_confidence"]["name"], "door cars confidence");
}
