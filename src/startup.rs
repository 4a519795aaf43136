//! Opens what settings name, once, and keeps it: the model, its labels. Everything that is wrong comes at once, with its line or flag.
//!
//! Settings are only read by [`crate::config`]; here the model's file is read, labels are held to it and pipelines are tried, before a
//! session or a camera is opened. What is open then makes the [`Classifier`].

use crate::capture::Pipeline;
use crate::config::{ModelSettings, PipelineText, Reading, Refused, Settings, Unsound};
use crate::engine::Classifier;
use crate::error::Result;
use crate::labels::Labels;
use crate::model::recipe::{Recipe, Settled, Stated};
use crate::model::{self, Model};
use crate::postprocess::Ranker;
use crate::postprocess::label_state::StateClasses;
use crate::runtime::{self, Infer, Provider};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The settings of a model in force, and its files as they were when it was read.
pub type Known = (ModelSettings, Files);

/// A model that was read, with its labels.
#[derive(Debug, Clone)]
pub struct OpenModel {
    /// What the user set of it.
    pub settings: ModelSettings,
    /// The model.
    pub model: Model,
    /// The names of its classes.
    pub labels: Labels,
    /// Which of them count.
    pub classes: StateClasses,
    /// How pixels become its input.
    pub recipe: Recipe,
    /// What is to be told of the model once: what nobody says of it, and files that could not be used.
    pub warnings: Vec<String>,
    /// Its files, as they were before they were read.
    pub files: Files,
}

/// Logs what is of no use in `settings`.
pub fn warn_unused(settings: &Settings) {
    for name in &settings.unused {
        tracing::warn!("the model '{name}' is not opened: no camera has it among its models");
    }
}

/// Settings, and the models that they name.
#[derive(Debug)]
pub struct Opened {
    /// The settings.
    pub settings: Settings,
    /// The models, in the order of the settings.
    pub models: Vec<OpenModel>,
}

/// Reads the model of `settings` and its labels.
pub fn model(settings: ModelSettings) -> Result<OpenModel> {
    let files = Files::of(&settings, &[]);
    let mut model = read(&settings)?;
    let files = files.and(model.files_named());
    if let Some(name) = &settings.name {
        model.name = name.to_string();
    }
    let labels = model.labels(settings.labels.as_deref())?;
    let Settled { recipe, mut warnings } = model.recipe(Stated::of_settings(&settings.preprocess))?;
    let classes = StateClasses::by_rules(&labels, model.output.is_independent(), settings.state, &settings.classes)?;
    warnings.extend(model.sources.notes.iter().cloned());
    Ok(OpenModel { settings, model, labels, classes, recipe, warnings, files })
}

/// Reads an ONNX file; or gives the built-in model, for `testcard`. The number of labels decides between several outputs; where the file
/// does not declare the shape of the output, a session tells it.
fn read(settings: &ModelSettings) -> Result<Model> {
    if settings.model == Path::new(model::BUILTIN) {
        return model::builtin();
    }
    let shape_of_output = |model: &Model| runtime::shape_of_output(model, &settings.runtime);
    let reading = model::Reading {
        size: settings.size,
        output: settings.output.as_deref(),
        scores: settings.scores,
        labels: settings.labels.as_deref(),
        classes: None,
        shape_of_output: Some(&shape_of_output),
    };
    Model::read_with(&settings.model, &reading)
}

/// Opens what `reading` names; everything that is wrong comes at once.
pub fn open(reading: Reading) -> std::result::Result<Opened, Refused> {
    let (settings, models) = open_all(reading, |_| true)?;
    Ok(Opened { settings, models })
}

/// The same for other settings than those in force: a model with the same settings and the same files as one of `current` is not
/// opened again. Returns those that were.
pub fn reopen(reading: Reading, current: &[Known]) -> std::result::Result<(Settings, Vec<OpenModel>), Refused> {
    let is_known = |model: &ModelSettings| current.iter().any(|(known, files)| known == model && !files.changed(model));
    open_all(reading, |model| !is_known(model))
}

