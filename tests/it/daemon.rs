//! The daemon: several cameras and one engine, how a failing camera affects the others, and an engine that hangs.

use crate::common;
use glimpsed::error::{Error, Result};
use glimpsed::event::{Event, Publisher};
use glimpsed::model::{Model, builtin};
use glimpsed::runtime::{Execution, Infer, Patience, Recovering};
use glimpsed::tensor::Tensor;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A model that takes 20 ms: at most fifty frames per second.
struct Slow(Execution);

impl Infer for Slow {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.0
    }
}

/// Collects the results of each source in order: number, number of the frame, frames dropped before it.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, Vec<[u64; 3]>>>>);

impl Publisher for Seen {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction, .. } = event else { return Ok(()) };
        let numbers = [prediction.seq, prediction.info.number, prediction.dropped];
        self.0.lock().unwrap().entry(prediction.source.to_string()).or_default().push(numbers);
        Ok(())
    }
}

impl Seen {
    /// The numbers of the results of `source`. All captured frames are numbered, so the size of a gap is the number of frames that were
    /// dropped, or had no result for another reason (`failed`).
    fn results(&self, source: &str, failed: u64) -> Vec<u64> {
        let (seen, mut next, mut gaps) = (self.0.lock().unwrap(), 0, 0);
        for [_, frame, dropped] in &seen[source] {
            gaps += frame.checked_sub(next + dropped).expect("frames are numbered in order, and each counts");
            next = frame + 1;
        }
        assert!(gaps <= failed, "{source}: {gaps} frames are missing and were not counted as dropped");
        seen[source].iter().map(|[seq, ..]| *seq).collect()
    }
}

fn source(rate: u32) -> String {
    format!("videotestsrc is-live=true ! video/x-raw,format=NV12,width=64,height=48,framerate={rate}/1 ! appsink name=frames")
}

