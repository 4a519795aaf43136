//! The request of a subscriber, and its answer `subscribed`.

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
    /// At most this many classes, best first; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<usize>,
    /// Only classes with at least this confidence, 0 to 1, and only results that have one.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub min_confidence: f64,
    /// At most this many results of each stream per second, 0.001 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<f64>,
    /// Only results whose best class differs from that of the result sent before.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub on_change: bool,
}

impl Subscribe {
    /// The minimum time between two results of one camera.
    pub fn period(&self) -> Duration {
        self.max_rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate))
    }

    /// Whether results of `camera` are wanted.
    pub fn follows(&self, camera: &str) -> bool {
        self.cameras.as_ref().is_none_or(|cameras| cameras.iter().any(|wanted| wanted == camera))
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
    /// At most this many classes in a result; `None` means all.
    pub top: Option<usize>,
    /// Only classes of at least this confidence, and only results that have one.
    pub min_confidence: f64,
    /// At most this many results of each stream per second; `None` means no limit.
    pub max_rate: Option<f64>,
    /// Only results whose best class differs from that of the result sent before.
    pub on_change: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
