//! The payloads: JSON objects, but for the words `online` and `offline`.

use crate::message::{Class, Nodes, timestamp};
use serde::Serialize;
use std::time::SystemTime;

/// The board or a camera works.
pub const ONLINE: &str = "online";
/// It does not, or the bridge has no connection to it.
pub const OFFLINE: &str = "offline";

/// `NODE/info`: what runs there.
#[derive(Debug, Serialize)]
pub struct Info<'a> {
    /// The program's name and version.
    pub program: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// The number of its classes.
    pub classes: usize,
    /// The provider that runs it.
    pub execution_provider: &'a str,
    /// The names of all cameras, each with its part of the topics.
    pub cameras: Vec<Named<'a>>,
}

/// A camera and its part of the topics.
#[derive(Debug, Serialize)]
pub struct Named<'a> {
    /// The camera's name.
    pub name: &'a str,
    /// Its part of the topics.
    pub topic: &'a str,
}

/// `NODE/diagnostics`: how the model runs.
#[derive(Debug, Serialize)]
pub struct BoardDiagnostics<'a> {
    /// The provider that runs it: `CPU`, or `QNN` for the NPU.
    pub execution_provider: &'a str,
    /// How many of the model's nodes run on each processor; `None` if the NPU is not used.
    pub nodes: Option<Nodes>,
    /// The median time of the model since the last heartbeat, in milliseconds.
    pub inference_ms: Option<f64>,
    /// Events that were not published since the start of the bridge, because the broker was away or slow and newer ones replaced them.
    pub missed_events: u64,
}

/// `NODE/CAMERA/state`: what a camera shows.
#[derive(Debug, Serialize)]
pub struct State<'a> {
    /// The name of the class; `None`: nothing.
    pub label: Option<&'a str>,
    /// The class, from 0.
    pub index: Option<usize>,
    /// 0 to 1; `None` with no label.
    pub confidence: Option<f64>,
    /// Since when the camera shows it.
    #[serde(with = "timestamp")]
    pub since: SystemTime,
    /// The best classes of the latest frame.
    pub top: &'a [Class],
    /// The age of the latest frame when its result was published by the daemon, in milliseconds.
    pub age_ms: f64,
    /// The region of the picture; absent: the whole one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<&'a str>,
    /// The model's name.
    pub model: &'a str,
    /// When the latest frame was captured.
    #[serde(with = "timestamp")]
    pub timestamp: SystemTime,
}

/// `NODE/CAMERA/event`: the camera shows something else.
#[derive(Debug, Serialize)]
pub struct Event<'a> {
    /// `changed`: the name that Home Assistant wants.
    pub event_type: &'static str,
    /// What it showed; `None`: nothing.
    pub from: Option<&'a str>,
    /// What it shows now; `None`: nothing.
    pub to: Option<&'a str>,
    /// Since when.
    #[serde(with = "timestamp")]
    pub since: SystemTime,
    /// The region of the picture; absent: the whole one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<&'a str>,
    /// The model's name.
    pub model: &'a str,
    /// When the frame was captured that decided it.
    #[serde(with = "timestamp")]
    pub timestamp: SystemTime,
    /// Events before this one that were not published, because the broker was away or slow.
    #[serde(skip_serializing_if = "is_zero")]
    pub missed: u64,
}

/// `NODE/CAMERA/diagnostics`: how a camera does.
#[derive(Debug, Serialize)]
pub struct CameraDiagnostics<'a> {
    /// `starting`, `flowing`, `lost` or `ended`.
    pub state: &'a str,
    /// Why it is lost or has ended.
    pub reason: Option<&'a str>,
    /// Results per second since the last heartbeat.
    pub results_per_second: f64,
    /// The age of results since the last heartbeat, in milliseconds.
    pub age_ms: Option<Percentiles>,
    /// Frames since the start that newer ones replaced, as of the daemon's latest status.
    pub dropped: u64,
    /// How often the camera was lost since the start.
    pub errors: u64,
}

/// Percentiles of the results since the last heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// What 50 % do not exceed.
    pub p50: f64,
    /// What 95 % do not exceed.
    pub p95: f64,
}

impl Percentiles {
    /// Of these values, which are sorted; `None` without any.
    pub fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied();
        Some(Self { p50: at(0.5)?, p95: at(0.95)? })
    }
}

/// `payload` as JSON.
pub fn json(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(payload).expect("payloads have no maps with other keys than text")
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut ages: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(Percentiles::of(&mut ages), Some(Percentiles { p50: 50.0, p95: 95.0 }));
        assert_eq!(Percentiles::of(&mut [7.0]), Some(Percentiles { p50: 7.0, p95: 7.0 }));
        assert_eq!(Percentiles::of(&mut []), None);
    }
}
