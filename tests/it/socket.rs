//! The socket: `hello` first, then the state in force, the latest result of each camera, and every new one. A slow subscriber loses only
//! its own lines; one that sends an invalid request is disconnected.

use crate::common;
use crate::common::socket::{ask, greeting, is_over, line, open, silent, subscriber, temporary};
use crossbeam_channel::RecvTimeoutError;
use glimpsed::event::{Event, Publisher};
use glimpsed::prediction::Prediction;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn hello_then_the_latest_then_everything_by_the_schema() {
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    let mut early = subscriber(&path);
    socket.handle(&Event::result(&common::animal("front", 0, 0, 0.75))).unwrap();
    socket.handle(&Event::result(&common::animal("front", 1, 1, 0.5))).unwrap();
    socket.handle(&Event::result(&common::animal("back", 0, 2, 1.0))).unwrap();
    let mut seen: Vec<_> = (0..3).map(|_| line(&mut early)).collect();
    let short = |seen: &[Value]| {
        seen.iter()
            .map(|result| (result["source"].as_str().unwrap().to_owned(), result["seq"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(short(&seen), [("front".into(), 0), ("front".into(), 1), ("back".into(), 0)]);

    let mut late = silent(&path);
    let greeting = line(&mut late);
    assert_eq!(
        (&greeting["model"], &greeting["cameras"], &greeting["labels"]),
        (&json!("animals"), &json!(["front", "back"]), &json!(["cat", "dog", "owl"]))
    );
    let answer = ask(&mut late, r#"{"subscribe":{"cameras":["front","back","gate"]}}"#);
    assert_eq!((&answer["cameras"], &answer["unknown_cameras"]), (&json!(["front", "back"]), &json!(["gate"])));
    let mut latest = vec![line(&mut late), line(&mut late)];
    latest.sort_by_key(|result| result["source"].to_string());
    assert_eq!(short(&latest), [("back".into(), 0), ("front".into(), 1)]);
    socket.handle(&Event::result(&common::animal("front", 2, 1, 0.5))).unwrap();
    assert_eq!((&line(&mut late)["seq"], &line(&mut early)["seq"]), (&json!(2), &json!(2)));

    let schema = std::fs::read_to_string(common::project().join("schema/message.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    seen.extend([greeting, answer]);
    assert!(seen.iter().all(|message| schema.is_valid(message)), "{seen:?}");
}

#[test]
fn a_subscriber_filters_results() {
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    let mut reader = subscriber(&path);
    ask(&mut reader, r#"{"subscribe":{"cameras":["front"],"top":1,"min_confidence":0.6,"on_change":true}}"#);
    socket.handle(&Event::result(&common::animal("front", 999, 0, 0.75))).unwrap();
    let first = line(&mut reader);
    assert_eq!((&first["seq"], &first["classifications"][0]["label"]), (&json!(999), &json!("cat")));
    assert_eq!(first["classifications"].as_array().unwrap().len(), 1);
    socket.handle(&Event::result(&common::animal("back", 0, 1, 0.9))).unwrap(); // another camera
    socket.handle(&Event::result(&common::animal("front", 1000, 0, 0.9))).unwrap(); // no change
    socket.handle(&Event::result(&common::animal("front", 1001, 1, 0.55))).unwrap(); // not sure enough, but another state
    socket.handle(&Event::result(&common::animal("front", 1002, 2, 0.9))).unwrap();
    let unsure = line(&mut reader);
    assert_eq!((&unsure["seq"], &unsure["classifications"]), (&json!(1001), &json!([])), "that nothing is left is told");
    assert_eq!(line(&mut reader)["seq"], 1002);
}

#[test]
fn each_stream_of_a_camera_has_its_latest_result_and_its_own_changes() {
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    let mut reader = subscriber(&path);
    ask(&mut reader, r#"{"subscribe":{"on_change":true}}"#);
    let by = |model: &str, seq, best| Prediction { model: model.into(), ..common::animal("front", seq, best, 0.75) };
    for seq in 0..3 {
        // each model says the same all the time, and the other one something else
        socket.handle(&Event::result(&by("animals", seq, 0))).unwrap();
        socket.handle(&Event::result(&by("pets", seq, 1))).unwrap();
    }
    socket.handle(&Event::result(&by("pets", 3, 2))).unwrap();
    let short = |result: Value| (result["model"].as_str().unwrap().to_owned(), result["seq"].as_u64().unwrap());
    let seen: Vec<_> = (0..3).map(|_| short(line(&mut reader))).collect();
    assert_eq!(seen, [("animals".into(), 0), ("pets".into(), 0), ("pets".into(), 3)]);
    let mut late = subscriber(&path);
    let latest: Vec<_> = (0..2).map(|_| short(line(&mut late))).collect();
    assert_eq!(latest, [("animals".into(), 2), ("pets".into(), 3)]);
    // the daemon has no such stream any more
    socket.handle(&Event::Hello(&greeting())).unwrap();
    assert_eq!(["hello", "subscribed"].map(|_| line(&mut reader)["type"].clone()), ["hello", "subscribed"]);
    let mut later = subscriber(&path);
    assert_eq!(short(line(&mut later)), ("animals".into(), 2));
    socket.handle(&Event::result(&by("animals", 4, 0))).unwrap();
    assert_eq!(short(line(&mut later)), ("animals".into(), 4));
}

#[test]
fn a_subscriber_that_does_not_read_misses_lines_alone_and_is_told_how_many() {
    const RESULTS: u64 = 4000;
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    let (mut slow, mut quick) = (subscriber(&path), subscriber(&path));
    for seq in 0..RESULTS {
        socket.handle(&Event::result(&common::animal("front", seq, 0, 0.75))).unwrap();
        // in step with this one, so that no result is lost before the socket's thread sees it
        assert_eq!(line(&mut quick)["seq"], seq);
    }
    // the connection holds the first lines, the queue the last ones
    let (mut got, mut missed, mut last) = (0, 0, None);
    while last != Some(RESULTS - 1) {
        let message = line(&mut slow);
        let seq = message["seq"].as_u64().unwrap();
        let gap = message["missed"].as_u64().unwrap_or(0);
        assert_eq!(seq, last.map_or(0, |last: u64| last + 1) + gap, "the count stands where the gap is");
        (got, missed, last) = (got + 1, missed + gap, Some(seq));
    }
    assert_eq!(got + missed, RESULTS);
    assert!(missed > RESULTS / 2, "{missed} missed");
}

#[test]
fn an_invalid_request_gets_one_error_and_is_disconnected() {
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    for (said, expected) in [
        (&b"{\"subscribe\":{\"camera\":\"front\"}}\n"[..], "unknown field `camera`"),
        (b"\x00\xff\xfe garbage \x80\n", "not a subscribe request"),
        (b"GET / HTTP/1.1\r\n\r\n", "not a subscribe request"),
        (b"{\"subscribe\":{\"max_rate\":1e-300}}\n", "max_rate must be a number from 0.001 to 1000, not 1e-300"),
        (b"{\"subscribe\":{\"min_confidence\":1e400}}\n", "min_confidence must be a number from 0 to 1, not 1e400"),
    ] {
        let mut rude = subscriber(&path);
        rude.get_mut().write_all(said).unwrap();
        let message = line(&mut rude);
        assert_eq!(message["type"], "error");
        assert!(message["message"].as_str().unwrap().contains(expected), "{message}");
        assert!(is_over(&mut rude));
    }
    let mut endless = subscriber(&path);
    let megabyte = vec![b'x'; 1 << 20];
    // it is shown the door long before it has said all ten
    let cut_off = (0..10).any(|_| endless.get_mut().write_all(&megabyte).is_err());
    assert!(cut_off);
    // the others are untouched
    let mut polite = subscriber(&path);
    socket.handle(&Event::result(&common::animal("front", 0, 0, 0.75))).unwrap();
    assert_eq!(line(&mut polite)["seq"], 0);
}

#[test]
fn a_half_closed_subscriber_still_gets_results() {
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    let mut half = subscriber(&path);
    half.get_mut().shutdown(Shutdown::Write).unwrap();
    drop(subscriber(&path));
    for seq in 0..3 {
        socket.handle(&Event::result(&common::animal("front", seq, 0, 0.75))).unwrap();
        assert_eq!(line(&mut half)["seq"], seq);
    }
}

#[test]
fn a_subscriber_over_the_limit_is_refused_with_a_message() {
    let (_folder, path) = temporary();
    let _socket = open(&path);
    let _taken: Vec<_> = (0..8).map(|_| subscriber(&path)).collect();
    let mut ninth = silent(&path);
    let refusal = line(&mut ninth);
    assert!(refusal["type"] == "error" && refusal["message"].as_str().unwrap().contains("all 8 places"), "{refusal}");
    assert!(is_over(&mut ninth));
}

#[test]
fn shutdown_ends_in_time_whatever_subscribers_do() {
    let (_folder, path) = temporary();
    let mut socket = open(&path);
    let over = AtomicBool::new(false);
    let long = format!("{{\"subscribe\":{}{{}}}}\n", " ".repeat(8000));
    thread::scope(|scope| {
        for n in 0..6 {
            let (over, path, long) = (&over, &path, &long);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let Ok(mut stream) = UnixStream::connect(path) else { return };
                    // writes for ever and never reads; when it is cut off it comes again
                    while !over.load(Ordering::Relaxed) && stream.write_all(if n < 3 { b"\n" } else { long.as_bytes() }).is_ok() {}
                }
            });
        }
        // the others are served meanwhile
        let mut reader = subscriber(&path);
        for seq in 0..100 {
            socket.handle(&Event::result(&common::animal("front", seq, 0, 0.75))).unwrap();
            assert_eq!(line(&mut reader)["seq"], seq);
        }
        let (ending, ended) = crossbeam_channel::bounded::<()>(0);
        scope.spawn(move || {
            drop(socket);
            drop(ending);
        });
        let in_time = ended.recv_timeout(Duration::from_secs(30)) == Err(RecvTimeoutError::Disconnected);
        over.store(true, Ordering::Relaxed);
        assert!(in_time && !path.exists());
    });
}

#[test]
fn connections_that_found_no_descriptor_are_taken_when_one_is_free() {
    let (_folder, path) = temporary();
    // as many files as it takes to run, and some subscribers
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -n 80; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_glimpsed"),
        "run",
        "--model",
        "testcard",
        "--socket",
    ]);
    command.arg(&path).args("-- videotestsrc is-live=true ! video/x-raw,width=32,height=24 ! appsink name=frames".split(' '));
    command.env("ORT_DYLIB_PATH", common::onnxruntime()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut until = |words: &str| {
        let mut text = String::new();
        while !text.contains(words) {
            assert!(log.read_line(&mut text).unwrap() > 0, "{text}");
        }
    };
    until("listens");
    let mut waiting: VecDeque<_> = (0..80).map(|_| silent(&path)).collect();
    until("cannot accept a subscriber");
    // in the order in which they came: who leaves makes room for the next, though nobody new comes
    while let Some(mut first) = waiting.pop_front() {
        assert_eq!(line(&mut first)["type"], "hello", "{} are left", waiting.len());
    }
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
}
