//! The allocations for publishing a result: a fixed number, the same for any number of subscribers.
//!
//! The allocations of all threads are counted, so this binary has no other tests.

#[path = "it/common/mod.rs"]
mod common;

use glimpsed::event::{Event, Hub, Publisher};
use glimpsed::model::builtin;
use glimpsed::prediction::{Prediction, Score, Stable, StableClass, StableState};
use glimpsed::publish::socket::{self, Socket};
use glimpsed::publish::{Format, Stdout};
use glimpsed::runtime::{self, Provider};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::SystemTime;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const RESULTS: u64 = 100;

/// The allocations per result, of all threads, in the steady state.
fn each(mut publish: impl FnMut()) -> f64 {
    (0..20).for_each(|_| publish());
    let before = dhat::HeapStats::get().total_blocks;
    (0..RESULTS).for_each(|_| publish());
    (dhat::HeapStats::get().total_blocks - before) as f64 / RESULTS as f64
}

fn result() -> Prediction {
    let model = builtin().unwrap();
    let session = runtime::open(&model, &common::runtime_params(Provider::Cpu)).unwrap();
    let classifier = common::classifier(&model, session, 5);
    let mut result = classifier.blank("front");
    let (label, since) = (Some("snow".into()), SystemTime::UNIX_EPOCH);
    let shown = StableClass { label, index: Some(1), confidence: 0.5, since, changed: false };
    result.stable = Some(Stable { state: StableState::One(shown), changes: 1 });
    result.top.extend((0..5).map(|index| Score { index, confidence: 0.5 / (index + 1) as f32 }));
    result
}

/// Standard output that reports each written line.
struct Acknowledging(Stdout, crossbeam_channel::Sender<()>);

impl Publisher for Acknowledging {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn handle(&mut self, event: &Event) -> glimpsed::error::Result<()> {
        self.0.handle(event)?;
        if matches!(event, Event::Result { .. }) {
            self.1.send(()).unwrap();
        }
        Ok(())
    }
}

/// Publishes results to `count` subscribers, each of which reads a result before the next one.
fn to_subscribers(count: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let params = socket::Params { path: path.clone(), mode: 0o600, group: None, limit: 1000 };
    let labels = builtin().unwrap().labels(None).unwrap();
    let mut socket = Socket::open(&params, &socket::hello("testcard", "CPU", "the CPU", &["front"], &labels)).unwrap();
    let mut line = String::with_capacity(4096);
    let mut readers: Vec<_> = (0..count)
        .map(|_| {
            let mut reader = BufReader::new(UnixStream::connect(&path).unwrap());
            reader.get_mut().write_all(b"{\"subscribe\":{}}\n").unwrap();
            // hello and subscribed
            (0..2).for_each(|_| assert!(reader.read_line(&mut line).unwrap() > 0));
            reader
        })
        .collect();
    let mut result = result();
    each(|| {
        socket.handle(&Event::result(&result)).unwrap();
        result.seq += 1;
        for reader in &mut readers {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0);
        }
    })
}

#[test]
fn a_result_allocates_nothing_on_standard_output_and_four_times_on_the_socket_for_any_number_of_subscribers() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let stdout = Stdout::new(File::options().write(true).open("/dev/null").unwrap(), Format::Json);
    let (written, acknowledged) = crossbeam_channel::bounded(1);
    let hub = Hub::new().queued(Box::new(Acknowledging(stdout, written))).unwrap();
    let result = result();
    let queued = each(|| {
        hub.send(&Event::result(&result)).unwrap();
        acknowledged.recv().unwrap();
    });
    assert_eq!(queued, 0.0, "a line on standard output, through its queue");
    // the result for the serving thread (itself, its classes), and its line (formatted, shared)
    for subscribers in [1, 30, 200] {
        assert_eq!(to_subscribers(subscribers), 4.0, "{subscribers} subscribers");
    }
}
