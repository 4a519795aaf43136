//! `glimpsed subscribe`: the results of a daemon, across its restarts, until the command is ended.

use crate::common;
use glimpsed::event::{Event, Publisher};
use glimpsed::metrics::Metrics;
use glimpsed::prediction::Prediction;
use glimpsed::publish::socket::{Params, Socket, hello};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn daemon(path: &Path) -> Socket {
    let params = Params { path: path.to_owned(), limit: 1, ..Params::default() };
    Socket::open(&params, &hello("animals", "CPU", "the CPU", &["front", "back"], &common::animals())).unwrap()
}

/// With a confidence of 75 %.
fn result(source: &str, seq: u64, best: usize) -> Prediction {
    common::animal(source, seq, best, 0.75)
}

/// The program with `flags`, its output lines, and the lines of its log.
fn subscribe(path: &Path, flags: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, BufReader<std::process::ChildStderr>) {
    let mut command: Command = common::glimpsed();
    command.arg("subscribe").arg(path).args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    (child, BufReader::new(out), BufReader::new(err))
}

fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn text_lines_across_a_restart_of_the_daemon_and_an_end_without_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut socket = daemon(&path);
    socket.handle(&Event::result(&result("front", 0, 0))).unwrap();
    let (mut child, mut out, mut err) = subscribe(&path, &[]);
    assert_eq!(line(&mut out), "front: cat  [cat 75 %, dog 25 %]", "the latest result is there at once");
    socket.handle(&Event::result(&result("back", 0, 2))).unwrap();
    assert_eq!(line(&mut out), "back: owl  [owl 75 %, cat 25 %]");
    let metrics = Metrics::new("back");
    metrics.lost("it was unplugged");
    socket.handle(&Event::Status(&metrics.status())).unwrap();
    assert_eq!(line(&mut out), "back: lost: it was unplugged");
    drop(socket);
    assert!(line(&mut err).contains("glimpsed has ended; waiting for it"));
    let mut socket = daemon(&path);
    socket.handle(&Event::result(&result("front", 0, 1))).unwrap();
    assert_eq!(line(&mut out), "front: dog  [dog 75 %, owl 25 %]");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "Ctrl-C is not logged");
}

#[test]
fn json_prints_the_daemons_own_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut socket = daemon(&path);
    let (mut child, mut out, _err) = subscribe(&path, &["--json", "--camera", "front", "--top", "1", "--on-change"]);
    assert!(line(&mut out).starts_with(r#"{"type":"hello","version":1,"#));
    let answer: serde_json::Value = serde_json::from_str(&line(&mut out)).unwrap();
    assert_eq!((&answer["type"], &answer["cameras"], &answer["top"]), (&"subscribed".into(), &vec!["front"].into(), &1.into()));
    socket.handle(&Event::result(&result("front", 0, 0))).unwrap();
    let first: serde_json::Value = serde_json::from_str(&line(&mut out)).unwrap();
    assert_eq!((&first["seq"], first["classifications"].as_array().unwrap().len()), (&0.into(), 1));
    socket.handle(&Event::result(&result("back", 0, 0))).unwrap();
    socket.handle(&Event::result(&result("front", 100, 0))).unwrap();
    socket.handle(&Event::result(&result("front", 101, 2))).unwrap();
    let message: serde_json::Value = serde_json::from_str(&line(&mut out)).unwrap();
    assert_eq!((&message["seq"], &message["classifications"][0]["label"]), (&101.into(), &"owl".into()));
    drop(out);
    socket.handle(&Event::result(&result("front", 102, 0))).unwrap();
    socket.handle(&Event::result(&result("front", 103, 1))).unwrap();
    assert!(child.wait().unwrap().success(), "the reader has closed the pipe: success");
}

#[test]
fn connection_errors_are_reported_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let refused = |path: &Path| {
        let output = common::glimpsed().arg("subscribe").arg(path).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        common::stderr(&output)
    };
    assert!(refused(&path).contains("Is glimpsed running, with --socket"));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(refused(&path).contains("systemctl status glimpsed"));
    let _socket = daemon(&path);
    let (mut first, mut out, _err) = subscribe(&path, &["--json"]);
    assert!(line(&mut out).contains("hello"));
    let report = refused(&path);
    assert!(report.contains("the daemon refuses: all 1 places for subscribers are taken (limit in [socket])"), "{report}");
    kill(Pid::from_raw(first.id() as i32), Signal::SIGINT).unwrap();
    assert!(first.wait().unwrap().success());
}

#[test]
fn an_unknown_camera_is_reported_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut socket = daemon(&path);
    let (mut child, mut out, mut err) = subscribe(&path, &["--camera", "frnt"]);
    let report = line(&mut err);
    assert!(report.contains("the daemon has no camera 'frnt'; it has front, back. Is 'front' meant?"), "{report}");
    socket.handle(&Event::Hello(&hello("animals", "CPU", "the CPU", &["frnt"], &common::animals()))).unwrap();
    socket.handle(&Event::result(&result("frnt", 0, 0))).unwrap();
    assert_eq!(line(&mut out), "frnt: cat  [cat 75 %, dog 25 %]");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
}

/// `examples/read_socket.rs`, which cargo builds with the tests.
#[test]
fn the_example_client_reads_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut socket = daemon(&path);
    let example = Path::new(env!("CARGO_BIN_EXE_glimpsed")).with_file_name("examples/read_socket");
    let mut child = Command::new(example).arg(&path).args(["front", "gate"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert!(line(&mut out).ends_with("with animals on the CPU"));
    assert_eq!(line(&mut out), "no such camera: gate");
    socket.handle(&Event::result(&result("front", 0, 0))).unwrap();
    assert_eq!(line(&mut out), "front: cat 75 %");
    drop(socket);
    assert!(child.wait().unwrap().success(), "it ends with the daemon");
}

#[test]
fn a_line_without_an_end_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let endless = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(&[b'x'; 1 << 16]).is_ok() {}
    });
    let output = common::glimpsed().arg("subscribe").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(common::stderr(&output).contains("is not glimpsed: a line without an end"), "{}", common::stderr(&output));
    endless.join().unwrap();
}

#[test]
fn numbers_have_the_same_ranges_as_requests() {
    for (flags, expected) in [
        (["--max-rate", "1e-300"], "max_rate must be a number from 0.001 to 1000, not 1e-300"),
        (["--min-confidence", "-1"], "min_confidence must be a number from 0 to 1, not -1"),
        (["--top", "0"], "top must be a whole number from 1 on, not 0"),
    ] {
        let output = common::glimpsed().arg("subscribe").args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(common::stderr(&output).contains(expected), "{}", common::stderr(&output));
    }
}
