//! A result: what one frame shows, and how long it took to know. Its message is [`crate::message::Classification`].

use crate::frame::FrameInfo;
use crate::labels::Labels;
use std::sync::Arc;
use std::time::Duration;

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
    /// In no station: for the engine, and for the model where the frame was prepared ahead.
    pub wait: Duration,
    /// Crop, resize, colour and quantize.
    pub preprocess: Duration,
    /// The model.
    pub inference: Duration,
    /// Dequantize, softmax and the best classes.
    pub postprocess: Duration,
}

/// Names a stream: a camera whose frames are classified by a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    /// The camera, or the file.
    pub camera: Arc<str>,
    /// The model.
    pub model: Arc<str>,
}

/// What one frame shows.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The camera's name, or the file.
    pub source: Arc<str>,
    /// Rises by one for each result of the stream, from 0.
    pub seq: u64,
    /// The frame.
    pub info: FrameInfo,
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
    /// The stream that it is of.
    pub fn stream(&self) -> StreamName {
        StreamName { camera: self.source.clone(), model: self.model.clone() }
    }

    /// Columns and rows of the upright frame.
    pub fn size(&self) -> (u32, u32) {
        self.info.picture.upright_size()
    }

    /// Name and confidence of the best class; `None` before the first result.
    pub fn best(&self) -> Option<(&str, f32)> {
        self.top.first().map(|score| (self.labels.name(score.index), score.confidence))
    }

    /// Becomes a copy of `other` in the memory that it has; nothing is allocated where the classes fit.
    pub fn copy_from(&mut self, other: &Self) {
        let mut top = std::mem::take(&mut self.top);
        top.clear();
        top.extend_from_slice(&other.top);
        let Self { source, seq, info, model, execution_provider, top: _, labels, timing, dropped } = other;
        *self = Self {
            source: source.clone(),
            seq: *seq,
            info: *info,
            model: model.clone(),
            execution_provider,
            top,
            labels: labels.clone(),
            timing: *timing,
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
