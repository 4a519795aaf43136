//! The service: its notifications to systemd and their order, and the shipped units.

use crate::common;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The program with a notify socket, as started by `Type=notify`.
fn service(socket: &std::path::Path, source: &str) -> (UnixDatagram, std::process::Child) {
    let notify = UnixDatagram::bind(socket).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--model", "testcard", "--name", "front", "--"]).args(source.split(' '));
    command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "400000").stdout(Stdio::null()).stderr(Stdio::null());
    (notify, command.spawn().unwrap())
}

fn message(notify: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let len = notify.recv(&mut bytes).expect("a message within twenty seconds");
    String::from_utf8_lossy(&bytes[..len]).into_owned()
}

#[test]
fn ready_then_status_and_watchdog_then_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let source = "videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=30/1 ! appsink name=frames";
    let (notify, mut child) = service(&folder.path().join("notify"), source);
    assert_eq!(message(&notify).trim(), "READY=1");
    // progress: the current label, and WATCHDOG
    let mut fed = 0;
    let mut seen = false;
    while fed < 4 || !seen {
        let text = message(&notify);
        assert!(text.contains("STATUS=front"), "{text}");
        fed += usize::from(text.contains("WATCHDOG=1"));
        seen |= text.contains("front: snow 9") && text.contains("/s, CPU");
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let last = std::iter::repeat_with(|| message(&notify)).find(|text| text.contains("STOPPING=1")).unwrap();
    assert!(last.contains("STATUS=shutting down"), "{last}");
    assert!(child.wait().unwrap().success());
    notify.set_nonblocking(true).unwrap();
    assert!(notify.recv(&mut [0; 16]).is_err(), "nothing is sent after STOPPING");
}