/// Opens the models of `reading` that are `wanted`; everything that is wrong comes at once.
fn open_all(reading: Reading, wanted: impl Fn(&ModelSettings) -> bool) -> std::result::Result<(Settings, Vec<OpenModel>), Refused> {
    let (mut models, mut unsound) = (Vec::new(), Vec::new());
    for (index, settings) in reading.models().enumerate().filter(|(_, settings)| wanted(settings)) {
        match model(settings.clone()) {
            Ok(model) => models.push(model),
            Err(error) => unsound.push((index, error)),
        }
    }
    let built = |(index, text): (usize, &PipelineText)| Some((index, Pipeline::build(&text.text.value).err()?));
    let pipelines = reading.pipelines().iter().enumerate().filter_map(built).collect();
    let settings = reading.settings(Unsound { models: unsound, pipelines })?;
    Ok((settings, models))
}

impl OpenModel {
    /// Loads ONNX Runtime and opens a session: the last that can fail before the first frame.
    pub fn classifier(&self) -> Result<Classifier> {
        // of several models
        let whose = self.settings.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        self.recipe.lines().iter().for_each(|(about, said)| tracing::info!("{whose}{about}: {said}"));
        self.warnings.iter().for_each(|warning| tracing::warn!("{whose}{warning}"));
        if self.labels.origin().is_none() {
            tracing::warn!(
                "{whose}no labels, so classes are numbered. Put labels.txt beside the model, or name a file: labels in [model], or --labels."
            );
        }
        if self.model.output.is_binary() {
            let name = self.labels.name(self.labels.positive());
            tracing::info!("{whose}the model has one output, which is taken as the probability of '{name}'");
        }
        if !self.model.other_outputs.is_empty() {
            tracing::info!(
                "{whose}of the model's outputs '{}' is read; not read: {}",
                self.model.output.tensor.name,
                self.model.other_outputs.join(", ")
            );
        }
        Ok(self.classifier_of(runtime::open(&self.model, &self.settings.runtime)?))
    }

    /// A session on `provider`, whatever the settings say.
    pub fn session_on(&self, provider: Provider) -> Result<Box<dyn Infer>> {
        runtime::open(&self.model, &runtime::Params { provider, ..self.settings.runtime.clone() })
    }

    /// What makes classes of the outputs of a session.
    pub fn ranker(&self) -> Ranker {
        Ranker::new(&self.model.output).with_positive(self.labels.positive())
    }

    /// A classifier with that session.
    pub fn classifier_of(&self, session: Box<dyn Infer>) -> Classifier {
        Classifier::new(&self.model, self.labels.clone(), session, &self.recipe.params(), self.settings.top)
            .with_key(self.settings.key())
            .with_recipe(&self.recipe)
            .with_state(self.classes.clone())
    }
}

/// The files of a model as they are: size and time of each. A model that was replaced under its old name is another model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    known: Vec<(PathBuf, u64, Option<SystemTime>)>,
    /// Those that only the model and its metadata name.
    named: Vec<PathBuf>,
}

impl Files {
    /// The files of the model of `settings`, as they are now: its own, the labels, what is read beside it, what may hold its weights, and
    /// those that it has `named`.
    pub fn of(settings: &ModelSettings, named: &[PathBuf]) -> Self {
        let (model, mut paths) = (&settings.model, Vec::from_iter(settings.labels.clone()));
        paths.extend_from_slice(named);
        if let Some(name) = model.file_name() {
            let folder = model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let stem = model.file_stem().unwrap_or(name).as_encoded_bytes();
            let belongs = |other: &Path| {
                other.file_name().is_some_and(|other| other.as_encoded_bytes().starts_with(stem))
                    || other.extension().is_some_and(|kind| kind == "data" || kind == "bin")
            };
            let beside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            paths.extend(beside.filter(|path| belongs(path)));
            paths.extend(model::files_beside(model));
        }
        Self { known: Self::known(paths), named: named.to_vec() }
    }

    /// These, and those that the model has `named`, which are not known before it is read.
    fn and(mut self, named: Vec<PathBuf>) -> Self {
        let paths: Vec<_> = self.known.iter().map(|(path, ..)| path.clone()).collect();
        self.known.extend(Self::known(named.iter().filter(|path| !paths.contains(path)).cloned().collect()));
        self.known.sort();
        Self { named, ..self }
    }

    /// Whether one of the files of the model of `settings` is another than it was.
    fn changed(&self, settings: &ModelSettings) -> bool {
        Self::of(settings, &self.named) != *self
    }

    fn known(mut paths: Vec<PathBuf>) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
        paths.sort();
        paths.dedup();
        let known = |path: PathBuf| fs::metadata(&path).ok().map(|meta| (path, meta.len(), meta.modified().ok()));
        paths.into_iter().filter_map(known).collect()
    }
}

#[cfg(test)]
mod tests;
