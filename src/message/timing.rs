//! The durations of the stages.

use serde::{Deserialize, Serialize};

/// The duration of each stage. In a result `T` is milliseconds, in a status [`Percentiles`](super::Percentiles).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing<T = f64> {
    /// From capture to publishing.
    pub age_ms: T,
    /// In no stage: waiting for the engine, or for the model if the frame was prefetched.
    pub wait_ms: T,
    /// Crop, resize, colour conversion and quantization.
    pub preprocess_ms: T,
    /// The model.
    pub inference_ms: T,
    /// Dequantization, softmax and selection of the best classes.
    pub postprocess_ms: T,
}
