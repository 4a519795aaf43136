//! Settings that were read, before anything that they name (the model, its labels, pipelines) is opened.

use super::faults::{self, Fault};
use super::load::Refused;
use super::table::Placed;
use super::{Draft, ModelSettings, Settings, advice};
use crate::error::Error;

/// A camera's pipeline.
#[derive(Debug, Clone)]
pub struct PipelineText {
    /// The camera's name.
    pub camera: String,
    /// gst-launch text, variables filled in, and its line.
    pub text: Placed<String>,
}

/// What settings say as far as they could be read, and what is wrong with them. `glimpsed::startup` opens what they name, and makes
/// [`Settings`] of them by [`Reading::settings`].
#[derive(Debug, Clone)]
pub struct Reading {
    /// The file, in words; `None` for flags alone.
    pub(super) origin: Option<String>,
    /// The flags that are laid over the file.
    pub(super) flags: Draft,
    pub(super) model: Option<Placed<ModelSettings>>,
    pub(super) pipelines: Vec<PipelineText>,
    /// `None` where something is wrong.
    pub(super) settings: Option<Settings>,
    pub(super) faults: Vec<Fault>,
}

/// What is wrong with what settings name.
#[derive(Debug, Default)]
pub struct Unsound {
    /// The model or its labels.
    pub model: Option<Error>,
    /// Pipelines, by their index in [`Reading::pipelines`].
    pub pipelines: Vec<(usize, Error)>,
}

impl Reading {
    /// The model's settings, where a model is named.
    pub fn model(&self) -> Option<&ModelSettings> {
        self.model.as_ref().map(|model| &model.value)
    }

    /// The pipelines that could be read.
    pub fn pipelines(&self) -> &[PipelineText] {
        &self.pipelines
    }

    /// The settings; or all that is wrong, with them and with what they name, in the order of the lines.
    pub fn settings(self, unsound: Unsound) -> Result<Settings, Refused> {
        let Self { origin, flags, model, pipelines, settings, faults } = self;
        let pipelines = unsound.pipelines.into_iter().map(|(index, error)| {
            let PipelineText { camera, text } = &pipelines[index];
            let told = if text.line == 0 { error.to_string() } else { format!("{camera}: {error}") };
            Fault::new(text.line, told)
        });
        let faults: Vec<_> = faults.into_iter().chain(pipelines).collect();
        let line = model.map_or(0, |model| model.line);
        match (origin, unsound.model, settings) {
            (_, None, Some(settings)) if faults.is_empty() => Ok(settings),
            (Some(origin), error, _) => {
                let model = error.map(|error| Fault::new(line, advice::of_file(error, &flags).to_string()));
                Err(Refused::Faulty(origin, faults::in_order(model.into_iter().chain(faults).collect())))
            }
            // one thing that is wrong with flags is told by itself
            (None, Some(error), _) if faults.is_empty() => Err(Refused::Unread(error)),
            (None, error, _) => {
                let model = error.map(|error| Fault::new(0, error.to_string()));
                let faults: Vec<_> = model.into_iter().chain(faults).collect();
                Err(Refused::Unread(match &faults[..] {
                    [fault] => Error::config(fault.text.clone()),
                    _ => faults::error("the command line", faults),
                }))
            }
        }
    }
}
