//! Settings that were read, before anything that they name (the model, its labels, pipelines) is opened.

use super::cameras::PipelineText;
use super::groups::GROUPS;
use super::refused::Refused;
use super::settings::{ModelSettings, Settings};
use crate::error::Error;
use crate::settings::{Advice, Fault, Faults, Flags, Origin, Placed};

/// What settings say as far as they could be read, and what is wrong with them. `glimpsed::startup` opens what they name, and makes
/// [`Settings`] of them by [`Reading::settings`].
#[derive(Debug, Clone)]
pub struct Reading {
    /// The file, in words; `None` for flags alone.
    pub(super) origin: Option<String>,
    /// The flags that are laid over the file.
    pub(super) flags: Flags,
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
        let Self { origin, flags, model, pipelines, settings, mut faults } = self;
        if origin.is_none() && faults.is_empty() && unsound.pipelines.is_empty() {
            // one thing that is wrong with flags is told by itself
            if let Some(error) = unsound.model {
                return Err(Refused::Unread(error));
            }
        } else if let Some(error) = unsound.model {
            let error = if origin.is_some() { Advice::new(&GROUPS, &flags).of(error) } else { error };
            faults.insert(0, Fault::new(model.map_or(Origin::Nowhere, |model| model.origin), error.to_string()));
        }
        faults.extend(unsound.pipelines.into_iter().map(|(index, error)| {
            let PipelineText { camera, text } = &pipelines[index];
            let told = if text.origin.line().is_some() { format!("{camera}: {error}") } else { error.to_string() };
            Fault::new(text.origin, told)
        }));
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            _ => Err(Refused::Faulty(origin, Faults::new(faults))),
        }
    }
}
