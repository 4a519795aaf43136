//! What is published, and when.

use super::{Bridge, NODE, daemon, documented, fields, json, place, show};
use crate::common::broker::{Broker, Listener};
use glimpsed::event::{Event, Publisher};
use glimpsed::metrics::Metrics;
use nix::sys::signal::Signal;

#[test]
fn states_are_retained_changes_are_told_and_the_will_says_offline() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    let mut bridge = Bridge::start(&path, &broker.url(), &["--heartbeat", "1s"]);
    bridge.logs("connected to mqtt://");
    let mut live = Listener::start(&broker, "glimpsed/#");
    let state = json(&live.payload(&format!("{NODE}/front/state")));
    assert_eq!((&state["label"], &state["confidence"], &state["model"]), (&"cat".into(), &0.75.into(), &"animals".into()));
    assert_eq!(state["top"].as_array().unwrap().len(), 2, "{state}");
    // a change is an event, and a new state
    show(&mut socket, "front", 1, 1);
    let event = json(&live.payload(&format!("{NODE}/front/event")));
    assert_eq!((&event["event_type"], &event["from"], &event["to"]), (&"changed".into(), &"cat".into(), &"dog".into()));
    assert_eq!(json(&live.payload(&format!("{NODE}/front/state")))["label"], "dog");
    let metrics = Metrics::new("Back door");
    metrics.lost("it was unplugged");
    socket.handle(&Event::Status(&metrics.status())).unwrap();
    assert_eq!(live.payload(&format!("{NODE}/Back_door/availability")), "offline");
    let diagnostics = json(&live.payload_with(&format!("{NODE}/Back_door/diagnostics"), "unplugged"));
    assert_eq!(diagnostics["state"], "lost");
    // a late subscriber gets what holds, and no event
    let mut late = Listener::start(&broker, "#");
    let retained = late.retained(&broker);
    let of = |topic: &str| retained.get(&format!("{NODE}/{topic}")).map(String::as_str);
    assert_eq!((of("status"), of("front/availability"), of("front/event")), (Some("online"), Some("online"), None));
    assert_eq!(json(of("front/state").unwrap())["label"], "dog");
    assert_eq!(json(of("info").unwrap())["cameras"][0]["topic"], "Back_door");
    let announced: Vec<_> = retained.keys().filter(|topic| topic.starts_with("homeassistant/device/glimpsed_")).collect();
    assert_eq!(announced.len(), 3, "board and cameras: {announced:?}");
    for (topic, documented) in documented() {
        let actual = if topic.ends_with("/event") { &event } else { &json(&retained[&topic]) };
        assert_eq!(fields(&documented), fields(actual), "docs/mqtt.md: {topic}");
    }
    bridge.signal(Signal::SIGKILL);
    assert_eq!(live.payload_with(&format!("{NODE}/status"), "offline"), "offline");
}

#[test]
fn an_orderly_end_says_offline_and_a_daemon_that_restarts_says_both() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    // neither the daemon nor its socket is there yet
    let mut bridge = Bridge::start(&path, &broker.url(), &["--home-assistant=false", "--protocol", "5"]);
    bridge.logs("no daemon at");
    bridge.logs("connected to mqtt://");
    let mut live = Listener::start(&broker, "#");
    let [status, state, availability] = ["status", "front/state", "front/availability"].map(|topic| format!("{NODE}/{topic}"));
    assert_eq!(live.payload(&status), "offline");
    for n in 0..2 {
        let mut socket = daemon(&path);
        assert_eq!(live.payload(&status), "online");
        show(&mut socket, "front", 0, n);
        let latest = live.all(&[&state, &availability]);
        assert_eq!((&json(&latest[&*state])["index"], latest[&*availability].as_str()), (&n.into(), "online"));
        drop(socket);
        assert_eq!(live.payload(&status), "offline");
        assert_eq!(live.payload(&availability), "offline");
    }
    let _socket = daemon(&path);
    assert_eq!(live.payload(&status), "online");
    assert!(!live.topics.iter().any(|topic| topic.starts_with("homeassistant/")), "{:?}", live.topics);
    bridge.end();
    assert_eq!(live.payload(&status), "offline");
}

#[test]
fn a_broker_that_comes_back_empty_gets_all_states_and_the_newest() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    show(&mut socket, "Back door", 0, 2);
    let mut bridge = Bridge::start(&path, &broker.url(), &[]);
    bridge.logs("connected to mqtt://");
    Listener::start(&broker, "#").payload(&format!("{NODE}/front/state"));
    let port = broker.port;
    drop(broker);
    bridge.logs("is lost");
    // as many results as a camera gives in half a minute
    for seq in 1..=900 {
        show(&mut socket, "front", seq, (seq % 2) as usize);
    }
    // the bridge has read them when the daemon has ended and is back, with the state of the end
    drop(socket);
    bridge.logs("glimpsed has ended");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 2);
    show(&mut socket, "Back door", 0, 1);
    bridge.logs("glimpsed runs again");
    let broker = Broker::start_at(port, "allow_anonymous true\n");
    let log = bridge.logs("changes were not published meanwhile");
    assert!(log.contains("connected to"), "{log}");
    let mut live = Listener::start(&broker, "#");
    let [status, front, back] = ["status", "front/state", "Back_door/state"].map(|topic| format!("{NODE}/{topic}"));
    let latest = live.all(&[&status, &front, &back]);
    assert_eq!(latest[&*status], "online");
    assert_eq!([&json(&latest[&*front])["label"], &json(&latest[&*back])["label"]], ["owl", "dog"]);
}

#[test]
fn home_assistant_that_starts_gets_the_announcements_again() {
    let (_folder, path) = place();
    let broker = Broker::start("allow_anonymous true\n");
    let mut socket = daemon(&path);
    show(&mut socket, "front", 0, 0);
    let mut bridge = Bridge::start(&path, &broker.url(), &[]);
    bridge.logs("connected to mqtt://");
    let mut live = Listener::start(&broker, "#");
    let front = live.topic_with("homeassistant/device/glimpsed_", "rubik front");
    let device = json(&front.1);
    assert_eq!(device["components"]["label"]["options"], serde_json::json!(["cat", "dog", "owl"]));
    assert_eq!(device["availability"][0]["topic"], format!("{NODE}/status"));
    broker.publish("homeassistant/status", "online", false);
    assert_eq!(live.payload(&front.0), front.1, "announced again");
    // a camera of an earlier time that the broker still knows
    broker.publish(&format!("{NODE}/gone/availability"), "online", true);
    assert_eq!(live.payload(&format!("{NODE}/gone/state")), "");
}
