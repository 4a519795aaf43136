//! `change`: the state of a stream has changed.

use super::classification::nanoseconds;
use super::line::VERSION;
use super::timestamp;
use crate::prediction::{StableClass, StateChange, milliseconds, rounded};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// The state of a stream has changed: it shows another class, or nothing. For a model that gives each class a probability of its own, one
/// of its classes is shown now (`from` is `None`), or is not any more (`to` is `None`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "change")]
#[non_exhaustive]
pub struct Change {
    /// The version of the format.
    pub version: u32,
    /// The camera's name.
    pub source: String,
    /// The region of its picture; `None`: the whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The model's name.
    pub model: String,
    /// When it was known: the capture of the frame that decided it, or the time at which results had been missing for too long.
    #[serde(with = "timestamp")]
    pub timestamp: SystemTime,
    /// The same in the source, in nanoseconds, as `pts_ns` of a result.
    pub pts_ns: Option<u64>,
    /// The camera's number of that frame; `None` if results were missing, if another model has taken over, or if the stream was removed.
    pub frame: Option<u64>,
    /// What the stream showed; `None`: nothing.
    pub from: Option<ChangedClass>,
    /// What it shows now; `None`: nothing.
    pub to: Option<ChangedClass>,
    /// When the new state began: the capture of the first frame that spoke for it.
    #[serde(with = "timestamp")]
    pub since: SystemTime,
    /// The same in the source, in nanoseconds.
    pub since_pts_ns: Option<u64>,
    /// How long the previous state had lasted until then, in milliseconds.
    pub lasted_ms: f64,
    /// Lines that this subscriber lost before this one because it read too slowly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
}

/// A class that a stream shows before or after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedClass {
    /// The name of the class or group.
    pub label: String,
    /// The class, from 0; `None` for a group.
    pub index: Option<usize>,
    /// Its smoothed confidence, 0 to 1.
    pub confidence: f64,
    /// When the stream began to show it.
    #[serde(with = "timestamp")]
    pub since: SystemTime,
}

impl From<&StateChange> for Change {
    fn from(change: &StateChange) -> Self {
        Self {
            version: VERSION,
            source: change.stream.camera.to_string(),
            region: change.stream.region.as_ref().map(|region| region.to_string()),
            model: change.stream.model.to_string(),
            timestamp: change.known.timestamp,
            pts_ns: change.known.pts.and_then(nanoseconds),
            frame: change.frame,
            from: change.from.as_ref().and_then(changed),
            to: change.to.as_ref().and_then(changed),
            since: change.since.timestamp,
            since_pts_ns: change.since.pts.and_then(nanoseconds),
            lasted_ms: milliseconds(change.lasted),
            missed: None,
        }
    }
}

fn changed(class: &StableClass) -> Option<ChangedClass> {
    let label = class.label.as_ref()?.to_string();
    Some(ChangedClass { label, index: class.index, confidence: rounded(class.confidence.into(), 1e6), since: class.since })
}
