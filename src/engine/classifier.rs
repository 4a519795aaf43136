//! One frame: preprocess, infer, rank.

use super::still::Still;
use crate::error::{Error, Kind, Result};
use crate::frame::{Area, Crop, Frame, FrameInfo, Outside, Picture, PixelFormat};
use crate::labels::Labels;
use crate::message;
use crate::model::Model;
use crate::model::recipe::Recipe;
use crate::postprocess::Ranker;
use crate::postprocess::label_state::{self, StateClasses, StreamState};
use crate::prediction::{Prediction, Score, Timing};
use crate::preprocess::{self, Preprocessor};
use crate::runtime::{Execution, Infer};
use crate::tensor::Tensor;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Classifies frames: preprocess, infer, rank, with buffers that are reused for each frame.
pub struct Classifier {
    /// What tells it from the other models of the daemon.
    key: Arc<str>,
    name: Arc<str>,
    labels: Arc<Labels>,
    slot: Box<InputSlot>,
    /// The back slot, in which the next frame can be prepared while the model runs.
    spare: Option<Box<InputSlot>>,
    runtime: Box<dyn Infer>,
    ranker: Ranker,
    output: Tensor,
    top: usize,
    /// The classes that can be the state of a stream.
    classes: Arc<StateClasses>,
    /// How pixels become the input, for `hello`.
    recipe: Option<message::Recipe>,
}

/// An input buffer with its preprocessor; separate, so that another thread can fill it.
pub struct InputSlot {
    preprocessor: Preprocessor,
    input: Tensor,
    /// The data of the frame after its pixels are released.
    prepared: Option<Prepared>,
}

struct Prepared {
    info: FrameInfo,
    /// How long the preparation took.
    took: Duration,
}

impl InputSlot {
    fn new(model: &Model, params: &preprocess::Params) -> Box<Self> {
        let (preprocessor, input) = (Preprocessor::new(&model.input, params), Tensor::zeros(&model.input.tensor));
        Box::new(Self { preprocessor, input, prepared: None })
    }

    /// Converts the part `crop` of `frame` (`None`: all of it) to the model's input. An error if the frame does not contain it.
    pub fn prepare(&mut self, frame: &Frame, crop: Option<Crop>) -> std::result::Result<(), Outside> {
        let start = Instant::now();
        let area = Area::of(&frame.info.picture, crop)?;
        self.preprocessor.run_area(frame, &area, &mut self.input);
        self.prepared = Some(Prepared { info: frame.info, took: start.elapsed() });
        Ok(())
    }
}

impl Classifier {
    /// A classifier of `model`, run by `runtime`, with the `top` best classes; all, if there are fewer.
    pub fn new(model: &Model, labels: Labels, runtime: Box<dyn Infer>, params: &preprocess::Params, top: usize) -> Self {
        let independent = model.output.is_independent();
        Self {
            key: model.name.as_str().into(),
            classes: StateClasses::new(&labels, independent, label_state::Params::default()).into(),
            name: model.name.as_str().into(),
            ranker: Ranker::new(&model.output).with_positive(labels.positive()),
            labels: labels.into(),
            slot: InputSlot::new(model, params),
            spare: Some(InputSlot::new(model, params)),
            output: Tensor::zeros(&model.output.tensor),
            runtime,
            top: top.min(model.output.classes),
            recipe: None,
        }
    }

    /// The same, which tells `recipe` of itself.
    pub fn with_recipe(self, recipe: &Recipe) -> Self {
        let [(_, pixels), (_, fit)] = recipe.lines();
        Self { recipe: Some(message::Recipe { pixels, fit }), ..self }
    }

    /// The same with another key than its name.
    pub fn with_key(self, key: Arc<str>) -> Self {
        Self { key, ..self }
    }

    /// What tells it from the other models of the daemon: its successor after a reload has the same one.
    pub fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// The same with other conditions of the state of a stream. Classes that do not count are in no result either.
    pub fn with_state(self, classes: StateClasses) -> Self {
        Self { ranker: self.ranker.with_mask(classes.mask()), classes: classes.into(), ..self }
    }

    /// The classes that can be the state of a stream.
    pub fn classes(&self) -> &StateClasses {
        &self.classes
    }