#[test]
fn a_lost_camera_is_a_status_and_its_retries_feed_the_watchdog() {
    let folder = tempfile::tempdir().unwrap();
    let (notify, mut child) = service(&folder.path().join("notify"), "v4l2src device=/dev/video77 ! appsink name=frames");
    assert_eq!(message(&notify).trim(), "READY=1");
    for _ in 0..2 {
        let text = message(&notify);
        assert!(text.contains("STATUS=front is lost") && text.contains("/dev/video77") && text.contains("WATCHDOG=1"), "{text}");
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_journal_gets_a_level_for_each_line() {
    let output = common::glimpsed().args(["inspect", "/nowhere.onnx"]).env("JOURNAL_STREAM", "8:12345").output().unwrap();
    let log = common::stderr(&output);
    assert!(log.lines().count() >= 2 && log.lines().all(|line| line.starts_with("<3>")), "{log}");
    assert!(log.starts_with("<3>cannot read the model '/nowhere.onnx'"), "{log}");
}

/// The services.
const UNITS: [&str; 2] = ["glimpsed.service", "glimpsed-mqtt.service"];

/// Whether systemd-analyze is installed.
fn systemd_analyze() -> bool {
    let there = Command::new("systemd-analyze").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: no systemd-analyze on this machine");
    }
    there
}

#[test]
fn the_units_are_valid_and_hardened() {
    if !systemd_analyze() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in UNITS {
        let text = std::fs::read_to_string(common::project().join("systemd").join(name)).unwrap();
        let unit = folder.path().join(name);
        std::fs::write(&unit, text.replace("/usr/bin/glimpsed", env!("CARGO_BIN_EXE_glimpsed"))).unwrap();
        let verify = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output().unwrap();
        assert!(verify.status.success() && verify.stderr.is_empty(), "{}", String::from_utf8_lossy(&verify.stderr));
        let security =
            Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager"]).arg(&unit).output().unwrap();
        let report = String::from_utf8_lossy(&security.stdout).into_owned();
        let level = format!("level for {name}: ");
        let exposure: f64 = report.split(&level).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
        assert!(exposure <= 2.0, "{report}");
    }
}

#[test]
fn the_units_command_line_is_valid() {
    use clap::Parser;
    for name in UNITS {
        let text = std::fs::read_to_string(common::project().join("systemd").join(name)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        glimpsed::cli::Cli::try_parse_from(line.split_whitespace()).unwrap();
    }
}

#[test]
fn a_socket_from_systemd_is_served_and_not_removed() {
    use std::io::BufRead;
    if !Command::new("systemd-socket-activate").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return eprintln!("SKIPPED: no systemd-socket-activate on this machine");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut command = Command::new("systemd-socket-activate");
    command.arg("-l").arg(&path).args(["-E", "ORT_DYLIB_PATH", env!("CARGO_BIN_EXE_glimpsed"), "run", "--model", "testcard"]);
    command.args("-- videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240 ! appsink name=frames".split(' '));
    command.env("ORT_DYLIB_PATH", common::onnxruntime()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("Listening on") {
        assert!(log.read_line(&mut text).unwrap() > 0, "{text}");
    }
    // the first subscriber starts the daemon
    let stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut lines =
        std::io::BufReader::new(stream).lines().map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    assert_eq!(lines.next().unwrap()["type"], "hello");
    assert_eq!(lines.find(|line| line["type"] == "classification").unwrap()["classifications"][0]["label"], "snow");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(path.exists(), "only systemd may remove it");
    std::io::Read::read_to_string(&mut log, &mut text).unwrap();
    assert!(text.contains("which systemd made"), "{text}");
}

/// `make install` with a running daemon: its open and mapped files stay unchanged, and the paths have the new files.
#[test]
fn an_installation_replaces_files_and_does_not_overwrite_them() {
    let folder = tempfile::tempdir().unwrap();
    let (runtime, root) = (folder.path().join("runtime"), folder.path().join("root"));
    let (program, capi) = (folder.path().join("program"), runtime.join("onnxruntime/onnxruntime/capi"));
    std::fs::create_dir_all(capi.join("deeper")).unwrap();
    let install = |content: &str| {
        [&program, &capi.join("lib.so"), &capi.join("deeper/a b.so")]
            .iter()
            .for_each(|path| std::fs::write(path, content).unwrap());
        let variable = |name: &str, path: &std::path::Path| format!("{name}={}", path.display());
        let mut make = Command::new("make");
        make.args(["-s", "-C"]).arg(common::project()).arg("install").stdout(Stdio::null());
        let values = [variable("DESTDIR", &root), variable("RUNTIME", &runtime), variable("PROGRAM", &program)];
        assert!(make.args(values).status().unwrap().success());
    };
    let installed = |path: &str| std::fs::read_to_string(root.join("usr/share/glimpsed").join(path)).unwrap();
    std::fs::write(capi.join("lib.so.1"), "a version that is upgraded or downgraded").unwrap();
    install("the old one");
    std::fs::remove_file(capi.join("lib.so.1")).unwrap();
    let lib = root.join("usr/lib/glimpsed/onnxruntime/onnxruntime/capi");
    let places = [root.join("usr/bin/glimpsed"), lib.join("lib.so"), lib.join("deeper/a b.so")];
    let open: Vec<_> = places.iter().map(|place| std::fs::File::open(place).unwrap()).collect();
    install("new");
    for (place, mut old) in places.iter().zip(open) {
        let mut kept = String::new();
        std::io::Read::read_to_string(&mut old, &mut kept).unwrap();
        assert_eq!(
            (kept.as_str(), std::fs::read_to_string(place).unwrap().as_str()),
            ("the old one", "new"),
            "{}",
            place.display()
        );
    }
    let schema = std::fs::read_to_string(common::project().join("schema/message.schema.json")).unwrap();
    assert_eq!(installed("message.schema.json"), schema);
    let schema = std::fs::read_to_string(common::project().join("schema/glimpsed.toml.schema.json")).unwrap();
    assert_eq!(installed("glimpsed.toml.schema.json"), schema);
    assert_eq!(std::fs::read_dir(&lib).unwrap().count(), 2, "neither a temporary file nor the other version's library is left");
}
