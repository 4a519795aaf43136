//! Settings that were read, before anything that they name (the model, its labels, pipelines) is opened.

use super::cameras::PipelineText;
use super::groups::GROUPS;
use super::models::ModelSettings;
use super::refused::Refused;
use super::settings::Settings;
use crate::error::Error;
use crate::settings::{Advice, Fault, Faults, Flags, Placed};

/// What settings say as far as they could be read, and what is wrong with them. `glimpsed::startup` opens what they name, and makes
/// [`Settings`] of them by [`Reading::settings`].
#[derive(Debug, Clone)]
pub struct Reading {
    /// The file, in words; `None` for flags alone.
    pub(super) origin: Option<String>,
    /// The flags that are laid over the file.
    pub(super) flags: Flags,
    pub(super) models: Vec<Placed<ModelSettings>>,
    pub(super) pipelines: Vec<PipelineText>,
    /// `None` where something is wrong.
    pub(super) settings: Option<Settings>,
    pub(super) faults: Vec<Fault>,
}

/// What is wrong with what settings name.
#[derive(Debug, Default)]
pub struct Unsound {
    /// Models or their labels, by their index in [`Reading::models`].
    pub models: Vec<(usize, Error)>,
    /// Pipelines, by their index in [`Reading::pipelines`].
    pub pipelines: Vec<(usize, Error)>,
}

impl Reading {
    /// The settings of the models that are named and used.
    pub fn models(&self) -> impl Iterator<Item = &ModelSettings> {
        self.models.iter().map(|model| &model.value)
    }

    /// The pipelines that could be read.
    pub fn pipelines(&self) -> &[PipelineText] {
        &self.pipelines
    }

    /// The settings; or all that is wrong, with them and with what they name, in the order of the lines.
    pub fn settings(self, unsound: Unsound) -> Result<Settings, Refused> {
        let Self { origin, flags, models, pipelines, settings, mut faults } = self;
        let mut unsound_models = unsound.models;
        if origin.is_none() && faults.is_empty() && unsound.pipelines.is_empty() {
            // one thing that is wrong with flags is told by itself
            if let Some((_, error)) = unsound_models.pop() {
                return Err(Refused::Unread(error));
            }
        }
        // before what else has no line
        for (index, error) in unsound_models.into_iter().rev() {
            let error = if origin.is_some() { Advice::new(&GROUPS, &flags).of(error) } else { error };
            faults.insert(0, Fault::new(models[index].origin, error.to_string()));
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
