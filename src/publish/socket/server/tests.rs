//! The server, turn by turn, at times that the tests choose.

mod conversations;
mod requests;
mod turns;

use super::super::greeting::hello;
use super::super::listen::listen;
use super::*;
use crate::frame::{FrameInfo, Picture, PixelFormat};
use crate::labels::Labels;
use crate::prediction::{Moment, Prediction, Score, Stable, StableClass, StableState, StateChange, StreamName, Timing};
use crossbeam_channel::{Sender, unbounded};
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
        region: None,
        seq,
        info: FrameInfo { live: true, ..FrameInfo::new(Picture::new(PixelFormat::Gray8, 4, 3)) },
        model: "animals".into(),
        execution_provider: "CPU",
        top,
        stable: Some(stable(best, confidence)),
        labels: animals().into(),
        timing: Timing::default(),
        reused: false,
        dropped: 0,
    })
}

/// The state of a stream that shows its best class.
fn stable(best: usize, confidence: f32) -> Stable {
    let label = Some(animals().name(best).into());
    let class = StableClass { label, index: Some(best), confidence, since: SystemTime::UNIX_EPOCH, changed: true };
    Stable { state: StableState::One(class), changes: best as u64 }
}

/// A dog is not shown any more.
fn gone(camera: &str) -> StateChange {
    let dog = StableClass { label: Some("dog".into()), ..nothing() };
    let stable = Stable { state: StableState::One(nothing()), changes: 3 };
    let (stream, known) = (StreamName { camera: camera.into(), region: None, model: "animals".into() }, Moment::ZERO);
    StateChange { stream, known, frame: None, from: Some(dog), to: None, since: known, lasted: Duration::ZERO, stable }
}

fn nothing() -> StableClass {
    StableClass { label: None, index: None, confidence: 0.0, since: SystemTime::UNIX_EPOCH, changed: false }
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
