//! The result of a frame with its durations. Its message is [`crate::message::Classification`].

mod stable;
mod stream_name;

pub use stable::{Moment, Stable, StableClass, StableState, StateChange};
pub use stream_name::StreamName;

use crate::frame::FrameInfo;
use crate::labels::Labels;
use std::sync::Arc;
use std::time::Duration;

/// A class with its confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The class, from 0.
    pub index: usize,
    /// 0..=1; the sum over all classes is 1.
    pub confidence: f32,
}

/// The duration of each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// From capture to publishing.
    pub age: Duration,
    /// In no stage: waiting for the engine, and for the model if the frame was prefetched.
    pub wait: Duration,
    /// Crop, resize, colour conversion and quantization.
    pub preprocess: Duration,
    /// Running the model.
    pub inference: Duration,
    /// Dequantization, softmax and selection of the best classes.
    pub postprocess: Duration,
}

/// The result of one frame.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The camera's name, or the file.
    pub source: Arc<str>,
    /// The region of its picture; `None`: the whole one.
    pub region: Option<Arc<str>>,
    /// Counts the results of the stream, from 0.
    pub seq: u64,
    /// The frame.
    pub info: FrameInfo,
    /// The model's name.
    pub model: Arc<str>,
    /// The provider that ran the model: `CPU` or `QNN`.
    pub execution_provider: &'static str,
    /// The best classes, best first, equal ones by lower index.
    pub top: Vec<Score>,
    /// What the stream shows as of this frame; `None` outside a stream.
    pub stable: Option<Stable>,
    /// The names of all classes.
    pub labels: Arc<Labels>,
    /// The duration of each stage.
    pub timing: Timing,
    /// Whether it is the answer to an earlier frame, from which the model's input hardly differs.
    pub reused: bool,
    /// Frames of the source that were replaced in the channel since its previous result.
    pub dropped: u64,
}

impl Prediction {
    /// Its stream.
    pub fn stream(&self) -> StreamName {
        StreamName { camera: self.source.clone(), region: self.region.clone(), model: self.model.clone() }
    }

    /// Columns and rows of the upright frame.
    pub fn size(&self) -> (u32, u32) {
        self.info.picture.upright_size()
    }

    /// Name and confidence of the best class; `None` before the first result.
    pub fn best(&self) -> Option<(&str, f32)> {
        self.top.first().map(|score| (self.labels.name(score.index), score.confidence))
    }

    /// Copies `other` into the existing memory; nothing is allocated if the classes fit.
    pub fn copy_from(&mut self, other: &Self) {
        let mut top = std::mem::take(&mut self.top);
        top.clear();
        top.extend_from_slice(&other.top);
        let mut stable = self.stable.take();
        match (&mut stable, &other.stable) {
            (Some(stable), Some(other)) => stable.copy_from(other),
            (stable, other) => stable.clone_from(other),
        }
        let Self { source, region, seq, info, model, execution_provider, top: _, stable: _, labels, timing, reused, dropped } =
            other;
        *self = Self {
            source: source.clone(),
            region: region.clone(),
            seq: *seq,
            info: *info,
            model: model.clone(),
            execution_provider,
            top,
            stable,
            labels: labels.clone(),
            timing: *timing,
            reused: *reused,
            dropped: *dropped,
        };
    }
}

/// Milliseconds with three decimals.
pub fn milliseconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1e3, 1e3)
}

/// `value` to the nearest of `steps` steps per unit.
pub(crate) fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
