//! The cost of a thousand subscribers: the same stream of 30 results per second with one subscriber and with a thousand, ten of which
//! never read, in turn, twice.
//!
//! `cargo bench --bench subscribers` (with ONNX Runtime from `make setup`; about a minute)

use mio::net::UnixStream;
use mio::{Events, Interest, Poll, Token};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_secs(12);
const SOURCE: &str =
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=NV12,width=1280,height=720,framerate=30/1 ! appsink name=frames";

fn main() {
    // `cargo test --benches` runs this binary, but must not run the benchmark
    if std::env::args().any(|flag| flag == "--test") {
        return;
    }
    println!("subscribers  never read  results/s  lines lost  missed  inference p50 ms  age p99 ms  RSS MiB  CPU s");
    for _ in 0..2 {
        measure(1, 0);
        measure(1000, 10);
    }
}

fn daemon(socket: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimpsed"));
    command
        .args(["run", "--model", "testcard", "--status-interval", "1s", "--socket"])
        .arg(socket)
        .arg("--")
        .args(SOURCE.split(' '));
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join(".runtime/onnxruntime");
    command.env("ORT_DYLIB_PATH", library).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the daemon starts");
    let mut log = BufReader::new(child.stderr.take().expect("it was piped"));
    let mut line = String::new();
    while !line.contains("listens at") {
        line.clear();
        assert!(log.read_line(&mut line).expect("the daemon logs") > 0, "the daemon ended");
    }
    child
}

/// One subscriber: its partial line, and its counts.
struct Reader {
    stream: UnixStream,
    rest: Vec<u8>,
    next: Option<u64>,
    lines: u64,
    lost: u64,
    missed: u64,
}

impl Reader {
    /// Reads what is available. Lines are counted, not parsed: otherwise a thousand parsers would be measured.
    fn read(&mut self) {
        let mut chunk = [0; 65536];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(count) => self.rest.extend_from_slice(&chunk[..count]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => panic!("a subscriber was disconnected: {e}"),
            }
        }
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return };
        let lines: Vec<u8> = self.rest.drain(..=end).collect();
        for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"type\":\"classification\"")) {
            let line = std::str::from_utf8(line).expect("UTF-8");
            let number = |field: &str| {
                let digits = line.split(field).nth(1)?;
                digits[..digits.find(|c: char| !c.is_ascii_digit())?].parse::<u64>().ok()
            };
            let seq = number("\"seq\":").expect("a number");
            self.lost += self.next.map_or(0, |next| seq - next);
            self.next = Some(seq + 1);
            self.lines += 1;
            self.missed += number("\"missed\":").unwrap_or(0);
        }
    }
}

fn measure(subscribers: usize, silent: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let mut child = daemon(&path);
    let mut poll = Poll::new().expect("a poll");
    let quiet: Vec<_> = (0..silent).map(|_| std::os::unix::net::UnixStream::connect(&path).expect("a place")).collect();
    let mut readers: Vec<_> = (0..subscribers - silent)
        .map(|n| {
            let mut stream = UnixStream::connect(&path).expect("a place");
            // without a request it would get nothing for the first 200 ms
            stream.write_all(b"{\"subscribe\":{}}\n").expect("a new connection has room for a line");
            poll.registry().register(&mut stream, Token(n), Interest::READABLE).expect("a poll takes it");
            Reader { stream, rest: Vec::new(), next: None, lines: 0, lost: 0, missed: 0 }
        })
        .collect();
    let mut events = Events::with_capacity(1024);
    let (start, first) = (Instant::now(), cpu(&child));
    while start.elapsed() < TIME {
        poll.poll(&mut events, Some(Duration::from_millis(200))).expect("a poll works");
        events.iter().for_each(|event| readers[event.token().0].read());
    }
    let seconds = start.elapsed().as_secs_f64();
    let (resident, cpu) = (resident(&child), cpu(&child) - first);
    let (lost, missed) = readers.iter().fold((0, 0), |(lost, missed), reader| (lost + reader.lost, missed + reader.missed));
    let fewest = readers.iter().map(|reader| reader.lines).min().unwrap_or(0);
    let status = status(&path);
    let time = |stage: &str, percentile: &str| status["timing"][stage][percentile].as_f64().unwrap_or(f64::NAN);
    println!(
        "{subscribers:11} {silent:11} {:10.2} {lost:11} {missed:7} {:17.2} {:11.2} {:8.1} {cpu:6.2}",
        fewest as f64 / seconds,
        time("inference_ms", "p50"),
        time("age_ms", "p99"),
        resident as f64 / 1024.0
    );
    drop(quiet);
    child.kill().expect("it was running");
    child.wait().expect("it ends");
}

/// The daemon's own figures.
fn status(path: &Path) -> serde_json::Value {
    let lines = BufReader::new(std::os::unix::net::UnixStream::connect(path).expect("a place")).lines();
    let messages = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.expect("a line")).expect("JSON"));
    messages.into_iter().find(|message| message["type"] == "status").expect("one each second")
}

/// Resident memory, in KiB.
fn resident(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("Linux reports it");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Seconds of processor time so far.
fn cpu(child: &Child) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
    let fields: Vec<_> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
    (fields[11].parse::<f64>().expect("ticks") + fields[12].parse::<f64>().expect("ticks")) / 100.0
}