    /// The state of a stream before its first frame.
    pub fn state(&self) -> StreamState {
        StreamState::new(self.classes.clone())
    }

    /// The probabilities of all classes, by index, as of the latest frame.
    pub fn probabilities(&self) -> &[f32] {
        self.ranker.probabilities()
    }

    /// How pixels become the input.
    pub fn recipe(&self) -> Option<&message::Recipe> {
        self.recipe.as_ref()
    }

    /// A reusable result of `source`.
    pub fn blank(&self, source: &str) -> Prediction {
        Prediction {
            source: source.into(),
            region: None,
            seq: 0,
            info: FrameInfo::new(Picture::new(PixelFormat::Gray8, 0, 0)),
            model: self.name.clone(),
            execution_provider: self.runtime.execution().provider,
            top: Vec::with_capacity(self.top + 1),
            stable: None,
            labels: self.labels.clone(),
            timing: Timing::default(),
            reused: false,
            dropped: 0,
        }
    }

    /// Classifies `frame`: sets the best classes, the durations and the frame's data.
    pub fn classify(&mut self, frame: &Frame, prediction: &mut Prediction) -> Result<()> {
        self.classify_part(frame, None, prediction)
    }

    /// Classifies the part `crop` of `frame`.
    pub fn classify_part(&mut self, frame: &Frame, crop: Option<Crop>, prediction: &mut Prediction) -> Result<()> {
        self.slot.prepare(frame, crop).map_err(outside)?;
        self.finish(None, prediction)
    }

    /// The front slot, with the next frame to classify.
    pub fn slot(&mut self) -> &mut InputSlot {
        &mut self.slot
    }

    /// The back slot, for the prefetch.
    pub fn spare(&mut self) -> Option<Box<InputSlot>> {
        self.spare.take()
    }

    /// Returns the back slot unused.
    pub fn keep(&mut self, spare: Box<InputSlot>) {
        self.spare = Some(spare);
    }

    /// Makes `slot` the front slot: its frame is classified next.
    pub fn swap(&mut self, slot: Box<InputSlot>) {
        self.spare = Some(std::mem::replace(&mut self.slot, slot));
    }

    /// Classifies the prepared frame: by the output in `still`, if there is one and the input has not changed since, otherwise by
    /// running the model.
    pub fn finish(&mut self, still: Option<&mut Still>, prediction: &mut Prediction) -> Result<()> {
        let Some(prepared) = self.slot.prepared.take() else { return Err(Error::failed("no frame was prepared")) };
        let began = Instant::now();
        let (pixels, width) = self.slot.preprocessor.pixels();
        let last = still.as_deref().and_then(|still| still.output(pixels, width));
        let start = Instant::now();
        prediction.reused = last.is_some();
        if last.is_none() {
            self.runtime.infer(&self.slot.input, &mut self.output)?;
        }
        let inferred = if last.is_some() { start } else { Instant::now() };
        self.ranker.rank(last.unwrap_or(&self.output), self.top, &mut prediction.top)?;
        let ranked = Instant::now();
        if let Some(still) = still.filter(|_| !prediction.reused) {
            still.ran(pixels, &self.output);
        }
        let (age, inference, postprocess) =
            (ranked.saturating_duration_since(prepared.info.captured), inferred - start, ranked - inferred);
        let preprocess = prepared.took + (start - began);
        // for the engine, and for the model if the frame was prefetched
        let wait = age.saturating_sub(preprocess + inference + postprocess);
        prediction.timing = Timing { age, wait, preprocess, inference, postprocess };
        if !prediction.reused {
            prediction.execution_provider = self.runtime.execution().provider;
        }
        prediction.info = prepared.info;
        Ok(())
    }

    /// Runs the model again on the same input; returns the duration, and sets the best classes again.
    pub fn repeat(&mut self, best: &mut Vec<Score>) -> Result<Duration> {
        let start = Instant::now();
        self.runtime.infer(&self.slot.input, &mut self.output)?;
        let took = start.elapsed();
        self.ranker.rank(&self.output, self.top, best)?;
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

    /// Where the model runs.
    pub fn execution(&self) -> &Execution {
        self.runtime.execution()
    }
}

/// The error of a frame that does not contain its region.
pub fn outside(outside: Outside) -> Error {
    Error::new(Kind::Passing, outside.to_string())
}
