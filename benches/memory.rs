//! Memory growth of the daemon, between a thousand and a hundred thousand frames.
//!
//! `cargo bench --bench memory` (with ONNX Runtime from `make setup`; some minutes). The daemon runs the built-in model on the
//! CPU at full speed, with JSON lines on standard output and a subscriber on the socket.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

const SOURCE: &str =
    "videotestsrc num-buffers=100010 pattern=ball ! video/x-raw,format=NV12,width=640,height=480 ! appsink name=frames";
const AFTER: [usize; 5] = [1_000, 10_000, 30_000, 60_000, 100_000];

fn main() {
    // `cargo test --benches` runs this binary, but must not run the benchmark
    if std::env::args().any(|flag| flag == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_glimpsed"))
        .args(["--quiet", "run", "--model", "testcard", "--json", "--socket"])
        .arg(&socket)
        .arg("--")
        .args(SOURCE.split(' '))
        .env("ORT_DYLIB_PATH", Path::new(env!("CARGO_MANIFEST_DIR")).join(".runtime/onnxruntime"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the daemon starts");
    let mut lines = BufReader::new(daemon.stdout.take().expect("it was piped"));
    let mut line = String::new();
    println!("frames   RSS KiB  descriptors  threads");
    let mut seen = Vec::new();
    for count in 1..=AFTER[AFTER.len() - 1] {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "the daemon ended");
        if count == 1 {
            let mut subscriber = UnixStream::connect(&socket).expect("it listens");
            thread::spawn(move || std::io::copy(&mut subscriber, &mut std::io::sink()));
        }
        if AFTER.contains(&count) {
            let (rss, descriptors, threads) = state(daemon.id());
            println!("{count:<8} {rss:<8} {descriptors:<12} {threads}");
            seen.push(rss);
        }
    }
    println!("after {} frames minus after {}: {} KiB", AFTER[4], AFTER[0], seen[4] - seen[0]);
    lines.read_to_string(&mut line).expect("the rest");
    assert!(daemon.wait().expect("it ends").success());
}

/// Resident memory in KiB, open descriptors, threads.
fn state(process: u32) -> (i64, usize, usize) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    let rss = rss.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number of KiB");
    let entries = |what: &str| fs::read_dir(format!("/proc/{process}/{what}")).expect("it runs").count();
    (rss, entries("fd"), entries("task"))
}
