//! What a board publishes for the messages of its daemon.

use super::*;
use crate::bridge::mqtt::identity::Identity;
use crate::bridge::mqtt::settings::tests::params;
use crate::message::{Model, Stream};
use serde_json::{Value, json};

struct Published {
    outbox: Outbox,
    board: Board,
    now: Instant,
}

impl Published {
    fn new() -> Self {
        let topics = Topics::new(&params(""), &Identity { node: "rubik".into(), id: "glimpsed_1".into() });
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        let board = Board::new(topics, "rubik", Duration::from_secs(60), &mut outbox, now);
        Self { outbox, board, now }
    }

    fn take(&mut self, message: Message) {
        self.board.take(&message, &mut self.outbox);
    }

    fn beat(&mut self) {
        self.now += Duration::from_secs(60);
        self.board.tick(self.now, &mut self.outbox);
    }

    /// Topics below the board's, and payloads, in the order in which they are sent.
    fn sent(&mut self) -> Vec<(String, String)> {
        let mut sent = Vec::new();
        while let Some(next) = self.outbox.next() {
            let (topic, number) = (next.topic.to_owned(), next.number);
            let short = topic.strip_prefix("glimpsed/rubik/").unwrap_or(&topic).to_owned();
            sent.push((short, String::from_utf8(next.payload.to_vec()).unwrap()));
            self.outbox.arrived(&topic, number);
        }
        sent
    }

    fn topics(&mut self) -> Vec<String> {
        self.sent().into_iter().map(|(topic, _)| topic).collect()
    }
}

fn hello(models: &[&str], cameras: &[&str]) -> Message {
    let model = |name: &&str| Model {
        name: (*name).to_owned(),
        execution_provider: "CPU".into(),
        execution: String::new(),
        nodes: None,
        labels: vec!["cat".into(), "dog".into()],
        states: None,
        multi_label: false,
        recipe: None,
    };
    let cameras = cameras.iter().map(|&name| name.to_owned()).collect();
    Message::Hello(Hello::new(models.iter().map(model).collect(), cameras))
}

/// A line of the daemon: an answer of `model` for `camera`.
fn result(camera: &str, model: &str, label: &str) -> Message {
    let timing = json!({"age_ms": 9.5, "wait_ms": 0, "preprocess_ms": 0, "inference_ms": 1.5, "postprocess_ms": 0});
    let line = json!({
        "type": "classification", "version": 1, "source": camera, "seq": 0, "frame": 0, "timestamp": "1970-01-01T00:00:00Z",
        "pts_ns": null, "width": 1, "height": 1, "model": model, "execution_provider": "CPU",
        "classifications": [{"index": 1, "label": label, "confidence": 0.9}], "timing": timing, "dropped": 0,
    });
    Message::read(line.to_string().as_bytes()).unwrap()
}

#[test]
fn a_board_is_offline_until_its_daemon_says_hello_and_when_it_has_ended() {
    let mut published = Published::new();
    assert_eq!(published.sent(), [("status".into(), "offline".into())]);
    published.take(hello(&["m"], &["front"]));
    published.take(result("front", "m", "cat"));
    let sent = published.sent();
    assert_eq!(sent[0], ("status".into(), "online".into()));
    let topics: Vec<_> = sent.iter().map(|(topic, _)| topic.as_str()).collect();
    assert_eq!(
        topics[1..],
        [
            "info",
            "homeassistant/device/glimpsed_1/config",
            "homeassistant/device/glimpsed_1_front/config",
            "diagnostics",
            "front/availability",
            "front/state",
        ]
    );
    published.board.end(&mut published.outbox);
    assert_eq!(published.sent(), [("status".into(), "offline".into()), ("front/availability".into(), "offline".into())]);
}

#[test]
fn a_change_is_an_event_and_a_state_and_a_result_that_says_the_same_is_neither() {
    let mut published = Published::new();
    published.take(hello(&["m"], &["front"]));
    published.take(result("front", "m", "cat"));
    published.sent();
    published.take(result("front", "m", "cat"));
    assert_eq!(published.sent(), []);
    for label in ["dog", "cat", "dog"] {
        published.take(result("front", "m", label));
    }
    let sent = published.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    let payload = |topic: &str| -> Value { serde_json::from_str(&sent.iter().find(|(sent, _)| sent == topic).unwrap().1).unwrap() };
    let event = payload("front/event");
    assert_eq!((&event["from"], &event["to"], &event["missed"]), (&"cat".into(), &"dog".into(), &2.into()), "{event}");
    let state = payload("front/state");
    assert_eq!((&state["label"], &state["index"], &state["top"][0]["label"]), (&"dog".into(), &1.into(), &"dog".into()));
    assert_eq!((&state["age_ms"], &state["since"]), (&9.5.into(), &"1970-01-01T00:00:00.000000Z".into()));
}

