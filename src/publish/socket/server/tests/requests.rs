//! Requests, the defaults for those who make none, and what is sent again.

use super::*;

#[test]
fn who_makes_no_request_gets_the_defaults_after_200_ms() {
    let mut bench = Bench::new();
    bench.result("front", 0, 0, 0.75);
    let mut client = bench.connect();
    bench.turn(0);
    assert_eq!(heard(&mut client), ["hello"]);
    bench.result("front", 1, 0, 0.75);
    bench.turn(GRACE - 1);
    assert_eq!(heard(&mut client), [""; 0], "news are held");
    bench.turn(GRACE);
    assert_eq!(heard(&mut client), ["subscribed", "front 1"]);
    bench.result("back", 0, 0, 0.75);
    bench.turn(GRACE + 1);
    assert_eq!(heard(&mut client), ["back 0"]);
}

#[test]
fn who_has_said_all_gets_the_defaults_at_once() {
    let mut bench = Bench::new();
    let mut client = bench.connect();
    client.shutdown(Shutdown::Write).unwrap();
    bench.turn(0);
    assert_eq!(heard(&mut client), ["hello", "subscribed"]);
    bench.result("front", 0, 0, 0.75);
    bench.turn(1);
    assert_eq!(heard(&mut client), ["front 0"]);
}

#[test]
fn a_request_in_time_decides_what_is_replayed() {
    let mut bench = Bench::new();
    bench.result("front", 7, 0, 0.75);
    bench.result("back", 3, 0, 0.75);
    let camera = "front".into();
    bench.messages.send(Notice::Status { camera, flowing: false, line: b"{\"type\":\"status\"}\n"[..].into() }).unwrap();
    bench.turn(0);
    let mut client = bench.connect();
    bench.turn(0);
    say(&mut client, "{\"subscribe\":{\"cameras\":[\"back\",\"gate\"],\"top\":1}}\n");
    bench.turn(GRACE);
    let told = messages(&mut client);
    assert_eq!(told.iter().map(short).collect::<Vec<_>>(), ["hello", "subscribed", "back 3"]);
    let expected = json!({
        "type": "subscribed", "version": 1, "cameras": ["back"], "unknown_cameras": ["gate"],
        "events": ["classification", "change", "status"], "states": [shown("back", "cat")], "top": 1, "min_confidence": 0.0, "max_rate": null, "on_change": false,
    });
    assert_eq!(told[1], expected);
    assert_eq!(told[2]["classifications"].as_array().unwrap().len(), 1);
    // a result of which the filter leaves nothing is told as such
    say(&mut client, "{\"subscribe\":{\"min_confidence\":0.8,\"cameras\":[\"front\"]}}\n");
    bench.turn(GRACE + 1);
    let told = messages(&mut client);
    assert_eq!(told.iter().map(short).collect::<Vec<_>>(), ["subscribed", "front 7", "status"]);
    assert_eq!(told[1]["classifications"], json!([]));
}

/// What a stream shows, as `subscribed` tells it.
fn shown(camera: &str, label: &str) -> Value {
    let stable = json!({"label": label, "index": 0, "confidence": 0.75, "since": "1970-01-01T00:00:00.000000Z", "changed": false});
    json!({"camera": camera, "model": "animals", "stable": stable})
}

