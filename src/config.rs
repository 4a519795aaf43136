//! Settings, put together from what each station wants. (From flags alone, for now.)

use crate::error::Result;
use crate::model::{self, Model};
use crate::worker::Classifier;
use crate::{preprocess, runtime};
use std::path::{Path, PathBuf};

/// What classifies, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// An ONNX file, or `testcard`.
    pub model: PathBuf,
    /// The names of the classes, where they do not lie beside the model.
    pub labels: Option<PathBuf>,
    /// Who runs the model, and with which libraries.
    pub runtime: runtime::Params,
    /// How a picture becomes the model's input.
    pub preprocess: preprocess::Params,
    /// How many of the best classes a result has.
    pub top: usize,
}

impl Settings {
    /// Reads the model that the settings name.
    pub fn model(&self) -> Result<Model> {
        if self.model == Path::new(model::BUILTIN) { model::builtin() } else { Model::read(&self.model) }
    }

    /// Reads model and labels, loads ONNX Runtime and opens a session: whatever can fail before the first frame.
    pub fn classifier(&self) -> Result<Classifier> {
        let model = self.model()?;
        let labels = model.labels(self.labels.as_deref())?;
        if labels.origin().is_none() {
            tracing::warn!("no labels: classes are numbered. --labels FILE names them, or labels.txt beside the model.");
        }
        let runtime = runtime::open(&model, &self.runtime)?;
        Ok(Classifier::new(&model, labels, runtime, &self.preprocess, self.top))
    }
}
