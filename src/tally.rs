//! What each camera has done and how it is, in figures of fixed size: counted where it happens, told to whoever asks.

use crate::labels::Labels;
use crate::prediction::{Prediction, SCHEMA_VERSION, milliseconds};
use crate::stats::{Counts, Durations, Rate};
use serde::Serialize as Json;
use serde::ser::{SerializeStruct, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Json)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has not said a word yet.
    Starting,
    /// Frames come.
    Flowing,
    /// It was lost, and is tried again.
    Lost,
    /// It gives no more frames: the film is over, or the camera was taken out.
    Ended,
}

/// The stations whose times are counted, by their names in `timing`.
const STAGES: [&str; 5] = ["age_ms", "wait_ms", "preprocess_ms", "inference_ms", "postprocess_ms"];

/// The figures of one camera, shared by the threads that count.
pub struct Tally {
    name: Arc<str>,
    captured: AtomicU64,
    dropped: Arc<AtomicU64>,
    book: Mutex<Book>,
}

struct Book {
    state: State,
    reason: Option<String>,
    errors: u64,
    restarts: u64,
    results: u64,
    failed: u64,
    rate: Rate,
    latest: Option<Instant>,
    best: Option<(Arc<Labels>, usize, f32)>,
    provider: Option<&'static str>,
    stages: [Durations; STAGES.len()],
}

impl Tally {
    /// The figures of the camera `name`, all at nothing.
    pub fn new(name: &str) -> Arc<Self> {
        let book = Book {
            state: State::Starting,
            reason: None,
            errors: 0,
            restarts: 0,
            results: 0,
            failed: 0,
            rate: Rate::default(),
            latest: None,
            best: None,
            provider: None,
            stages: Default::default(),
        };
        Arc::new(Self { name: name.into(), captured: AtomicU64::new(0), dropped: Arc::default(), book: Mutex::new(book) })
    }

    /// The camera's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Counts the frames that are dropped; for the channel.
    pub fn dropped_counter(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }

    /// A frame came.
    pub fn captured(&self) {
        self.captured.fetch_add(1, Ordering::Relaxed);
    }

    /// Frames come, for the first time or again.
    pub fn flows(&self) {
        let mut book = self.book();
        book.restarts += u64::from(book.state == State::Lost);
        (book.state, book.reason) = (State::Flowing, None);
    }

    /// The camera was lost, or lost again while it was being tried.
    pub fn lost(&self, why: &str) {
        let mut book = self.book();
        book.errors += 1;
        (book.state, book.reason) = (State::Lost, Some(why.lines().next().unwrap_or_default().to_owned()));
    }

    /// No more frames come; `why`, if it is a failure.
    pub fn ended(&self, why: Option<&str>) {
        let mut book = self.book();
        book.errors += u64::from(why.is_some());
        (book.state, book.reason) = (State::Ended, why.map(str::to_owned));
    }

    /// A result came of it.
    pub fn record(&self, prediction: &Prediction) {
        let now = Instant::now();
        let timing = &prediction.timing;
        let mut book = self.book();
        book.results += 1;
        book.rate.tick(now);
        book.latest = Some(now);
        book.provider = Some(prediction.execution_provider);
        book.best = prediction.top.first().map(|score| (prediction.labels.clone(), score.index, score.confidence));
        let times = [timing.age, timing.wait, timing.preprocess, timing.inference, timing.postprocess];
        book.stages.iter_mut().zip(times).for_each(|(stage, time)| stage.record(time));
    }

    /// A frame whose inference failed.
    pub fn failed(&self) {
        self.book().failed += 1;
    }

    /// How many results there were.
    pub fn results(&self) -> u64 {
        self.book().results
    }

    /// How the camera is.
    pub fn state(&self) -> State {
        self.book().state
    }

    /// What became of its frames so far.
    pub fn counts(&self) -> Counts {
        Counts { captured: self.captured.load(Ordering::Relaxed), dropped: self.dropped.load(Ordering::Relaxed) }
    }

    /// Whether frames wait for the worker, or one is being worked on.
    pub fn is_pending(&self) -> bool {
        let status = self.status();
        status.counts.captured > status.results + status.failed + status.counts.dropped
    }

    /// Everything as of now.
    pub fn status(&self) -> Status {
        let book = self.book();
        let quiet = book.latest.is_none_or(|latest| latest.elapsed() > Duration::from_secs(3));
        Status {
            source: self.name.clone(),
            state: book.state,
            reason: book.reason.clone(),
            provider: book.provider,
            nodes: None,
            counts: self.counts(),
            results: book.results,
            failed: book.failed,
            errors: book.errors,
            restarts: book.restarts,
            rate: if quiet { 0.0 } else { book.rate.per_second() },
            best: book.best.as_ref().map(|(labels, index, confidence)| (labels.name(*index).to_owned(), *confidence)),
            stages: book.stages.each_ref().map(Percentiles::of),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middle and the slow end of many durations.
#[derive(Debug, Clone, Copy)]
struct Percentiles {
    p50: Duration,
    p95: Duration,
    p99: Duration,
}

impl Percentiles {
    fn of(durations: &Durations) -> Self {
        let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| durations.percentile(percent));
        Self { p50, p95, p99 }
    }
}

impl Json for Percentiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Percentiles", 3)?;
        fields.serialize_field("p50", &milliseconds(self.p50))?;
        fields.serialize_field("p95", &milliseconds(self.p95))?;
        fields.serialize_field("p99", &milliseconds(self.p99))?;
        fields.end()
    }
}