#[test]
fn who_wants_changes_alone_gets_the_present_states_and_then_nothing_else() {
    let mut bench = Bench::new();
    let (mut client, mut all) = (bench.connect(), bench.connect());
    bench.result("front", 0, 0, 0.75);
    bench.turn(0);
    say(&mut client, "{\"subscribe\":{\"events\":[\"change\"],\"cameras\":[\"front\"]}}\n");
    say(&mut all, "{\"subscribe\":{}}\n");
    bench.turn(1);
    let told = messages(&mut client);
    assert_eq!(told.iter().map(short).collect::<Vec<_>>(), ["hello", "subscribed"]);
    assert_eq!((&told[1]["events"], &told[1]["states"]), (&json!(["change"]), &json!([shown("front", "cat")])));
    let camera = "front".into();
    bench.messages.send(Notice::Status { camera, flowing: false, line: b"{\"type\":\"status\"}\n"[..].into() }).unwrap();
    bench.result("front", 1, 1, 0.75);
    bench.messages.send(Notice::Change(Box::new(gone("front")))).unwrap();
    bench.messages.send(Notice::Change(Box::new(gone("back")))).unwrap();
    bench.turn(2);
    let told = messages(&mut client);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["from"]["label"], &told[0]["to"]), (&json!("dog"), &json!(null)));
    assert_eq!(heard(&mut all), ["hello", "subscribed", "front 0", "status", "front 1", "change", "change"]);
    // the latest result is told with the state of now
    say(&mut all, "{\"subscribe\":{}}\n");
    bench.turn(3);
    let told = messages(&mut all);
    assert_eq!(told.iter().map(short).collect::<Vec<_>>(), ["subscribed", "front 1", "status"]);
    assert_eq!((&told[0]["states"][0]["stable"]["label"], &told[1]["stable"]["label"]), (&json!(null), &json!(null)));
}

#[test]
fn each_request_replaces_the_one_before_entirely() {
    let mut bench = Bench::new();
    let mut client = bench.connect();
    say(&mut client, "{\"subscribe\":{\"cameras\":[\"front\"],\"on_change\":true}}\n{\"subscribe\":{\"cameras\":[\"back\"]}}\n");
    bench.turn(0);
    assert_eq!(heard(&mut client), ["hello", "subscribed", "subscribed"], "each is answered");
    for seq in 0..2 {
        bench.result("front", seq, 0, 0.75);
        bench.result("back", seq, 0, 0.75);
    }
    bench.turn(1);
    assert_eq!(heard(&mut client), ["back 0", "back 1"]);
    say(&mut client, "{\"subscribe\":{}}\n");
    bench.turn(2);
    assert_eq!(heard(&mut client), ["subscribed", "back 1", "front 1"], "and brought up to date");
}

#[test]
fn rate_and_change_count_from_the_replay_on() {
    let mut bench = Bench::new();
    bench.result("front", 0, 0, 0.75);
    bench.result("back", 0, 0, 0.75);
    bench.turn(0);
    let (mut slow, mut change) = (bench.connect(), bench.connect());
    say(&mut slow, "{\"subscribe\":{\"cameras\":[\"front\"],\"max_rate\":0.001}}\n");
    say(&mut change, "{\"subscribe\":{\"cameras\":[\"front\"],\"on_change\":true}}\n");
    bench.turn(0);
    bench.result("front", 1, 0, 0.75);
    bench.result("front", 2, 1, 0.75);
    bench.turn(999_999);
    assert_eq!(heard(&mut slow), ["hello", "subscribed", "front 0"]);
    assert_eq!(heard(&mut change), ["hello", "subscribed", "front 0", "front 2"]);
    bench.result("front", 3, 0, 0.75);
    bench.turn(1_000_000);
    assert_eq!(heard(&mut slow), ["front 3"]);
}

#[test]
fn other_cameras_are_told_with_what_is_in_force_then() {
    let mut bench = Bench::new();
    let (mut client, mut new) = (bench.connect(), bench.connect());
    say(&mut client, "{\"subscribe\":{\"cameras\":[\"gate\"]}}\n");
    bench.turn(0);
    assert_eq!(messages(&mut client)[1]["unknown_cameras"], json!(["gate"]));
    bench.messages.send(Notice::Hello(Box::new(hello("animals", "CPU", "the CPU", &["gate"], &animals())))).unwrap();
    bench.turn(1);
    let told = messages(&mut client);
    assert_eq!((&told[0]["cameras"], &told[1]["cameras"]), (&json!(["gate"]), &json!(["gate"])));
    assert_eq!(told[1]["unknown_cameras"], json!([]));
    assert_eq!(heard(&mut new), ["hello", "hello"], "who made no request yet has nothing in force");
}
