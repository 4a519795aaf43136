//! The server, turn by turn, at times that the tests choose.

use super::super::hello;
use super::super::listen::listen;
use super::*;
use crate::labels::Labels;
use crate::prediction::{Prediction, Score, Timing};
use crossbeam_channel::{Sender, unbounded};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream as Client;
use std::time::SystemTime;
use tempfile::TempDir;

const GRACE: u64 = 200;

struct Bench {
    folder: TempDir,
    server: Server,
    messages: Sender<Notice>,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hello = hello("animals", "CPU", "the CPU", &["front", "back"], &animals());
        let (messages, heard) = unbounded();
        let listening = listen(&folder.path().join("s"), 0o600, None).unwrap();
        let server = Server::new(Poll::new().unwrap(), listening, &hello, heard, Arc::default(), 64).unwrap();
        Self { folder, server, messages, start: Instant::now() }
    }

    fn connect(&self) -> Client {
        let client = Client::connect(self.folder.path().join("s")).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    }

    /// A turn, so many milliseconds after the start, at which every connection may have something to say.
    fn turn(&mut self, ms: u64) {
        self.server.acceptor.wake();
        let ids: Vec<_> = self.server.subscribers.keys().copied().collect();
        ids.into_iter().for_each(|id| self.server.wake(id, true, true));
        self.server.turn(self.start + Duration::from_millis(ms));
    }

    fn result(&self, camera: &str, seq: u64, best: usize, confidence: f32) {
        self.messages.send(Notice::Result(prediction(camera, seq, best, confidence))).unwrap();
    }
}

fn animals() -> Labels {
    Labels::parse(b"cat\ndog\nowl\n", "test").unwrap()
}

fn prediction(camera: &str, seq: u64, best: usize, confidence: f32) -> Arc<Prediction> {
    let top = vec![Score { index: best, confidence }, Score { index: (best + 1) % 3, confidence: 1.0 - confidence }];
    Arc::new(Prediction {
        source: camera.into(),
        seq,
        timestamp: SystemTime::UNIX_EPOCH,
        pts: None,
        width: 4,
        height: 3,
        model: "animals".into(),
        execution_provider: "CPU",
        top,
        labels: animals().into(),
        timing: Timing::default(),
        dropped: 0,
    })
}

fn say(client: &mut Client, text: &str) {
    client.write_all(text.as_bytes()).unwrap();
}

/// What has come since the last call: the type of each line, and of results camera and number. `"over"` is the end of the connection.
fn heard(client: &mut Client) -> Vec<String> {
    messages(client).iter().map(short).collect()
}

fn messages(client: &mut Client) -> Vec<Value> {
    let mut bytes = Vec::new();
    let over = client.read_to_end(&mut bytes).is_ok();
    let mut messages: Vec<_> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(parsed).collect();
    messages.extend(over.then(|| json!({"type": "over"})));
    messages
}

fn parsed(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

fn short(message: &Value) -> String {
    match message["type"].as_str().unwrap() {
        "classification" => format!("{} {}", message["source"].as_str().unwrap(), message["seq"]),
        other => other.to_owned(),
    }
}

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
        "top": 1, "min_confidence": 0.0, "max_rate": null, "on_change": false,
    });
    assert_eq!(told[1], expected);
    assert_eq!(told[2]["classifications"].as_array().unwrap().len(), 1);
    // what the filter leaves out is not replayed either
    say(&mut client, "{\"subscribe\":{\"min_confidence\":0.8}}\n");
    bench.turn(GRACE + 1);
    assert_eq!(heard(&mut client), ["subscribed", "status"]);
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
    bench.messages.send(Notice::Hello(hello("animals", "CPU", "the CPU", &["gate"], &animals()))).unwrap();
    bench.turn(1);
    let told = messages(&mut client);
    assert_eq!((&told[0]["cameras"], &told[1]["cameras"]), (&json!(["gate"]), &json!(["gate"])));
    assert_eq!(told[1]["unknown_cameras"], json!([]));
    assert_eq!(heard(&mut new), ["hello", "hello"], "who made no request yet has nothing in force");
}

#[test]
fn eleven_requests_in_a_second_are_the_end_of_the_connection() {
    let mut bench = Bench::new();
    let (mut hasty, mut other) = (bench.connect(), bench.connect());
    say(&mut hasty, &"\n".repeat(11));
    say(&mut other, "{\"subscribe\":{}}\n");
    bench.turn(0);
    let told = messages(&mut hasty);
    assert!(told[1]["message"].as_str().unwrap().contains("at most 10 requests a second"), "{told:?}");
    assert_eq!(bench.server.subscribers.len(), 1);
    assert_eq!(heard(&mut other), ["hello", "subscribed"]);
}

#[test]
fn one_turn_reads_a_piece_of_each_and_nothing_is_left_unread() {
    let mut bench = Bench::new();
    let (mut long, mut brief) = (bench.connect(), bench.connect());
    say(&mut long, &format!("{{\"subscribe\":{}{{}}}}\n", " ".repeat(12_000)));
    say(&mut brief, "{\"subscribe\":{}}\n");
    bench.turn(0);
    assert_eq!(heard(&mut brief), ["hello", "subscribed"]);
    assert_eq!(heard(&mut long), ["hello"]);
    // no event comes for bytes that are there already
    (1..4).for_each(|ms| bench.server.turn(bench.start + Duration::from_millis(ms)));
    assert_eq!(heard(&mut long), ["subscribed"]);
}

