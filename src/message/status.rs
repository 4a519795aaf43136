//! `status`: the state of a camera and what became of its frames.

use super::hello::Nodes;
use super::timestamp;
use super::timing::Timing;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// The state of a camera: sent at each change, and at regular intervals. Counts are since the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "status")]
#[non_exhaustive]
pub struct Status {
    /// The version of the format.
    pub version: u32,
    /// The camera's name.
    pub source: String,
    /// When the camera was in this state.
    #[serde(with = "timestamp")]
    pub timestamp: SystemTime,
    /// The state.
    pub state: State,
    /// What made the latest result: `CPU` or `QNN`.
    pub execution_provider: Option<String>,
    /// How many of the model's nodes run where; `None` where the NPU was not asked for.
    pub nodes: Option<Nodes>,
    /// Why the camera is lost or has ended.
    pub reason: Option<String>,
    /// Usable frames from the camera.
    pub captured: u64,
    /// Frames that newer ones replaced.
    pub dropped: u64,
    /// Frames without a result because they are corrupted or do not fit their caps.
    pub damaged: u64,
    /// Frames without a result because they repeat the previous picture.
    pub skipped: u64,
    /// Results.
    pub results: u64,
    /// Frames whose inference failed.
    pub failed: u64,
    /// How often the camera was lost, attempts to bring it back included.
    pub errors: u64,
    /// How often it came back.
    pub restarts: u64,
    /// Results per second, now.
    pub results_per_second: f64,
    /// The times of all results.
    pub timing: Timing<Percentiles>,
    /// Lines that this subscriber lost before this one because it read too slowly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
}

/// Milliseconds that half, 95 % and 99 % of all results do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Of half of them.
    pub p50: f64,
    /// Of 95 %.
    pub p95: f64,
    /// Of 99 %.
    pub p99: f64,
}

/// The state of a camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It has delivered nothing yet.
    Starting,
    /// It delivers frames.
    Flowing,
    /// It was lost, and is tried again.
    Lost,
    /// It delivers no more frames.
    Ended,
    /// A state that this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl State {
    /// The state as it is written in the message.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Starting => "starting",
            Self::Flowing => "flowing",
            Self::Lost => "lost",
            Self::Ended => "ended",
            Self::Other(state) => state,
        }
    }
}