/// One camera at one moment. Its JSON form is the `status` message; its text is the line of the log.
#[derive(Debug, Clone)]
pub struct Status {
    /// The camera.
    pub source: Arc<str>,
    /// How it is.
    pub state: State,
    /// Why it is lost or has ended, in a line.
    pub reason: Option<String>,
    /// Who made the latest result.
    pub provider: Option<&'static str>,
    /// How many of the model's nodes run on the NPU, and how many on the CPU; where somebody knows.
    pub nodes: Option<(usize, usize)>,
    /// Frames.
    pub counts: Counts,
    /// Results.
    pub results: u64,
    /// Frames whose inference failed.
    pub failed: u64,
    /// How often it was lost.
    pub errors: u64,
    /// How often it came back.
    pub restarts: u64,
    /// Results a second, now.
    pub rate: f64,
    /// The latest best class and its confidence.
    pub best: Option<(String, f32)>,
    stages: [Percentiles; STAGES.len()],
}

impl Status {
    /// The same, of a model with so many nodes on the NPU and on the CPU.
    pub fn on(self, nodes: Option<(usize, usize)>) -> Self {
        Self { nodes, ..self }
    }

    /// A few words for the service manager: `front: common iguana 37 %, 29.9/s`.
    pub fn headline(&self) -> String {
        let name = &self.source;
        match (self.state, &self.reason, &self.best) {
            (State::Starting, ..) => format!("{name}: starting"),
            (State::Lost, reason, _) => format!("{name} is lost: {}", reason.as_deref().unwrap_or_default()),
            (State::Ended, Some(reason), _) => format!("{name} has ended: {reason}"),
            (State::Ended, None, _) => format!("{name} has ended"),
            (State::Flowing, _, Some((label, confidence))) => {
                format!("{name}: {label} {:.0} %, {:.1}/s", confidence * 100.0, self.rate)
            }
            (State::Flowing, _, None) => format!("{name}: frames come"),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, counts, results, failed, errors, restarts, stages, .. } = self;
        write!(f, "{source}: {} frames, {results} results, {} dropped", counts.captured, counts.dropped)?;
        if *failed > 0 {
            write!(f, ", {failed} without a result")?;
        }
        if *errors > 0 {
            write!(f, ", lost {errors} times, back {restarts} times")?;
        }
        if *results == 0 {
            return Ok(());
        }
        f.write_str("; ")?;
        for (n, (name, Percentiles { p50, p95, p99 })) in STAGES.iter().zip(stages).enumerate() {
            let (name, comma) = (name.trim_end_matches("_ms"), if n == 0 { "" } else { ", " });
            write!(f, "{comma}{name} {:.1}/{:.1}/{:.1}", milliseconds(*p50), milliseconds(*p95), milliseconds(*p99))?;
        }
        f.write_str(" ms (p50/p95/p99)")
    }
}

impl Json for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Timing<'a>(&'a Status);
        impl Json for Timing<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(STAGES.iter().zip(&self.0.stages))
            }
        }
        let mut message = serializer.serialize_struct("Status", 15)?;
        message.serialize_field("type", "status")?;
        message.serialize_field("version", &SCHEMA_VERSION)?;
        message.serialize_field("source", &*self.source)?;
        message.serialize_field("state", &self.state)?;
        message.serialize_field("execution_provider", &self.provider)?;
        let nodes = self.nodes.map(|(npu, cpu)| BTreeMap::from([("npu", npu), ("cpu", cpu)]));
        message.serialize_field("nodes", &nodes)?;
        message.serialize_field("reason", &self.reason)?;
        message.serialize_field("captured", &self.counts.captured)?;
        message.serialize_field("dropped", &self.counts.dropped)?;
        message.serialize_field("results", &self.results)?;
        message.serialize_field("failed", &self.failed)?;
        message.serialize_field("errors", &self.errors)?;
        message.serialize_field("restarts", &self.restarts)?;
        message.serialize_field("results_per_second", &((self.rate * 10.0).round() / 10.0))?;
        message.serialize_field("timing", &Timing(self))?;
        message.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_of_a_camera() {
        let tally = Tally::new("front");
        assert_eq!(tally.status().headline(), "front: starting");
        tally.flows();
        tally.lost("it was unplugged\n  Plug it in.");
        tally.lost("no such device");
        assert_eq!(tally.status().headline(), "front is lost: no such device");
        tally.flows();
        let status = tally.status();
        assert_eq!((status.errors, status.restarts, status.state), (2, 1, State::Flowing));
        assert_eq!(status.headline(), "front: frames come");
        assert!(!tally.is_pending());
        tally.captured();
        assert!(tally.is_pending());
    }
}