#[test]
fn a_fast_camera_cannot_starve_a_slow_one_and_every_frame_is_accounted_for() {
    let slow = Box::new(Slow(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
    let classifier = common::classifier(&builtin().unwrap(), slow, 1);
    let rates = [("fast", 400), ("film", 30), ("ten", 10), ("five", 5)];
    let cameras = rates.iter().map(|(name, rate)| common::camera(name, &source(*rate))).collect();
    let seen = Seen::default();
    let done = common::run_daemon(classifier, Box::new(seen.clone()), cameras, Some(150));
    assert_eq!(seen.0.lock().unwrap().values().map(Vec::len).sum::<usize>(), 150);
    for status in &done {
        let counts = status.counts;
        assert_eq!(counts.captured, status.results + counts.dropped, "{status}");
        let seqs = seen.results(&status.source, 0);
        assert_eq!(seqs, (0..status.results).collect::<Vec<_>>(), "{}: consecutive numbers", status.source);
    }
    // 445 frames per second compete for 50 slots. The slow ones lose almost nothing; the fast one gets the rest.
    let [fast, _, ten, five] = &done[..] else { panic!("four cameras") };
    assert!(fast.counts.dropped > fast.results, "{fast}");
    for slow in [ten, five] {
        assert!(slow.results * 10 >= slow.counts.captured * 8, "{slow}");
    }
}

/// An NPU that restarts at every tenth frame.
struct Restarting(Execution, u32);

impl Infer for Restarting {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        self.1 += 1;
        if self.1.is_multiple_of(10) { Err(Error::failed("ENGINE_ERROR")) } else { Ok(()) }
    }

    fn execution(&self) -> &Execution {
        &self.0
    }
}

#[test]
fn each_restart_of_the_npu_costs_one_frame_and_the_cameras_continue() {
    let session = || -> Box<dyn Infer> {
        Box::new(Restarting(Execution { provider: "QNN", detail: "a fake".into(), nodes: Some((41, 0)) }, 0))
    };
    let at_once = Patience { first: Duration::ZERO, most: Duration::ZERO, ..Patience::default() };
    let recovering = Recovering::new(session(), Arc::new(move || Ok(session())), None, at_once);
    let classifier = common::classifier(&builtin().unwrap(), Box::new(recovering), 1);
    let seen = Seen::default();
    let done = common::run_daemon(classifier, Box::new(seen.clone()), vec![common::camera("front", &source(100))], Some(45));
    let status = &done[0];
    assert_eq!((status.results, status.failed, status.errors), (45, 5 - 1, 0), "{status}");
    assert_eq!(status.counts.captured, status.results + status.failed + status.counts.dropped, "{status}");
    assert_eq!(seen.results("front", status.failed), (0..45).collect::<Vec<_>>(), "results are numbered without gaps");
}

#[test]
fn a_camera_that_fails_repeatedly_does_not_affect_the_others() {
    let slow = Box::new(Slow(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
    let classifier = common::classifier(&builtin().unwrap(), slow, 1);
    let dying = source(20).replace("appsink", "identity error-after=5 ! appsink");
    let cameras = vec![common::camera("well", &source(20)), common::camera("dying", &dying)];
    let seen = Seen::default();
    let done = common::run_daemon(classifier, Box::new(seen.clone()), cameras, Some(60));
    let [well, dying] = &done[..] else { panic!("two cameras") };
    assert!(dying.errors >= 2 && dying.restarts >= 1 && dying.results >= 8, "{dying}");
    assert_eq!(seen.results("dying", 0).len() as u64, dying.results, "its numbers continue when it is back");
    assert_eq!((well.errors, well.restarts), (0, 0));
    assert!(well.results * 10 >= well.counts.captured * 8, "{well}");
}

/// Keeps model, number and frame number of each result.
#[derive(Clone, Default)]
struct ByModel(Arc<Mutex<Vec<(String, u64, u64)>>>);

impl Publisher for ByModel {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction, .. } = event else { return Ok(()) };
        self.0.lock().unwrap().push((prediction.model.to_string(), prediction.seq, prediction.info.number));
        Ok(())
    }
}

/// Two models: one takes its time, the other takes none.
fn slow_and_quick() -> Vec<glimpsed::engine::Classifier> {
    let execution = || Execution { provider: "CPU", detail: "a fake".into(), nodes: None };
    let of = |name: &str, runtime| common::classifier(&Model { name: name.into(), ..builtin().unwrap() }, runtime, 1);
    vec![of("slow", Box::new(Slow(execution()))), of("quick", Box::new(common::Quick(execution())))]
}

#[test]
fn two_engines_classify_each_frame_of_a_film_and_number_it_alike() {
    let seen = ByModel::default();
    let film = "videotestsrc num-buffers=9 ! video/x-raw,format=NV12,width=64,height=48 ! appsink name=frames";
    let done = common::run_engines(slow_and_quick(), Box::new(seen.clone()), vec![common::camera("film", film)], None);
    for model in ["slow", "quick"] {
        let seen = seen.0.lock().unwrap();
        let numbers: Vec<_> = seen.iter().filter(|(name, ..)| name == model).map(|(_, seq, frame)| (*seq, *frame)).collect();
        let all: Vec<_> = (0..9).map(|n| (n, n)).collect();
        assert_eq!(numbers, all, "{model}: the slower engine loses no frame when the quicker one ends");
    }
    let status = &done[0];
    assert_eq!((status.counts.captured, status.results, status.counts.dropped), (9, 18, 0), "{status}");
}

#[test]
fn a_limit_counts_the_results_of_all_engines() {
    let seen = ByModel::default();
    let done = common::run_engines(slow_and_quick(), Box::new(seen.clone()), vec![common::camera("front", &source(100))], Some(15));
    let seen = seen.0.lock().unwrap();
    assert_eq!(seen.len(), 15);
    assert!(["slow", "quick"].iter().all(|model| seen.iter().any(|(name, ..)| name == model)), "{seen:?}");
    let status = &done[0];
    assert_eq!(status.results, 15);
    assert_eq!(2 * status.counts.captured, status.results + status.counts.dropped, "each engine gave a result or counted a loss");
}

#[test]
fn a_film_with_unread_results_does_not_feed_the_watchdog_and_ends_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--live=false", "--model", "testcard", "--name", "front", "--"]).args(source(200).split(' '));
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    // no result of a film may be lost, so the engine waits once the pipe and the queue are full
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut fed = 0;
    let mut silent = 0;
    // it sends its status ten times per second, with WATCHDOG while there is progress
    while silent < 20 {
        let mut bytes = [0; 4096];
        let len = notify.recv(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
        let alive = text.contains("WATCHDOG=1");
        assert!(!(alive && silent >= 3), "fed after {silent} messages without progress: {text}");
        (fed, silent) = if alive { (fed + 1, 0) } else { (fed, silent + 1) };
    }
    assert!(fed > 0, "it is fed while the engine works");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
    assert!(log.contains("standard output is not read fast enough: ") && log.contains(" results were dropped"), "{log}");
}
