//! One camera at one moment: a message, a line of the log, a few words for the service manager.

use super::{STAGES, State};
use crate::prediction::{SCHEMA_VERSION, milliseconds};
use crate::stats::{Counts, Durations};
use serde::Serialize as Json;
use serde::ser::{SerializeStruct, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The middle and the slow end of many durations; in JSON, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Percentiles {
    /// Half of them are shorter.
    pub p50: Duration,
    /// 95 of 100 are.
    pub p95: Duration,
    /// 99 of 100 are.
    pub p99: Duration,
}

impl Percentiles {
    /// Those of `durations`.
    pub fn of(durations: &Durations) -> Self {
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
    pub(super) stages: [Percentiles; STAGES.len()],
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
        for (count, what) in [(counts.damaged, "damaged"), (counts.skipped, "skipped")] {
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
        let mut message = serializer.serialize_struct("Status", 17)?;
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
        message.serialize_field("damaged", &self.counts.damaged)?;
        message.serialize_field("skipped", &self.counts.skipped)?;
        message.serialize_field("results", &self.results)?;
        message.serialize_field("failed", &self.failed)?;
        message.serialize_field("errors", &self.errors)?;
        message.serialize_field("restarts", &self.restarts)?;
        message.serialize_field("results_per_second", &((self.rate * 10.0).round() / 10.0))?;
        message.serialize_field("timing", &Timing(self))?;
        message.end()
    }
}
