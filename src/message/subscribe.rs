//! The request of a subscriber, and its answer `subscribed`.

use super::stable::Stable;
use serde::{Deserialize, Deserializer, Serialize};
use std::time::Duration;

/// A request of a subscriber: a line of at most 16 KiB, at any time:
/// `{"subscribe":{"cameras":["front"],"top":1}}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The settings. They replace the previous ones as a whole.
    pub subscribe: Subscribe,
}

/// The messages that a subscriber wants. The default is everything.
///
/// Fields may be added: end a literal with `..Subscribe::default()`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscribe {
    /// Only results of these cameras: at most 256 names of 1 to 256 bytes. `None`: of all cameras, also those that are added later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cameras: Option<Vec<String>>,
    /// Only these kinds of messages; at least one. `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventKind>>,
    /// At most this many classes, best first; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<usize>,
    /// Only classes with at least this confidence, 0 to 1. A result that has none is an empty list.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub min_confidence: f64,
    /// At most this many results of each stream per second, 0.001 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<f64>,
    /// Only results whose state (`stable`) differs from that of the result sent before.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub on_change: bool,
}

impl Subscribe {
    /// The minimum time between two results of one camera.
    pub fn period(&self) -> Duration {
        self.max_rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate))
    }

    /// Whether messages of this `kind` are wanted.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.events.as_ref().is_none_or(|events| events.contains(&kind))
    }

    /// Whether results of `camera` are wanted.
    pub fn follows(&self, camera: &str) -> bool {
        self.cameras.as_ref().is_none_or(|cameras| cameras.iter().any(|wanted| wanted == camera))
    }
}

/// A kind of message that a subscriber can choose. `hello`, `subscribed` and `error` always come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Results.
    Classification,
    /// Changes of the state of a stream.
    Change,
    /// Changes of the state of a camera, and statistics.
    Status,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Classification, Self::Change, Self::Status];

    /// Its name: the `type` of these messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Change => "change",
            Self::Status => "status",
        }
    }
}

/// The settings in force: the answer to each request, or the defaults 200 ms after `hello`; sent again after each later `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "subscribed")]
#[non_exhaustive]
pub struct Subscribed {
    /// The version of the format.
    pub version: u32,
    /// The cameras whose results the subscriber gets.
    pub cameras: Vec<String>,
    /// Requested cameras that the daemon does not have (yet).
    pub unknown_cameras: Vec<String>,
    /// The kinds of messages that the subscriber gets.
    #[serde(default)]
    pub events: Vec<EventKind>,
    /// What each stream of these cameras shows at present. A stream without a result yet is absent.
    #[serde(default)]
    pub states: Vec<StreamState>,
    /// At most this many classes in a result; `None` means all.
    pub top: Option<usize>,
    /// Only classes of at least this confidence.
    pub min_confidence: f64,
    /// At most this many results of each stream per second; `None` means no limit.
    pub max_rate: Option<f64>,
    /// Only results whose state differs from that of the result sent before.
    pub on_change: bool,
}

/// What a stream shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamState {
    /// The camera's name.
    pub camera: String,
    /// The region of its picture; `None`: the whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The model's name.
    pub model: String,
    /// What it shows.
    pub stable: Stable,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