#[test]
fn a_panic_costs_one_subscriber() {
    let mut bench = Bench::new();
    let (mut unlucky, mut other) = (bench.connect(), bench.connect());
    bench.turn(0);
    bench.server.guarded(FIRST, |_| panic!("a fault in serving it"));
    bench.result("front", 0, 0, 0.75);
    bench.turn(GRACE);
    assert_eq!(heard(&mut unlucky), ["hello", "over"]);
    assert_eq!(heard(&mut other), ["hello", "subscribed", "front 0"]);
}

#[test]
fn a_last_word_that_nobody_reads_does_not_keep_the_connection() {
    let mut bench = Bench::new();
    let mut deaf = bench.connect();
    say(&mut deaf, "{\"subscribe\":{}}\n");
    // until its connection holds no more
    let mut seq = 0;
    while !bench.server.subscribers.values().any(Subscriber::has_more) {
        bench.result("front", seq, 0, 0.75);
        bench.turn(1);
        seq += 1;
    }
    say(&mut deaf, "nonsense\n");
    bench.turn(2);
    bench.turn(501);
    assert_eq!(bench.server.subscribers.len(), 1, "it has its time to read");
    bench.turn(502);
    assert_eq!(bench.server.subscribers.len(), 0);
}

#[test]
fn while_it_ends_nothing_is_read_and_nobody_is_kept_waiting_for_what_is_new() {
    let mut bench = Bench::new();
    bench.result("front", 0, 0, 0.75);
    let (mut new, mut talker) = (bench.connect(), bench.connect());
    bench.turn(0);
    bench.messages.send(Notice::End).unwrap();
    bench.turn(1);
    assert_eq!(heard(&mut new), ["hello", "subscribed", "front 0"], "who made no request gets what there is");
    let _ = heard(&mut talker);
    say(&mut talker, "{\"subscribe\":{}}\n");
    bench.result("front", 1, 0, 0.75);
    bench.turn(2);
    assert!(bench.server.ready.is_empty());
    assert_eq!(heard(&mut talker), [""; 0]);
    assert_eq!(bench.server.end, Some(bench.start + Duration::from_millis(1) + FAREWELL), "nothing makes it later");
}

/// What a client does between two turns.
#[derive(Debug, Clone)]
enum Does {
    Comes,
    Says(usize, &'static str),
    Falls(usize),
    ShutsUp(usize),
}

const SAYINGS: [&str; 8] = [
    "{\"subscribe\":{}}\n",
    "{\"subscribe\":{\"cameras\":[\"front\"],\"top\":1}}\n",
    "{\"subscribe\":{\"max_rate\":1000,\"on_change\":true}}\n{\"subscribe\":{\"min_confidence\":1}}\n",
    "{\"subscribe\":",
    "{}}\n",
    "\n",
    "nonsense\n",
    "{\"subscribe\":{\"max_rate\":1e-300}}\n",
];

fn does() -> impl Strategy<Value = Does> {
    let index = 0..6_usize;
    prop_oneof![
        3 => Just(Does::Comes),
        6 => (index.clone(), proptest::sample::select(&SAYINGS[..])).prop_map(|(index, text)| Does::Says(index, text)),
        1 => index.clone().prop_map(Does::Falls),
        1 => index.prop_map(Does::ShutsUp),
    ]
}

/// Every conversation has this form: `hello`, then `subscribed`, then anything but more than one `error`, which is the last line.
fn check(lines: &[String]) -> Result<(), TestCaseError> {
    let news = lines.iter().position(|line| line.contains(' ') || line == "status").unwrap_or(lines.len());
    prop_assert_eq!(lines.first().map(String::as_str), Some("hello"));
    prop_assert!(news == lines.len() || lines[..news].iter().any(|line| line == "subscribed"), "{:?}", lines);
    let last = lines.iter().position(|line| line == "error" || line == "over").unwrap_or(lines.len());
    prop_assert!(lines[last..].len() <= 2 && lines[last..].iter().all(|line| line == "error" || line == "over"), "{:?}", lines);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clients_do_a_conversation_has_its_form_and_a_polite_one_is_served(acts in proptest::collection::vec(does(), 1..40)) {
        let mut bench = Bench::new();
        let mut polite = bench.connect();
        say(&mut polite, SAYINGS[0]);
        let mut clients: Vec<(Client, Vec<String>)> = Vec::new();
        for (n, act) in acts.iter().enumerate() {
            match act {
                Does::Comes if clients.len() < 7 => clients.push((bench.connect(), Vec::new())),
                Does::Comes => {}
                Does::Falls(index) => drop((*index < clients.len()).then(|| clients.remove(*index))),
                // whoever was cut off cannot say anything any more
                Does::Says(index, text) => drop(clients.get_mut(*index).map(|(client, _)| client.write_all(text.as_bytes()))),
                Does::ShutsUp(index) => drop(clients.get_mut(*index).map(|(client, _)| client.shutdown(Shutdown::Write))),
            }
            bench.result(if n % 2 == 0 { "front" } else { "back" }, n as u64 / 2, n % 3, 0.75);
            bench.turn(n as u64 * 50);
            for (client, lines) in &mut clients {
                let more = messages(client);
                if lines.last().is_none_or(|line| line != "over") {
                    lines.extend(more.iter().map(short));
                }
            }
        }
        for (_, lines) in &clients {
            check(lines)?;
        }
        let served: Vec<_> = (0..acts.len()).map(|n| format!("{} {}", if n % 2 == 0 { "front" } else { "back" }, n / 2)).collect();
        prop_assert_eq!(heard(&mut polite).split_off(2), served);
    }
}
