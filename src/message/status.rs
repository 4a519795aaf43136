//! `status`: the state of a camera and the counts of its frames.

use super::hello::Nodes;
use super::timestamp;
use super::timing::Timing;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// The state of a camera: sent at each change, and at intervals. Counts are since the start.
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
    /// The provider of the latest result: `CPU` or `QNN`.
    pub execution_provider: Option<String>,
    /// How many of the model's nodes run on each processor; `None` if the NPU is not used.
    pub nodes: Option<Nodes>,
    /// Why the camera is lost or has ended, or why one of its regions gives no results.
    pub reason: Option<String>,
    /// Usable frames from the camera.
    pub captured: u64,
    /// Frames that newer ones replaced.
    pub dropped: u64,
    /// Frames without a result because they are corrupted or do not match their caps.
    pub damaged: u64,
    /// Frames without a result because they repeat the previous picture, or exceed the camera's `max_rate`.
    pub skipped: u64,
    /// Results.
    pub results: u64,
    /// How many of these are answers to earlier frames, from which the model's input hardly differed.
    #[serde(default)]
    pub reused: u64,
    /// Frames whose inference failed.
    pub failed: u64,
    /// How often the camera was lost, including failed attempts to reopen it.
    pub errors: u64,
    /// How often it came back.
    pub restarts: u64,
    /// The current number of results per second.
    pub results_per_second: f64,
    /// The camera's streams: each has the results of one model.
    #[serde(default)]
    pub streams: Vec<StreamStatus>,
    /// The times of all results.
    pub timing: Timing<Percentiles>,
    /// Lines that this subscriber lost before this one because it read too slowly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
}

/// The counts of one stream, since the start. Each of its frames has a result, was dropped, failed, or is still waiting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// The region of the camera's picture; absent: the whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The model's name.
    pub model: String,
    /// The provider of the latest result: `CPU` or `QNN`.
    pub execution_provider: Option<String>,
    /// How many of the model's nodes run on each processor; `None` if the NPU is not used.
    pub nodes: Option<Nodes>,
    /// Frames that came for it.
    pub frames: u64,
    /// Frames that newer ones replaced.
    pub dropped: u64,
    /// Results.
    pub results: u64,
    /// Frames whose inference failed.
    pub failed: u64,
    /// The current number of results per second.
    pub results_per_second: f64,
}

/// Percentiles over all results.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// What 50 % do not exceed.
    pub p50: f64,
    /// What 95 % do not exceed.
    pub p95: f64,
    /// What 99 % do not exceed.
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
    /// It was lost and is being retried.
    Lost,
    /// It delivers no more frames.
    Ended,
    /// An unknown state.
    #[serde(untagged)]
    Other(String),
}

impl State {
    /// The state as written in the message.
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
