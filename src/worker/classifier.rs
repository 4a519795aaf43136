//! One frame: preprocess, infer, rank.

use crate::error::Result;
use crate::frame::Frame;
use crate::labels::Labels;
use crate::model::Model;
use crate::prediction::{Prediction, Score, Timing};
use crate::preprocess::{self, Preprocessor};
use crate::rank::Ranker;
use crate::runtime::{Execution, Infer};
use crate::tensor::Tensor;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Classifies frames: preprocess, infer, rank, in memory that is kept from frame to frame.
pub struct Classifier {
    name: Arc<str>,
    labels: Arc<Labels>,
    preprocessor: Preprocessor,
    runtime: Box<dyn Infer>,
    ranker: Ranker,
    input: Tensor,
    output: Tensor,
    top: usize,
}

impl Classifier {
    /// A classifier of `model`, run by `runtime`, that keeps the `top` best classes.
    pub fn new(model: &Model, labels: Labels, runtime: Box<dyn Infer>, params: &preprocess::Params, top: usize) -> Self {
        Self {
            name: model.name.as_str().into(),
            labels: labels.into(),
            preprocessor: Preprocessor::new(&model.input, params),
            ranker: Ranker::new(&model.output),
            input: Tensor::zeros(&model.input.tensor),
            output: Tensor::zeros(&model.output.tensor),
            runtime,
            top,
        }
    }

    /// A result of `source` to be filled in, frame after frame.
    pub fn blank(&self, source: &str) -> Prediction {
        Prediction {
            source: source.into(),
            seq: 0,
            timestamp: std::time::SystemTime::UNIX_EPOCH,
            pts: None,
            width: 0,
            height: 0,
            model: self.name.clone(),
            execution_provider: self.runtime.execution().provider,
            top: Vec::with_capacity(self.top + 1),
            labels: self.labels.clone(),
            timing: Timing::default(),
            dropped: 0,
        }
    }

    /// Classifies `frame`: fills in the best classes, the times, and what the frame says of itself.
    pub fn classify(&mut self, frame: &Frame, prediction: &mut Prediction) -> Result<()> {
        let start = Instant::now();
        self.preprocessor.run(frame, &mut self.input);
        let preprocessed = Instant::now();
        self.runtime.infer(&self.input, &mut self.output)?;
        let inferred = Instant::now();
        self.ranker.rank(&self.output, self.top, &mut prediction.top);
        let ranked = Instant::now();
        prediction.timing = Timing {
            age: ranked.saturating_duration_since(frame.captured),
            wait: start.saturating_duration_since(frame.captured),
            preprocess: preprocessed - start,
            inference: inferred - preprocessed,
            postprocess: ranked - inferred,
        };
        prediction.execution_provider = self.runtime.execution().provider;
        prediction.timestamp = frame.timestamp;
        prediction.pts = frame.pts;
        (prediction.width, prediction.height) = (frame.picture.width, frame.picture.height);
        Ok(())
    }

    /// Runs the model again on the same input; gives the time it took, and the best classes once more.
    pub fn repeat(&mut self, best: &mut Vec<Score>) -> Result<Duration> {
        let start = Instant::now();
        self.runtime.infer(&self.input, &mut self.output)?;
        let took = start.elapsed();
        self.ranker.rank(&self.output, self.top, best);
        Ok(took)
    }
}

impl Classifier {
    /// The model's name.
    pub fn model(&self) -> &str {
        &self.name
    }

    /// The names of the classes.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// What runs the model.
    pub fn execution(&self) -> &Execution {
        self.runtime.execution()
    }
}
