//! Standard output has results only, and its reader may close it at any time. Signals shut the program down in order.

use crate::common;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

#[test]
fn only_results_even_with_the_emulator() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    let mut command = common::glimpsed();
    command.args(["demo", "--json", "--frames", "3", "--provider", "qnn", "-vv", "--qnn-dir"]).arg(qnn_dir);
    let output = command.output().unwrap();
    // panics if a line does not parse; the emulator's own line goes to standard error
    assert_eq!(common::json_lines(&output).len(), 3);
    if cfg!(target_arch = "x86_64") {
        assert!(common::stderr(&output).contains("LIBNATIVE"), "the emulator prints nothing any more; is this test still needed?");
    }
}

#[test]
fn text_output_is_one_line_per_result() {
    let output = common::run(&["demo", "--text", "--frames", "2", "--top", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with("demo: nothing  [SMPTE color bars 9"), "{text}");
}

/// The running program, which does not end by itself, after its first line of output.
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
fn a_closed_pipe_ends_it_without_a_message() {
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
        assert!(common::stderr(&output).contains("disk full"), "{}", common::stderr(&output));
    }
}

#[test]
fn closed_standard_output_counts_as_a_closed_pipe() {
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
        // the last line is complete
        assert!(rest.is_empty() || rest.ends_with("}\n"), "{signal}: {rest}");
    }
}

/// A pipeline that never delivers a frame and is slow to stop: only the second signal ends it.
const HANGS: &str = "fakesrc num-buffers=1 datarate=1 ! queue ! identity sleep-time=20000000 ! \
                     video/x-raw,format=RGB,width=8,height=8,framerate=1/1 ! appsink name=frames";

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut command = common::glimpsed();
    command.args(["run", "-v", "--model", "testcard", "--"]).args(HANGS.split(' '));
    command.env("GST_DEBUG", "basetransform:5");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut wait_for = |text: &str| while !log.next().expect("the program is running").unwrap().contains(text) {};
    // `identity` has the buffer and sleeps
    wait_for("doing passthrough transform_ip");
    kill(pid, Signal::SIGTERM).unwrap();
    wait_for("shutting down");
    kill(pid, Signal::SIGTERM).unwrap();
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(128 + Signal::SIGTERM as i32));
}

/// An unread standard error whose pipe is full.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let size = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    writer.write_all(&vec![b'.'; size as usize]).unwrap();
    (reader, writer)
}

/// The exit status of `child`, which must end in time.
fn end_of(mut child: Child) -> std::process::ExitStatus {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill().unwrap();
                panic!("it does not end");
            }
        }
    }
}

#[test]
fn with_an_unread_log_results_are_written_and_signals_end_it() {
    let (mut reader, writer) = full_pipe();
    let mut command = common::glimpsed();
    // every pad and every frame is logged
    command.args(["run", "-vv", "--json", "--model", "testcard", "--", "videotestsrc", "is-live=true", "!"]);
    command.args("video/x-raw,width=64,height=48,framerate=50/1 ! appsink name=frames".split(' ')).env("GST_DEBUG", "5");
    let mut child = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    drop(command);
    let results = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(results.take(20).filter(|line| line.as_ref().unwrap().starts_with('{')).count(), 20);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert!(end_of(child).success());
    let mut log = Vec::new();
    reader.read_to_end(&mut log).unwrap();
    assert!(log.iter().all(|byte| *byte == b'.'), "only its previous contents: {}", String::from_utf8_lossy(&log));
}

#[test]
fn with_an_unread_log_a_second_signal_ends_it_at_once() {
    let (_reader, writer) = full_pipe();
    let mut command = common::glimpsed();
    command.args(["run", "--model", "testcard", "--"]).args(HANGS.split(' ')).stderr(writer);
    let folder = tempfile::tempdir().unwrap();
    let notify = std::os::unix::net::UnixDatagram::bind(folder.path().join("notify")).unwrap();
    let child = command.env("NOTIFY_SOCKET", folder.path().join("notify")).stdout(Stdio::null()).spawn().unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    let mut bytes = [0; 4096];
    let mut wait_for = |text: &str| loop {
        let len = notify.recv(&mut bytes).unwrap();
        if String::from_utf8_lossy(&bytes[..len]).contains(text) {
            break;
        }
    };
    wait_for("READY=1");
    kill(pid, Signal::SIGTERM).unwrap();
    wait_for("STOPPING=1");
    kill(pid, Signal::SIGTERM).unwrap();
    assert_eq!(end_of(child).code(), Some(128 + Signal::SIGTERM as i32));
}

