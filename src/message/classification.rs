//! `classification`: a result. Readers get a [`Classification`]; the program writes [`Borrowed`], which allocates nothing. A test
//! compares them.

use super::line::VERSION;
use super::stable::{Shown, Stable};
use super::timestamp;
use super::timing::Timing;
use crate::prediction::{self, Prediction, milliseconds, rounded};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use std::time::{Duration, SystemTime};

/// The result of one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "classification")]
#[non_exhaustive]
pub struct Classification {
    /// The version of the format.
    pub version: u32,
    /// The camera's name; for `glimpsed classify` the file.
    pub source: String,
    /// The region of its picture; absent: the whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Counts the results of a stream (a camera, a region and a model), from 0.
    pub seq: u64,
    /// The camera's number of the frame, from 0; it counts dropped frames too. Equal in all results of one frame.
    #[serde(default)]
    pub frame: u64,
    /// When the frame was captured.
    #[serde(with = "timestamp")]
    pub timestamp: SystemTime,
    /// The frame's timestamp in the stream, in nanoseconds; `None` if it has none, or if it is 2^53 or more.
    pub pts_ns: Option<u64>,
    /// Columns of the upright frame.
    pub width: u32,
    /// Rows of the upright frame.
    pub height: u32,
    /// The model's name.
    pub model: String,
    /// The provider that ran the model: `CPU`, or `QNN` for the NPU.
    pub execution_provider: String,
    /// The best classes, best first; equal ones by lower index.
    pub classifications: Vec<Class>,
    /// What the stream shows as of this frame; `None` for `glimpsed classify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<Stable>,
    /// How long each stage took, in milliseconds.
    pub timing: Timing<f64>,
    /// Whether this is the answer to an earlier frame, from which the model's input hardly differs (`unchanged`); the model did not run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reused: bool,
    /// Frames of the source that newer ones replaced since its previous result.
    pub dropped: u64,
    /// With `glimpsed classify --repeat`: the model's time over several runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference: Option<Repeated>,
    /// Lines that this reader lost before this one because it read too slowly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
}

/// For fields that are absent when false.
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// One class of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class<Text = String> {
    /// The class, from 0.
    pub index: usize,
    /// Its name.
    pub label: Text,
    /// 0 to 1; the sum over all classes of the model is 1.
    pub confidence: f64,
}

/// The model's time over several runs on one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// The number of runs.
    pub runs: u64,
    /// The mean, in milliseconds.
    pub mean_ms: f64,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// What 99 % do not exceed, in milliseconds.
    pub p99_ms: f64,
}

/// Whether `line` is a result, without parsing it: `type` is the first key.
pub(crate) fn is_classification(line: &[u8]) -> bool {
    line.starts_with(br#"{"type":"classification","#)
}

/// The part of a result that a reader gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// At most this many of the best classes.
    pub top: usize,
    /// Only classes with at least this confidence.
    pub min_confidence: f32,
}

impl Default for View {
    /// All of it.
    fn default() -> Self {
        Self { top: usize::MAX, min_confidence: 0.0 }
    }
}

/// The message of a prediction, for writing.
pub(crate) struct Borrowed<'a> {
    /// The prediction.
    pub prediction: &'a Prediction,
    /// The part that is written.
    pub view: View,
    /// As in the message.
    pub inference: Option<Repeated>,
    /// As in the message; omitted if 0.
    pub missed: u64,
}

impl<'a> Borrowed<'a> {
    /// All of `prediction`, and nothing else.
    pub fn new(prediction: &'a Prediction) -> Self {
        Self { prediction, view: View::default(), inference: None, missed: 0 }
    }
}

/// The fields of [`Classification`], in the same order.
#[derive(Serialize)]
#[serde(tag = "type", rename = "classification")]
struct Fields<'a> {
    version: u32,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    seq: u64,
    frame: u64,
    #[serde(with = "timestamp")]
    timestamp: SystemTime,
    pts_ns: Option<u64>,
    width: u32,
    height: u32,
    model: &'a str,
    execution_provider: &'a str,
    classifications: Classes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stable: Option<Shown<'a>>,
    timing: Timing<f64>,
    #[serde(skip_serializing_if = "is_false")]
    reused: bool,
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference: Option<Repeated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
}

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let prediction = self.prediction;
        let (info, (width, height)) = (&prediction.info, prediction.size());
        let fields = Fields {
            version: VERSION,
            source: &prediction.source,
            region: prediction.region.as_deref(),
            seq: prediction.seq,
            frame: info.number,
            timestamp: info.timestamp,
            pts_ns: info.pts.and_then(nanoseconds),
            width,
            height,
            model: &prediction.model,
            execution_provider: prediction.execution_provider,
            classifications: Classes(prediction, self.view),
            stable: prediction.stable.as_ref().map(Shown),
            timing: prediction.timing.into(),
            reused: prediction.reused,
            dropped: prediction.dropped,
            inference: self.inference,
            missed: (self.missed > 0).then_some(self.missed),
        };
        fields.serialize(serializer)
    }
}

impl Serialize for Prediction {
    /// Its message.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Borrowed::new(self).serialize(serializer)
    }
}

struct Classes<'a>(&'a Prediction, View);

impl Serialize for Classes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(prediction, view) = self;
        let mut list = serializer.serialize_seq(None)?;
        for score in prediction.top.iter().take(view.top).filter(|score| score.confidence >= view.min_confidence) {
            let (index, label) = (score.index, prediction.labels.name(score.index));
            list.serialize_element(&Class { index, label, confidence: rounded(score.confidence.into(), 1e6) })?;
        }
        list.end()
    }
}

impl From<prediction::Timing> for Timing<f64> {
    fn from(timing: prediction::Timing) -> Self {
        Self {
            age_ms: milliseconds(timing.age),
            wait_ms: milliseconds(timing.wait),
            preprocess_ms: milliseconds(timing.preprocess),
            inference_ms: milliseconds(timing.inference),
            postprocess_ms: milliseconds(timing.postprocess),
        }
    }
}

/// `time` in nanoseconds, if JSON readers can represent it exactly: below 2^53, which is 104 days.
pub(super) fn nanoseconds(time: Duration) -> Option<u64> {
    u64::try_from(time.as_nanos()).ok().filter(|nanoseconds| *nanoseconds < 1 << 53)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_json_cannot_represent_is_omitted() {
        let most = (1 << 53) - 1;
        assert_eq!(nanoseconds(Duration::from_nanos(most)), Some(most));
        assert_eq!([Duration::from_nanos(most + 1), Duration::MAX].map(nanoseconds), [None; 2]);
    }
}
