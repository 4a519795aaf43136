//! `stable`: what a stream shows, as opposed to the answer for a single frame.

use super::timestamp;
use crate::prediction::{self, StableState, rounded};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use std::time::SystemTime;

/// What a stream shows stably.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stable {
    /// One class, or nothing.
    One(StableClass),
    /// All classes that are true, by index, of a model that gives each class a probability of its own.
    Many(Vec<StableClass>),
}

/// A class that a stream shows stably, or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StableClass<Text = String> {
    /// The name of the class or group; `None`: nothing.
    pub label: Option<Text>,
    /// The class, from 0; `None` for a group, and for nothing.
    pub index: Option<usize>,
    /// Its smoothed confidence, 0 to 1; 0 for nothing.
    pub confidence: f64,
    /// When the stream began to show it.
    #[serde(with = "timestamp")]
    pub since: SystemTime,
    /// Whether this is the first result that says so.
    pub changed: bool,
}

/// The message's part, for writing.
pub(super) struct Shown<'a>(pub &'a prediction::Stable);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.state {
            StableState::One(class) => borrowed(class).serialize(serializer),
            StableState::Many(classes) => {
                let mut list = serializer.serialize_seq(Some(classes.len()))?;
                classes.iter().try_for_each(|class| list.serialize_element(&borrowed(class)))?;
                list.end()
            }
        }
    }
}

fn borrowed(class: &prediction::StableClass) -> StableClass<&str> {
    let (label, confidence) = (class.label.as_deref(), rounded(class.confidence.into(), 1e6));
    StableClass { label, index: class.index, confidence, since: class.since, changed: class.changed }
}

impl From<&prediction::Stable> for Stable {
    /// The same without its history: as a state that has been told before.
    fn from(stable: &prediction::Stable) -> Self {
        let owned = |class: &prediction::StableClass| {
            let StableClass { label, index, confidence, since, .. } = borrowed(class);
            StableClass { label: label.map(str::to_owned), index, confidence, since, changed: false }
        };
        match &stable.state {
            StableState::One(class) => Self::One(owned(class)),
            StableState::Many(classes) => Self::Many(classes.iter().map(owned).collect()),
        }
    }
}
