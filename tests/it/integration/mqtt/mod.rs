//! `glimpsed mqtt` with a real broker, mosquitto.

mod connection;
mod published;
mod recipes;

use crate::common;
use crossbeam_channel::Receiver;
use glimpsed::event::{Event, Publisher};
use glimpsed::publish::socket::{Params, Socket, hello};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const NODE: &str = "glimpsed/rubik";

/// A line of the log that is missing for this long is a failure.
const PATIENCE: Duration = Duration::from_secs(100);

/// A daemon with two cameras, in this process.
fn daemon(path: &Path) -> Socket {
    let params = Params { path: path.to_owned(), limit: 8, ..Params::default() };
    Socket::open(&params, &hello("animals", "CPU", "the CPU", &["front", "Back door"], &common::animals())).unwrap()
}

fn show(socket: &mut Socket, camera: &str, seq: u64, best: usize) {
    socket.handle(&Event::result(&common::animal(camera, seq, best, 0.75))).unwrap();
}

/// The program, and the lines of its log.
struct Bridge {
    child: Child,
    log: Receiver<String>,
}

impl Bridge {
    fn start(socket: &Path, broker: &str, flags: &[&str]) -> Self {
        let mut command = common::glimpsed();
        command.arg("mqtt").arg(socket).args(["--node", "rubik", "--broker", broker]).args(flags);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (line, log) = crossbeam_channel::unbounded();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|text| line.send(text)));
        Self { child, log }
    }

    /// Waits for a line of the log that contains `text`; returns what was logged until then.
    fn logs(&mut self, text: &str) -> String {
        let mut log = String::new();
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("no '{text}' in the log ({e}):\n{log}"));
            log += &format!("{line}\n");
            if line.contains(text) {
                return log;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    fn end(mut self) {
        self.signal(Signal::SIGTERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    common::socket::temporary()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The topics and JSON payloads of the documentation.
fn documented() -> Vec<(String, Value)> {
    let page = std::fs::read_to_string(common::project().join("docs/mqtt.md")).unwrap();
    let lines = page.lines().filter(|line| line.starts_with(&format!("{NODE}/")));
    let payloads: Vec<_> = lines
        .filter_map(|line| line.split_once(" {"))
        .map(|(topic, rest)| (topic.to_owned(), json(&format!("{{{rest}"))))
        .collect();
    assert!(payloads.len() >= 5, "{payloads:?}");
    payloads
}

fn fields(payload: &Value) -> Vec<&String> {
    payload.as_object().unwrap().keys().collect()
}
