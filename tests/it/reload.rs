//! Reloads of the configuration, and the daemon's reports about itself.

use crate::common;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

/// The program with a configuration file, a socket, and its log.
pub struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    /// The log read so far.
    said: String,
    config: PathBuf,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Running {
    pub fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, socket) = (folder.path().join("glimpsed.toml"), folder.path().join("s"));
        std::fs::write(&file, config).unwrap();
        let mut command = common::glimpsed();
        command.args(["run", "--socket"]).arg(&socket).arg("--config").arg(&file);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, log, said: String::new(), config: file, socket, _folder: folder };
        running.until("listens at");
        running
    }

    /// Waits for the line of the log that contains `what`.
    pub fn until(&mut self, what: &str) -> String {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "the log ended without '{what}':\n{before}");
            self.said.push_str(&line);
            if line.contains(what) {
                return line;
            }
            before.push_str(&line);
        }
    }

    pub fn reload(&mut self, config: &str) {
        // by renaming, as editors and packages do
        let new = self.config.with_extension("new");
        std::fs::write(&new, config).unwrap();
        std::fs::rename(&new, &self.config).unwrap();
        self.signal(Signal::SIGHUP);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub fn subscriber(&self) -> BufReader<UnixStream> {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        BufReader::new(stream)
    }

    /// Open files and resident memory (KiB).
    fn footprint(&self) -> (usize, u64) {
        let proc = Path::new("/proc").join(self.child.id().to_string());
        let files = std::fs::read_dir(proc.join("fd")).unwrap().count();
        let status = std::fs::read_to_string(proc.join("status")).unwrap();
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        (files, resident.split_whitespace().nth(1).unwrap().parse().unwrap())
    }

    /// Shuts it down; returns its whole log.
    pub fn end(mut self) -> String {
        self.signal(Signal::SIGTERM);
        let mut log = std::mem::take(&mut self.said);
        self.log.read_to_string(&mut log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        assert!(!self.socket.exists());
        log
    }
}

/// The next message.
pub fn message(reader: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

/// Two cameras, `front` and another one, with `top` classes per result.
fn config(other: &str, top: usize) -> String {
    let launch =
        "videotestsrc is-live=true pattern=ball ! video/x-raw,format=NV12,width=64,height=48,framerate=200/1 ! appsink name=frames";
    format!(
        "[model]\nfile = \"testcard\"\ntop = {top}\n[[camera]]\nname = \"front\"\nlaunch = \"{launch}\"\n\
         [[camera]]\nname = \"{other}\"\nlaunch = \"{launch}\"\n"
    )
}

#[test]
fn a_hundred_reloads_cost_an_unchanged_camera_no_result_and_leak_nothing() {
    const RELOADS: usize = 100;
    let mut running = Running::start(&config("side", 2));
    let mut reader = running.subscriber();
    assert_eq!(message(&mut reader)["cameras"], serde_json::json!(["front", "side"]));
    let (mut next, mut early) = (None, (0, 0));
    for n in 1..=RELOADS {
        let (other, top) = if n % 2 == 1 { ("back", 3) } else { ("side", 2) };
        running.reload(&config(other, top));
        let mut greeted = false;
        // until the other camera of the new settings has a result from the new model
        loop {
            let message = message(&mut reader);
            assert_eq!(message["missed"], Value::Null);
            let source = message["source"].as_str().unwrap_or_default();
            if greeted && message["type"] == "classification" {
                // after the new `hello` there is no camera of the old settings and no result of the old model
                assert!(source == "front" || source == other, "{message}");
                assert_eq!(message["classifications"].as_array().unwrap().len(), top, "{message}");
            }
            match message["type"].as_str().unwrap() {
                "hello" => {
                    assert_eq!(message["cameras"], serde_json::json!(["front", other]));
                    greeted = true;
                }
                "classification" if source == "front" => {
                    let seq = message["seq"].as_u64().unwrap();
                    assert!(next.is_none_or(|next| next == seq), "result {seq} of front came where {next:?} was expected");
                    next = Some(seq + 1);
                }
                "classification" if source == other && greeted => break,
                _ => {}
            }
        }
        // read the log, otherwise its pipe fills up
        running.until("configuration reloaded");
        if n == 20 {
            early = running.footprint();
        }
    }
    let late = running.footprint();
    assert!(late.0 <= early.0 + 8, "open files: {} after 20, {} after {RELOADS}", early.0, late.0);
    assert!(late.1 <= early.1 + 16384, "KiB: {} after 20, {} after {RELOADS}", early.1, late.1);
    let log = running.end();
    assert_eq!(log.matches("configuration reloaded").count(), RELOADS, "{log}");
    assert!(!log.contains("front is"), "{log}");
}

#[test]
fn an_invalid_file_is_refused_with_its_errors_and_the_old_settings_stay() {
    let mut running = Running::start(&config("side", 2));
    let mut reader = running.subscriber();
    running.reload("[model]\nfile = \"testcard\"\ntop = 0\n[[camera]]\nname = \"front\"\nlanch = \"x\"\n");
    let refused = running.until("reload failed");
    assert!(refused.contains("keeping the current configuration") && refused.contains("3 errors"), "{refused}");
    assert!(running.until("line 3").contains("model.top must be a whole number"));
    assert!(running.until("line 6").contains("did you mean 'launch'?"));
    running.reload(&config("side", 2).replace("testcard", "gone.onnx"));
    assert!(running.until("line 2: cannot read the model").contains("gone.onnx"));
    // both cameras continue
    for camera in ["front", "side", "front", "side"] {
        std::iter::repeat_with(|| message(&mut reader))
            .find(|message| message["source"] == camera && message["seq"].is_u64())
            .unwrap();
    }
    running.reload(&config("side", 2));
    running.until("configuration reloaded: nothing has changed");
    running.end();
}

#[test]
fn a_changed_camera_is_replaced_and_continues_its_numbers() {
    let mut running = Running::start(&config("side", 2));
    let mut reader = running.subscriber();
    let side = |reader: &mut BufReader<UnixStream>| {
        std::iter::repeat_with(|| message(reader)).find(|message| message["source"] == "side" && message["seq"].is_u64()).unwrap()
    };
    while side(&mut reader)["seq"].as_u64().unwrap() < 5 {}
    let text = config("side", 2);
    let (front, rest) = text.split_at(text.rfind("[[camera]]").unwrap());
    running.reload(&format!("{front}{}", rest.replace("width=64,height=48", "width=80,height=60")));
    assert!(running.until("configuration reloaded").contains("side is restarted"));
    let first = std::iter::repeat_with(|| side(&mut reader)).find(|result| result["width"] == 80).unwrap();
    assert!(first["seq"].as_u64().unwrap() > 5 && first["frame"].as_u64() >= first["seq"].as_u64(), "{first}");
    running.end();
}

#[test]
fn the_statistics_are_told_on_usr1_to_subscribers_and_at_the_end() {
    let schema = std::fs::read_to_string(common::project().join("schema/message.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let lost = "[[camera]]\nname = \"gone\"\nlaunch = \"v4l2src device=/dev/video77 ! appsink name=frames\"\n";
    let mut running = Running::start(&format!("{}{lost}[output]\nstatus_interval = \"100ms\"\n", config("side", 2)));
    let mut reader = running.subscriber();
    let mut find = |wanted: &dyn Fn(&Value) -> bool| {
        std::iter::repeat_with(|| message(&mut reader))
            .inspect(|message| assert!(schema.is_valid(message), "{message}"))
            .find(|m| wanted(m))
            .unwrap()
    };
    let status =
        find(&|message| message["type"] == "status" && message["source"] == "front" && message["results"].as_u64() > Some(10));
    let count = |field: &str| status[field].as_u64().unwrap();
    assert!(count("captured") >= count("results") + count("dropped") && status["state"] == "flowing", "{status}");
    assert!(status["timing"]["inference_ms"]["p99"].as_f64() > Some(0.0), "{status}");
    let gone = find(&|message| message["type"] == "status" && message["source"] == "gone" && message["state"] == "lost");
    assert!(gone["reason"].as_str().unwrap().contains("/dev/video77") && gone["errors"].as_u64() > Some(0), "{gone}");
    running.signal(Signal::SIGUSR1);
    assert!(running.until("front: ").contains("(p50/p95/p99)"));
    assert!(running.until("gone: 0 frames").contains("lost"));
    // a new subscriber is informed about the lost camera
    let mut late = running.subscriber();
    assert_eq!(message(&mut late)["type"], "hello");
    let heard: Vec<_> = (0..4).map(|_| message(&mut late)).collect();
    assert!(heard.iter().any(|message| message["source"] == "gone" && message["state"] == "lost"), "{heard:?}");
    let log = running.end();
    assert!(log.contains("front: ") && log.contains("side: ") && log.contains("gone: 0 frames, 0 results"), "{log}");
}

#[test]
fn on_stuck_runs_for_a_camera_that_stays_lost() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let camera = "[[camera]]\nname = \"gone\"\nlaunch = \"v4l2src device=/dev/video77 ! appsink name=frames\"";
    let stuck = format!("on_stuck = \"echo $GLIMPSED_CAMERA is stuck >> {}\"\non_stuck_after = 2", note.display());
    let mut running = Running::start(&format!("[model]\nfile = \"testcard\"\n{camera}\n{stuck}\n"));
    running.until("gone was lost 2 times in a row; running: echo");
    running.until("the command of on_stuck is done");
    assert_eq!(std::fs::read_to_string(&note).unwrap(), "gone is stuck\n");
    running.end();
}

/// The program with a socket, and with an unread standard output whose pipe is full.
fn with_unread_output(folder: &Path) -> (Running, std::process::ChildStdout) {
    let (file, socket) = (folder.join("glimpsed.toml"), folder.join("s"));
    std::fs::write(&file, config("side", 2)).unwrap();
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--socket"]).arg(&socket).arg("--config").arg(&file);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, log) = (child.stdout.take().unwrap(), BufReader::new(child.stderr.take().unwrap()));
    let _folder = tempfile::tempdir().unwrap();
    let mut running = Running { child, log, said: String::new(), config: file, socket, _folder };
    running.until("standard output is not read fast enough");
    (running, out)
}

#[test]
fn an_unread_standard_output_stops_neither_subscribers_nor_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, out) = with_unread_output(folder.path());
    let mut reader = running.subscriber();
    let classes = |message: &Value| message["classifications"].as_array().map(Vec::len);
    let mut result = |top: usize| std::iter::repeat_with(|| message(&mut reader)).find(|message| classes(message) == Some(top));
    assert_eq!(result(2).unwrap()["missed"], Value::Null);
    running.reload(&config("side", 3));
    running.until("configuration reloaded: the model is testcard");
    result(3).unwrap();
    // lines in the pipe and in the queue come first; then losses are reported, and no old result follows a new one
    let lines = BufReader::new(out).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let (mut missed, mut new) = (0, 0);
    for message in lines {
        missed += message["missed"].as_u64().unwrap_or_default();
        match classes(&message) {
            Some(3) => new += 1,
            other => assert_eq!((other, new), (Some(2), 0), "an old result after a new one: {message}"),
        }
        if new >= 100 {
            break;
        }
    }
    assert!(missed > 0, "losses are reported in the results");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}
