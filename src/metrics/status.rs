//! A snapshot of a camera: a message, a line of the log, a short form for the service manager.

use super::state::{STAGES, State};
use super::stream::StreamMetrics;
use crate::message;
use crate::prediction::{milliseconds, rounded};
use crate::stats::{Counts, Durations};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Percentiles of durations; in JSON, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(into = "message::Percentiles")]
pub struct Percentiles {
    /// The median.
    pub p50: Duration,
    /// What 95 % do not exceed.
    pub p95: Duration,
    /// What 99 % do not exceed.
    pub p99: Duration,
}

impl Percentiles {
    /// The percentiles of `durations`.
    pub fn of(durations: &Durations) -> Self {
        let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| durations.percentile(percent));
        Self { p50, p95, p99 }
    }
}

impl From<Percentiles> for message::Percentiles {
    fn from(Percentiles { p50, p95, p99 }: Percentiles) -> Self {
        let [p50, p95, p99] = [p50, p95, p99].map(milliseconds);
        Self { p50, p95, p99 }
    }
}

/// A snapshot of one stream.
#[derive(Debug, Clone)]
pub struct StreamStatus {
    /// The region of the picture; `None`: the whole one.
    pub region: Option<Arc<str>>,
    /// The model: its key, and after [`Status::with_models`] its name.
    pub model: Arc<str>,
    /// The provider of the latest result.
    pub provider: Option<&'static str>,
    /// How many of the model's nodes run on the NPU and on the CPU, if known.
    pub nodes: Option<(usize, usize)>,
    /// Frames that came for it: each has a result, is dropped or failed, or is still waiting.
    pub frames: u64,
    /// Frames that newer ones replaced.
    pub dropped: u64,
    /// Results.
    pub results: u64,
    /// Frames whose inference failed.
    pub failed: u64,
    /// The current number of results per second.
    pub rate: f64,
    /// Why its latest frame was no use to it: its region is not within the picture.
    pub misfit: Option<String>,
    latest: Option<Instant>,
}

impl StreamStatus {
    pub(super) fn of(stream: &StreamMetrics) -> Self {
        let (region, model) = (stream.region().cloned(), stream.model().clone());
        let (frames, dropped, book) = (stream.frames(), stream.dropped(), stream.book());
        let (provider, rate, misfit, latest) = (book.provider, book.rate.at(Instant::now()), book.misfit.clone(), book.latest);
        let (results, failed) = (book.results, book.failed);
        Self { region, model, provider, nodes: None, frames, dropped, results, failed, rate, misfit, latest }
    }

    fn message(&self) -> message::StreamStatus {
        message::StreamStatus {
            region: self.region.as_deref().map(str::to_owned),
            model: self.model.to_string(),
            execution_provider: self.provider.map(str::to_owned),
            nodes: self.nodes.map(message::Nodes::from),
            frames: self.frames,
            dropped: self.dropped,
            results: self.results,
            failed: self.failed,
            results_per_second: rounded(self.rate, 10.0),
        }
    }
}

/// A snapshot of a camera. Its text is the line of the log.
#[derive(Debug, Clone)]
pub struct Status {
    /// The camera's name.
    pub source: Arc<str>,
    /// When it was taken.
    pub timestamp: SystemTime,
    /// The state.
    pub state: State,
    /// Why it is lost or has ended, or why one of its regions gives no results, on one line.
    pub reason: Option<String>,
    /// The provider of the latest result.
    pub provider: Option<&'static str>,
    /// How many of the model's nodes run on the NPU and on the CPU, if known.
    pub nodes: Option<(usize, usize)>,
    /// The counts of its frames.
    pub counts: Counts,
    /// The number of results.
    pub results: u64,
    /// How many of these are answers to earlier frames.
    pub reused: u64,
    /// The number of frames whose inference failed.
    pub failed: u64,
    /// How often it was lost.
    pub errors: u64,
    /// How often it came back.
    pub restarts: u64,
    /// The current number of results per second.
    pub rate: f64,
    /// The state as of the latest result: `common iguana 61 %`, or `nothing`.
    pub shown: Option<String>,
    pub(super) stages: [Percentiles; STAGES.len()],
    /// Its streams.
    pub streams: Vec<StreamStatus>,
}

impl Status {
    /// The same with the name of each stream's model and its numbers of nodes on the NPU and on the CPU, which `known` returns for its
    /// key; without streams for which it returns nothing. The camera's nodes are those of its latest result.
    pub fn with_models(mut self, known: impl Fn(&StreamStatus) -> Option<(Arc<str>, Option<(usize, usize)>)>) -> Self {
        self.streams.retain_mut(|stream| match known(stream) {
            Some((name, nodes)) => {
                (stream.model, stream.nodes) = (name, nodes);
                true
            }
            None => false,
        });
        // of several without results, the first one
        let latest = self.streams.iter().rev().max_by_key(|stream| stream.latest);
        self.nodes = latest.and_then(|stream| stream.nodes);
        self
    }

    /// The message for subscribers.
    pub fn message(&self) -> message::Status {
        let [age_ms, wait_ms, preprocess_ms, inference_ms, postprocess_ms] = self.stages.map(message::Percentiles::from);
        message::Status {
            version: message::VERSION,
            source: self.source.to_string(),
            timestamp: self.timestamp,
            state: match self.state {
                State::Starting => message::State::Starting,
                State::Flowing => message::State::Flowing,
                State::Lost => message::State::Lost,
                State::Ended => message::State::Ended,
            },
            execution_provider: self.provider.map(str::to_owned),
            nodes: self.nodes.map(message::Nodes::from),
            reason: self.reason.clone(),
            captured: self.counts.captured,
            dropped: self.counts.dropped,
            damaged: self.counts.damaged,
            skipped: self.counts.skipped,
            results: self.results,
            reused: self.reused,
            failed: self.failed,
            errors: self.errors,
            restarts: self.restarts,
            results_per_second: rounded(self.rate, 10.0),
            streams: self.streams.iter().map(StreamStatus::message).collect(),
            timing: message::Timing { age_ms, wait_ms, preprocess_ms, inference_ms, postprocess_ms },
            missed: None,
        }
    }

    /// A short form for the service manager: `front: common iguana 61 %, 29.9/s`.
    pub fn headline(&self) -> String {
        let name = &self.source;
        match (self.state, &self.reason, &self.shown) {
            (State::Starting, ..) => format!("{name}: starting"),
            (State::Lost, reason, _) => format!("{name} is lost: {}", reason.as_deref().unwrap_or_default()),
            (State::Ended, Some(reason), _) => format!("{name} has ended: {reason}"),
            (State::Ended, None, _) => format!("{name} has ended"),
            (State::Flowing, Some(reason), _) => format!("{name}: {reason}"),
            (State::Flowing, None, Some(shown)) => format!("{name}: {shown}, {:.1}/s", self.rate),
            (State::Flowing, None, None) => format!("{name}: running"),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, counts, results, reused, failed, errors, restarts, stages, .. } = self;
        write!(f, "{source}: {} frames, {results} results, {} dropped", counts.captured, counts.dropped)?;
        for (count, what) in [(counts.damaged, "damaged"), (counts.skipped, "skipped"), (*reused, "reused")] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
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
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{name} {:.1}/{:.1}/{:.1}", milliseconds(*p50), milliseconds(*p95), milliseconds(*p99))?;
        }
        f.write_str(" ms (p50/p95/p99)")
    }
}
