//! The recipes of integrations/.

use super::{Bridge, NODE, daemon, documented, json, place, show};
use crate::common;
use crate::common::broker::{Broker, Listener};

#[test]
fn the_shipped_recipes_use_topics_and_fields_that_exist() {
    let folder = common::project().join("integrations");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let documented = documented();
    let yaml = read("home-assistant/without-discovery.yaml");
    let topics = yaml.lines().filter_map(|line| line.trim_start_matches([' ', '-']).split_once("topic: ").map(|(_, topic)| topic));
    let known = std::fs::read_to_string(common::project().join("docs/mqtt.md")).unwrap();
    assert_eq!(topics.inspect(|topic| assert!(known.contains(&format!("\n{} ", topic.trim_matches('"'))), "{topic}")).count(), 8);
    let state = &documented.iter().find(|(topic, _)| topic.ends_with("/state")).unwrap().1;
    let used = yaml.split("value_json.").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap());
    assert_eq!(used.inspect(|field| assert!(state.get(field).is_some(), "{field}")).count(), 6);
    let flow = json(&read("node-red/flow.json"));
    let topics: Vec<_> = flow.as_array().unwrap().iter().filter_map(|node| node["topic"].as_str()).collect();
    assert_eq!(topics, ["glimpsed/+/+/event", "glimpsed/+/+/state"]);
}

#[test]
fn a_bridge_of_mosquitto_carries_states_to_another_broker() {
    let recipe = std::fs::read_to_string(common::project().join("integrations/mosquitto/bridge.conf")).unwrap();
    let other = Broker::start("allow_anonymous true\n");
    let here = recipe.replace("cloud.example:8883", &format!("127.0.0.1:{}", other.port)).replace("bridge_capath", "#");
    let broker = Broker::start(&format!("allow_anonymous true\n{here}"));
    let (_folder, path) = place();
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    let _bridge = Bridge::start(&path, &broker.url(), &[]);
    let mut live = Listener::start(&other, "#");
    let [status, state] = ["status", "front/state"].map(|topic| format!("{NODE}/{topic}"));
    let latest = live.all(&[&status, &state]);
    assert_eq!((latest[&*status].as_str(), &json(&latest[&*state])["label"]), ("online", &"cat".into()));
}
