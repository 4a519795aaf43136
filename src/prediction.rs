//! A result: what one frame shows, and how long it took to know. Its JSON form is `schema/message.schema.json`.

use crate::labels::Labels;
use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The version of the messages; readers ignore fields that they do not know.
pub const SCHEMA_VERSION: u32 = 1;

/// One class and how sure the model is of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The class, from 0.
    pub index: usize,
    /// 0..=1; over all classes they add up to 1.
    pub confidence: f32,
}

/// How long each station took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// From capture to publishing.
    pub age: Duration,
    /// In no station: for the worker, and for the model where the frame was prepared ahead.
    pub wait: Duration,
    /// Crop, resize, colour and quantize.
    pub preprocess: Duration,
    /// The model.
    pub inference: Duration,
    /// Dequantize, softmax and the best classes.
    pub postprocess: Duration,
}

/// What one frame shows.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The camera's name, or the file.
    pub source: Arc<str>,
    /// Rises by one for each result of a source, from 0.
    pub seq: u64,
    /// When the frame was taken.
    pub timestamp: SystemTime,
    /// The stream's own time of the frame.
    pub pts: Option<Duration>,
    /// Columns of the frame.
    pub width: u32,
    /// Rows of the frame.
    pub height: u32,
    /// The model's name.
    pub model: Arc<str>,
    /// What ran the model: `CPU` or `QNN`.
    pub execution_provider: &'static str,
    /// The best classes, best first, equal ones by lower index.
    pub top: Vec<Score>,
    /// The names of all classes.
    pub labels: Arc<Labels>,
    /// How long it took.
    pub timing: Timing,
    /// Frames of the source that were replaced in the channel since its previous result.
    pub dropped: u64,
}

impl Prediction {
    /// Name and confidence of the best class; `None` before the first result.
    pub fn best(&self) -> Option<(&str, f32)> {
        self.top.first().map(|score| (self.labels.name(score.index), score.confidence))
    }

    /// Becomes a copy of `other` in the memory that it has; nothing is allocated where the classes fit.
    pub fn copy_from(&mut self, other: &Self) {
        let mut top = std::mem::take(&mut self.top);
        top.clear();
        top.extend_from_slice(&other.top);
        let Self { source, seq, timestamp, pts, width, height, model, execution_provider, top: _, labels, timing, dropped } = other;
        *self = Self {
            source: source.clone(),
            seq: *seq,
            timestamp: *timestamp,
            pts: *pts,
            width: *width,
            height: *height,
            model: model.clone(),
            execution_provider,
            top,
            labels: labels.clone(),
            timing: *timing,
            dropped: *dropped,
        };
    }
}

/// How much of a result a reader sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// So many of the best classes at the most.
    pub top: usize,
    /// Only classes of at least this confidence.
    pub min_confidence: f32,
}

impl Default for View {
    /// All of it.
    fn default() -> Self {
        Self { top: usize::MAX, min_confidence: 0.0 }
    }
}

/// A result as a reader sees it.
pub struct Seen<'a>(&'a Prediction, View);

impl Prediction {
    /// As much of the result as `view` shows.
    pub fn seen(&self, view: View) -> Seen<'_> {
        Seen(self, view)
    }
}

impl Serialize for Prediction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.seen(View::default()).serialize(serializer)
    }
}

impl Serialize for Seen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(prediction, view) = self;
        let mut message = serializer.serialize_struct("Prediction", 13)?;
        message.serialize_field("type", "classification")?;
        message.serialize_field("version", &SCHEMA_VERSION)?;
        message.serialize_field("source", &*prediction.source)?;
        message.serialize_field("seq", &prediction.seq)?;
        message.serialize_field("timestamp", &Rfc3339(prediction.timestamp))?;
        message.serialize_field("pts_ns", &prediction.pts.and_then(nanoseconds))?;
        message.serialize_field("width", &prediction.width)?;
        message.serialize_field("height", &prediction.height)?;
        message.serialize_field("model", &*prediction.model)?;
        message.serialize_field("execution_provider", prediction.execution_provider)?;
        message.serialize_field("classifications", &Classifications(prediction, *view))?;
        message.serialize_field("timing", &Milliseconds(prediction.timing))?;
        message.serialize_field("dropped", &prediction.dropped)?;
        message.end()
    }
}

struct Classifications<'a>(&'a Prediction, View);

#[derive(Serialize)]
struct Classification<'a> {
    index: usize,
    label: &'a str,
    confidence: f64,
}

impl Serialize for Classifications<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let shown = self.0.top.iter().take(self.1.top).filter(|score| score.confidence >= self.1.min_confidence);
        for score in shown {
            let label = self.0.labels.name(score.index);
            list.serialize_element(&Classification {
                index: score.index,
                label,
                confidence: rounded(score.confidence.into(), 1e6),
            })?;
        }
        list.end()
    }
}

struct Milliseconds(Timing);

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut timing = serializer.serialize_struct("Timing", 5)?;
        timing.serialize_field("age_ms", &milliseconds(self.0.age))?;
        timing.serialize_field("wait_ms", &milliseconds(self.0.wait))?;
        timing.serialize_field("preprocess_ms", &milliseconds(self.0.preprocess))?;
        timing.serialize_field("inference_ms", &milliseconds(self.0.inference))?;
        timing.serialize_field("postprocess_ms", &milliseconds(self.0.postprocess))?;
        timing.end()
    }
}

/// `time` in nanoseconds, where a reader of JSON gets the number exactly: below 2^53, which is 104 days.
fn nanoseconds(time: Duration) -> Option<u64> {
    u64::try_from(time.as_nanos()).ok().filter(|nanoseconds| *nanoseconds < 1 << 53)
}

/// Milliseconds with three decimals.
pub fn milliseconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1e3, 1e3)
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// `2026-11-23T07:10:00.123456Z`.
struct Rfc3339(SystemTime);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = jiff::Timestamp::try_from(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        serializer.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_json_does_not_hold_is_left_out() {
        let most = (1 << 53) - 1;
        assert_eq!(nanoseconds(Duration::from_nanos(most)), Some(most));
        assert_eq!([Duration::from_nanos(most + 1), Duration::MAX].map(nanoseconds), [None; 2]);
    }

    #[test]
    fn is_the_line_that_integrators_read() {
        let prediction = Prediction {
            source: "front".into(),
            seq: 1234,
            timestamp: SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_417_800_123_456),
            pts: Some(Duration::from_nanos(41_133_000_000)),
            width: 1280,
            height: 720,
            model: "squeezenet1_1_w8a8".into(),
            execution_provider: "QNN",
            top: vec![Score { index: 1, confidence: 0.368_270_46 }],
            labels: Labels::parse(b"boa \"constrictor\"\ncommon iguana\n", "test").unwrap().into(),
            timing: Timing { age: Duration::from_nanos(4_123_456), ..Timing::default() },
            dropped: 2,
        };
        assert_eq!(
            serde_json::to_string(&prediction).unwrap(),
            r#"{"type":"classification","version":1,"source":"front","seq":1234,"timestamp":"2026-11-23T07:10:00.123456Z","#
                .to_owned()
                + r#""pts_ns":41133000000,"width":1280,"height":720,"model":"squeezenet1_1_w8a8","execution_provider":"QNN","#
                + r#""classifications":[{"index":1,"label":"common iguana","confidence":0.36827}],"#
                + r#""timing":{"age_ms":4.123,"wait_ms":0.0,"preprocess_ms":0.0,"inference_ms":0.0,"postprocess_ms":0.0},"dropped":2}"#
        );
    }
}
