//! Standard output carries results and nothing else, and whoever reads it may go at any time. Signals end the program in order.

mod common;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

#[test]
fn nothing_but_results_even_with_the_emulator() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    let mut command = common::glimpsed();
    command.args(["demo", "--json", "--frames", "3", "--provider", "qnn", "-vv", "--qnn-dir"]).arg(qnn_dir);
    let output = command.output().unwrap();
    // each line parses, or this panics; the emulator's own line goes to standard error
    assert_eq!(common::json_lines(&output).len(), 3);
    if cfg!(target_arch = "x86_64") {
        assert!(common::stderr(&output).contains("LIBNATIVE"), "the emulator has changed its ways; is this test still needed?");
    }
}

#[test]
fn text_is_a_line_a_result() {
    let output = common::run(&["demo", "--text", "--frames", "2", "--top", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with("demo: SMPTE color bars 9"), "{text}");
}

/// The program at work without an end of its own, and its first line of output.
fn running() -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = common::glimpsed().args(["demo", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with('{'), "{line}");
    (child, out)
}

fn log_of(child: &mut Child) -> String {
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

#[test]
fn a_reader_that_goes_ends_it_quietly() {
    let (mut child, out) = running();
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(log_of(&mut child), "");
}

#[test]
fn standard_output_that_cannot_be_written_is_an_error() {
    let read_only = File::open("/dev/null").unwrap();
    let output = common::glimpsed().args(["demo", "--frames", "1"]).stdout(read_only).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(common::stderr(&output).contains("cannot write to standard output"), "{}", common::stderr(&output));
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let output = common::glimpsed().args(["demo", "--frames", "1"]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(common::stderr(&output).contains("full disk"), "{}", common::stderr(&output));
    }
}

#[test]
fn closed_standard_output_is_nobody_who_reads() {
    let program = env!("CARGO_BIN_EXE_glimpsed");
    let script = format!("exec '{program}' demo --frames 2 >&-");
    let output =
        std::process::Command::new("sh").args(["-c", &script]).env("ORT_DYLIB_PATH", common::onnxruntime()).output().unwrap();
    assert_eq!((output.status.code(), common::stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn sigterm_and_sigint_end_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (mut child, mut out) = running();
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success(), "{signal}");
        // the last line is whole
        assert!(rest.is_empty() || rest.ends_with("}\n"), "{signal}: {rest}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    // a pipeline that never gives a frame and takes its time to fail: only the second signal gets through
    let mut command = common::glimpsed();
    command.args(["run", "-v", "--model", "testcard", "--", "fakesrc", "num-buffers=1", "datarate=1", "!", "queue", "!"]);
    command.args(
        "identity sleep-time=20000000 ! video/x-raw,format=RGB,width=8,height=8,framerate=1/1 ! appsink name=frames".split(' '),
    );
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut wait_for = |text: &str| while !log.next().expect("the program goes on").unwrap().contains(text) {};
    wait_for("testcard runs on");
    kill(pid, Signal::SIGTERM).unwrap();
    wait_for("ending");
    kill(pid, Signal::SIGTERM).unwrap();
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(128 + Signal::SIGTERM as i32));
}