#[test]
fn a_state_holds_while_the_best_class_flickers_and_ends_when_results_are_missing() {
    let stable =
        |label: &str| json!({"label": label, "index": 1, "confidence": 0.6, "since": "1970-01-01T00:00:01Z", "changed": false});
    let showing = |best: &str, stable: Value| {
        let Message::Classification(mut shown) = result("front", "m", best) else { unreachable!() };
        shown.stable = Some(serde_json::from_value(stable).unwrap());
        Message::Classification(shown)
    };
    let label = |sent: &[(String, String)]| -> Value {
        let (_, state) = sent.iter().find(|(topic, _)| topic == "front/state").unwrap();
        serde_json::from_str::<Value>(state).unwrap()["label"].clone()
    };
    let ends = |from: &str| {
        let from = json!({"label": from, "index": 1, "confidence": 0.6, "since": "1970-01-01T00:00:01Z"});
        let line = json!({
            "type": "change", "version": 1, "source": "front", "model": "m", "timestamp": "1970-01-01T00:00:09Z", "pts_ns": null,
            "frame": null, "from": from, "to": null, "since": "1970-01-01T00:00:09Z", "since_pts_ns": null, "lasted_ms": 8000.0,
        });
        Message::read(line.to_string().as_bytes()).unwrap()
    };
    let mut published = Published::new();
    published.take(hello(&["m"], &["front"]));
    published.take(showing("cat", stable("cat")));
    assert_eq!(label(&published.sent()), "cat");
    published.take(showing("dog", stable("cat")));
    assert_eq!(published.sent(), [], "the best class of one frame is no change");
    published.take(ends("cat"));
    let sent = published.sent();
    assert_eq!((sent.len(), label(&sent)), (2, Value::Null), "an event and a state: {sent:?}");

    // a model that gives each class a probability of its own
    published.take(showing("cat", json!([stable("cat"), stable("dog")])));
    assert_eq!(label(&published.sent()), "cat, dog");
    published.take(ends("cat"));
    assert_eq!(label(&published.sent()), "dog");
}

#[test]
fn a_heartbeat_repeats_states_with_new_results_and_no_others() {
    let mut published = Published::new();
    published.take(hello(&["m"], &["front", "back"]));
    published.take(result("front", "m", "cat"));
    published.sent();
    published.beat();
    assert_eq!(published.topics(), ["back/availability", "back/diagnostics", "front/diagnostics", "diagnostics"]);
    published.take(result("front", "m", "cat"));
    published.beat();
    let sent = published.sent();
    assert!(sent.iter().any(|(topic, _)| topic == "front/state"), "{sent:?}");
    let (_, diagnostics) = sent.iter().find(|(topic, _)| topic == "front/diagnostics").unwrap();
    let diagnostics: Value = serde_json::from_str(diagnostics).unwrap();
    assert_eq!((&diagnostics["results_per_second"], &diagnostics["age_ms"]["p95"]), (&0.02.into(), &9.5.into()));
}

#[test]
fn a_camera_that_is_gone_is_removed_from_the_broker() {
    let mut published = Published::new();
    // known to the broker from an earlier time, told before the daemon says hello and afterwards
    published.board.take_availability("glimpsed/rubik/old/availability", &mut published.outbox);
    published.take(hello(&["m"], &["front", "back"]));
    published.board.take_availability("glimpsed/rubik/older/availability", &mut published.outbox);
    published.board.take_availability("glimpsed/rubik/front/availability", &mut published.outbox);
    published.take(result("back", "m", "cat"));
    let emptied = |sent: Vec<(String, String)>| -> BTreeSet<String> {
        sent.into_iter().filter(|(_, payload)| payload.is_empty()).map(|(topic, _)| topic).collect()
    };
    let of = |camera: &str| {
        let topics = ["availability", "diagnostics", "state"].map(|last| format!("{camera}/{last}"));
        topics.into_iter().chain([format!("homeassistant/device/glimpsed_1_{camera}/config")]).collect::<BTreeSet<_>>()
    };
    assert_eq!(emptied(published.sent()), &of("old") | &of("older"));
    published.take(hello(&["m"], &["front"]));
    assert_eq!(emptied(published.sent()), of("back"));
}

