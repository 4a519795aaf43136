//! The announcements to Home Assistant: a device for the board, and one for each camera.
//!
//! The format is that of Home Assistant's device-based MQTT discovery; `device`, `components` and `origin` are required.

use super::topics::Topics;
use crate::message::Hello;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Home Assistant takes a list of states; with more labels the announcement of a camera would be longer than its states of a day.
const LISTED: usize = 64;

/// A camera.
pub struct Camera<'a> {
    /// Its name in Home Assistant.
    pub name: String,
    /// Its identifier there.
    pub id: String,
    /// The topic of its availability.
    pub availability: String,
    /// The topic of its statistics.
    pub diagnostics: String,
    /// How often an unchanged state is published again.
    pub heartbeat: Duration,
    /// What its models say.
    pub streams: Vec<Stream<'a>>,
}

/// What one model says of a camera, or of a region of its picture.
pub struct Stream<'a> {
    /// The levels that its topics have of their own; `None` for the only stream.
    pub levels: Option<String>,
    /// What its topics begin with.
    pub topic: String,
    /// The model's name.
    pub model: &'a str,
    /// The names of its classes.
    pub labels: &'a [String],
}

/// The announcement of the board.
pub fn board(topics: &Topics, name: &str, hello: &Hello) -> Value {
    let id = &topics.id;
    let sensor = |key: &str, name: &str, template: &str, more: Value| {
        let mut sensor = json!({
            "platform": "sensor",
            "unique_id": format!("{id}_{key}"),
            "name": name,
            "state_topic": topics.diagnostics(),
            "value_template": template,
            "entity_category": "diagnostic",
        });
        extend(&mut sensor, more);
        (key.to_owned(), sensor)
    };
    let components: Map<_, _> = [
        sensor("provider", "Execution provider", "{{ value_json.execution_provider }}", json!({})),
        sensor("npu_nodes", "Nodes on the NPU", "{{ value_json.nodes.npu if value_json.nodes else 0 }}", measured(None)),
        sensor("inference", "Inference time", "{{ value_json.inference_ms }}", measured(Some(("duration", "ms", 1)))),
    ]
    .into_iter()
    .collect();
    json!({
        "device": {
            "identifiers": [id],
            "name": name,
            "manufacturer": "glimpsed",
            "model": hello.model,
            "sw_version": version(hello),
        },
        "origin": origin(hello),
        "availability": [{ "topic": topics.status() }],
        "qos": 1,
        "components": components,
    })
}