#[test]
fn a_signal_does_not_wait_for_the_loading_of_plugins() {
    // GStreamer loads plugins in a helper program; this one records that it was called, and then hangs
    let folder = tempfile::tempdir().unwrap();
    let [helper, called] = ["helper", "called"].map(|name| folder.path().join(name));
    std::fs::write(&helper, format!("#!/bin/sh\necho yes > {}\nexec sleep 60\n", called.display())).unwrap();
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let run: &[&str] = &["run", "--model", "testcard", "--", "videotestsrc ! appsink name=frames"];
    for (args, code) in [(run, 0), (&["classify", "--model", "testcard", "/nowhere.png"], 128 + 15)] {
        let mut command = common::glimpsed();
        command.args(args).env("GST_PLUGIN_SCANNER_1_0", &helper).env("GST_REGISTRY", folder.path().join("registry"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !std::fs::read(&called).is_ok_and(|text| text == b"yes\n") {
            assert!(Instant::now() < deadline, "the helper is called");
            std::thread::sleep(Duration::from_millis(5));
        }
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
        assert_eq!(end_of(child).code(), Some(code), "{args:?}");
        std::fs::remove_file(&called).unwrap();
    }
}

#[test]
fn many_warnings_become_a_few_lines_with_camera_and_element() {
    let mut command = common::glimpsed_with_faults();
    command.args(["run", "--json", "--model", "testcard", "--name", "front", "--frames", "40", "--"]);
    let output = command.args("faultsrc mode=warning arg=50 fps=100 ! appsink name=frames".split(' ')).output().unwrap();
    let log = common::stderr(&output);
    assert!(output.status.success(), "{log}");
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("is bad")).collect();
    let [first, rest] = warnings[..] else { panic!("{log}") };
    assert!(first.starts_with(" WARN front: 'faultsrc' warns: frame "), "{log}");
    assert!(rest.contains("is bad (") && rest.contains(" times more in the last "), "{log}");
}

#[test]
fn passwords_and_control_characters_of_an_element_are_not_logged() {
    for mode in ["password", "escape"] {
        let mut command = common::glimpsed_with_faults();
        command.args(["run", "--text", "--model", "testcard", "--name", "front", "--for", "1s", "--"]);
        let output = command.args(format!("faultsrc mode={mode} ! appsink name=frames").split(' ')).output().unwrap();
        let log = common::stderr(&output);
        assert!(log.contains("'faultsrc' reports an error"), "{log}");
        assert!(!log.contains("s3cret") && !log.chars().any(|c| c.is_control() && c != '\n'), "{log:?}");
    }
}

#[test]
fn control_characters_of_labels_and_passwords_of_pipelines_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.txt");
    let classes = glimpsed::model::builtin().unwrap().output.classes;
    let names: Vec<_> = (0..classes).map(|n| format!("a\x1b]0;own{n}\x07\u{202e}b")).collect();
    std::fs::write(&labels, names.join("\n")).unwrap();
    let mut command = common::glimpsed();
    command.args(["run", "--text", "--model", "testcard", "--frames", "1", "--labels"]).arg(&labels);
    let output = command.args("-- videotestsrc num-buffers=1 ! appsink name=frames".split(' ')).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("camera: nothing  [a\\u{1b}]0;own") && text.contains("\\u{7}\\u{202e}b 9"), "{text:?}");
    let pipeline = "rtspsrc location=rtsp://admin:s3cret@cam/s user-pw=s3cret ! decodebin ! appsink name=frames";
    let mut command = common::glimpsed();
    let output = command.args(["check", "--model", "testcard", "--"]).args(pipeline.split(' ')).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("rtsp://admin:***@cam/s user-pw=*** !"), "{text}");
}