#[test]
fn several_models_and_regions_have_levels_of_their_own() {
    let mut published = Published::new();
    published.take(hello(&["m"], &["front"]));
    published.take(result("front", "m", "cat"));
    published.sent();
    published.take(hello(&["m", "n x"], &["front"]));
    published.take(result("front", "m", "cat"));
    published.take(result("front", "n x", "dog"));
    let sent = published.sent();
    assert!(sent.contains(&("front/state".into(), String::new())), "{sent:?}");
    let topics: Vec<_> = sent.iter().map(|(topic, _)| topic.as_str()).collect();
    assert!(topics.contains(&"front/m/state") && topics.contains(&"front/n_x/state"), "{topics:?}");
    let Message::Hello(mut hello) = hello(&["m"], &["front"]) else { unreachable!() };
    hello.streams.push(Stream { region: Some("left door".into()), ..hello.streams[0].clone() });
    published.take(Message::Hello(hello));
    let Message::Classification(mut result) = result("front", "m", "dog") else { unreachable!() };
    result.region = Some("left door".into());
    published.take(Message::Classification(result));
    let sent = published.sent();
    let state = &sent.iter().find(|(topic, _)| topic == "front/left_door/state").unwrap().1;
    assert_eq!(serde_json::from_str::<Value>(state).unwrap()["region"], "left door");
    assert!(sent.contains(&("front/m/state".into(), String::new())), "{sent:?}");
}

#[test]
fn streams_whose_names_become_the_same_have_topics_and_identifiers_of_their_own() {
    let mut published = Published::new();
    let Message::Hello(mut hello) = hello(&["m", "n"], &["front", "front_left_door"]) else { unreachable!() };
    let regions = ["left door", "left_door", "m"].map(|region| Some(region.to_owned()));
    let first = hello.streams[0].clone();
    hello.streams.extend(regions.into_iter().map(|region| Stream { region, ..first.clone() }));
    hello.streams.retain(|stream| stream.camera == "front" || stream.model == "m");
    let streams = hello.streams.clone();
    published.take(Message::Hello(hello));
    for stream in &streams {
        let Message::Classification(mut result) = result(&stream.camera, &stream.model, "cat") else { unreachable!() };
        result.region.clone_from(&stream.region);
        published.take(Message::Classification(result));
    }
    let sent = published.sent();
    let states: Vec<_> = sent.iter().map(|(topic, _)| topic.as_str()).filter(|topic| topic.ends_with("/state")).collect();
    assert_eq!(
        states,
        [
            "front/m/state",
            "front/n/state",
            "front_left_door/state",
            "front/left_door/state",
            "front/left_door_2/state",
            "front/m_2/state"
        ]
    );
    let announced = sent.iter().filter(|(topic, _)| topic.starts_with("homeassistant/device/glimpsed_1_"));
    let mut identifiers = BTreeSet::new();
    for (_, payload) in announced {
        let device: Value = serde_json::from_str(payload).unwrap();
        for component in device["components"].as_object().unwrap().values() {
            assert!(identifiers.insert(component["unique_id"].to_string()), "twice: {component}");
        }
    }
    assert_eq!(identifiers.len(), 3 * streams.len() + 2 * 3, "{identifiers:?}");
}

#[test]
fn home_assistant_is_told_every_state_that_can_be_or_that_it_is_text() {
    let label = |states: Option<Vec<String>>, multi_label: bool| -> Value {
        let Message::Hello(mut hello) = hello(&["m"], &["front"]) else { unreachable!() };
        (hello.models[0].states, hello.models[0].multi_label) = (states, multi_label);
        let mut published = Published::new();
        published.take(Message::Hello(hello));
        let sent = published.sent();
        let (_, device) = sent.iter().find(|(topic, _)| topic.ends_with("_front/config")).unwrap();
        serde_json::from_str::<Value>(device).unwrap()["components"]["label"].clone()
    };
    assert_eq!(label(None, false)["options"], json!(["cat", "dog"]));
    assert_eq!(label(Some(vec!["pet".into()]), false)["options"], json!(["pet"]), "a group is a state, and its classes are none");
    let several = label(None, true);
    assert!(several.get("options").is_none() && several.get("device_class").is_none(), "'cat, dog' is a state: {several}");
}