/// The announcement of a camera.
pub fn camera(topics: &Topics, camera: &Camera, hello: &Hello) -> Value {
    let id = &camera.id;
    let mut components = Map::new();
    for stream in &camera.streams {
        let key = |kind: &str| {
            stream.levels.as_ref().map_or_else(|| kind.to_owned(), |levels| format!("{}_{kind}", levels.replace('/', "_")))
        };
        let named = |name: &str| match &stream.levels {
            Some(levels) => json!(format!("{} {}", levels.replace('/', " "), name.to_lowercase())),
            None => json!(name),
        };
        let state = format!("{}/state", stream.topic);
        let mut label = json!({
            "platform": "sensor",
            "unique_id": format!("{id}_{}", key("label")),
            // the name of the only one is the device's
            "name": if stream.levels.is_some() { named("Label") } else { Value::Null },
            "state_topic": state,
            "icon": "mdi:eye",
            "json_attributes_topic": state,
            "json_attributes_template":
                "{{ {'index': value_json.index, 'since': value_json.since, 'top': value_json.top} | tojson }}",
        });
        let listed = (1..=LISTED).contains(&stream.labels.len());
        extend(
            &mut label,
            match listed {
                true => {
                    json!({ "value_template": "{{ value_json.label }}", "device_class": "enum", "options": distinct(stream.labels.iter().map(String::as_str)) })
                }
                // a state of Home Assistant has at most 255 characters
                false => json!({
                    "value_template": "{{ value_json.label[:255] if value_json.label is not none else none }}",
                }),
            },
        );
        components.insert(key("label"), label);
        let confidence = json!({
            "platform": "sensor",
            "unique_id": format!("{id}_{}", key("confidence")),
            "name": named("Confidence"),
            "state_topic": state,
            "value_template": "{{ (value_json.confidence * 100) if value_json.confidence is not none else none }}",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 0,
            "expire_after": (camera.heartbeat * 3).as_secs().max(1),
        });
        components.insert(key("confidence"), confidence);
        components.insert(
            key("changed"),
            json!({
                "platform": "event",
                "unique_id": format!("{id}_{}", key("changed")),
                "name": named("Changed"),
                "state_topic": format!("{}/event", stream.topic),
                "event_types": ["changed"],
            }),
        );
    }
    components.insert(
        "camera".into(),
        json!({
            "platform": "binary_sensor",
            "unique_id": format!("{id}_camera"),
            "name": "Camera",
            "state_topic": camera.availability,
            "payload_on": "online",
            "payload_off": "offline",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            // it is the camera's own availability
            "availability": [{ "topic": topics.status() }],
        }),
    );
    let statistics = [
        ("rate", "Results per second", "{{ value_json.results_per_second }}", ("frequency", "Hz", 1)),
        ("age", "Age of results", "{{ value_json.age_ms.p95 if value_json.age_ms else none }}", ("duration", "ms", 0)),
    ];
    for (key, name, template, measure) in statistics {
        let mut sensor = json!({
            "platform": "sensor",
            "unique_id": format!("{id}_{key}"),
            "name": name,
            "state_topic": camera.diagnostics,
            "value_template": template,
            "entity_category": "diagnostic",
        });
        extend(&mut sensor, measured(Some(measure)));
        components.insert(key.into(), sensor);
    }
    json!({
        "device": {
            "identifiers": [id],
            "name": camera.name,
            "manufacturer": "glimpsed",
            "model": distinct(camera.streams.iter().map(|stream| stream.model)).join(", "),
            "sw_version": version(hello),
            "via_device": topics.id,
        },
        "origin": origin(hello),
        "qos": 1,
        "availability_mode": "all",
        "availability": [{ "topic": topics.status() }, { "topic": camera.availability }],
        "components": components,
    })
}

fn origin(hello: &Hello) -> Value {
    json!({ "name": "glimpsed", "sw_version": version(hello) })
}

/// The version in `glimpsed 1.2.3`.
fn version(hello: &Hello) -> &str {
    hello.program.rsplit(' ').next().unwrap_or_default()
}

/// The fields of a number that Home Assistant draws: its class, its unit and its decimals.
fn measured(measure: Option<(&str, &str, u8)>) -> Value {
    match measure {
        Some((class, unit, decimals)) => json!({
            "device_class": class,
            "unit_of_measurement": unit,
            "state_class": "measurement",
            "suggested_display_precision": decimals,
        }),
        None => json!({ "state_class": "measurement" }),
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (value, more) {
        fields.extend(more);
    }
}

#[cfg(test)]
mod tests {
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
            recipe: None,
        };
        Hello::new(vec![model], vec!["front".into()])
    }

    fn announced(labels: usize, levels: &[Option<&'static str>]) -> Value {
        let hello = hello(labels);
        let topics = Topics::new(&params(""), &Identity { node: "rubik".into(), id: "glimpsed_1".into() });
        let stream = |level: &Option<&'static str>| Stream {
            levels: level.map(str::to_owned),
            topic: level.map_or("glimpsed/rubik/front".into(), |level| format!("glimpsed/rubik/front/{level}")),
            model: "m",
            labels: &hello.labels,
        };
        let described = Camera {
            name: "rubik front".into(),
            id: "glimpsed_1_front".into(),
            availability: "glimpsed/rubik/front/availability".into(),
            diagnostics: "glimpsed/rubik/front/diagnostics".into(),
            heartbeat: Duration::from_secs(60),
            streams: levels.iter().map(stream).collect(),
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
}
