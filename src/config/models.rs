//! The models: those of the file, or the one that a flag names in their place.

use crate::model::{self, BUILTIN};
use crate::postprocess::label_state;
use crate::settings::{Layers, Origin, Placed, Section};
use crate::tensor::Scores;
use crate::{preprocess, runtime};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

/// Maximum number of models: each has a session, with its memory, and two threads.
pub const MODELS: RangeInclusive<usize> = 1..=16;

/// What classifies, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// The name in results; `None`: the name of its file.
    pub name: Option<Arc<str>>,
    /// An ONNX file, or `testcard`.
    pub model: PathBuf,
    /// The names of the classes, where they do not lie beside the model.
    pub labels: Option<PathBuf>,
    /// Width and height of the input, where the model's file leaves them free.
    pub size: Option<(u32, u32)>,
    /// The output that has the classes.
    pub output: Option<String>,
    /// What its numbers are.
    pub scores: Option<Scores>,
    /// Who runs the model, and with which libraries.
    pub runtime: runtime::Params,
    /// What is set of how a picture becomes the model's input.
    pub preprocess: preprocess::Chosen,
    /// How many of the best classes a result has.
    pub top: usize,
    /// When an answer counts as the state.
    pub state: label_state::Params,
    /// Which classes count.
    pub classes: label_state::Rules,
}

impl ModelSettings {
    /// What tells the models of a configuration apart: the name; empty for an only model without one, whose name in results is that of
    /// its file.
    pub fn key(&self) -> Arc<str> {
        self.name.clone().unwrap_or_default()
    }

    /// The built-in model on `runtime`, everything else as by default.
    pub fn builtin(runtime: runtime::Params) -> Self {
        let model::Params { labels, size, output, scores, top, .. } = model::Params::default();
        let (name, preprocess, state, classes) = Default::default();
        Self { name, model: BUILTIN.into(), labels, size, output, scores, runtime, preprocess, top, state, classes }
    }
}

/// The models of `layers` that could be read, and the names of all of them.
pub fn read(layers: &Layers) -> (Vec<Placed<ModelSettings>>, Vec<String>) {
    let by_flag = layers.flags.value("model", "file").is_some();
    let state = label_state::Params::read(&layers.section("state"));
    let (mut sections, execution) = (layers.sections("model"), layers.section("execution"));
    if sections.is_empty() || (by_flag && sections.iter().any(Section::is_repeated)) {
        sections = vec![layers.section_of_flags("model")];
    }
    let most = *MODELS.end();
    if let Some(model) = sections.get(most) {
        layers.fault(model.origin, format!("too many models: at most {most} are allowed"));
        sections.truncate(most);
    }
    let mut models: Vec<Placed<ModelSettings>> = Vec::new();
    for section in &sections {
        let Some(model) = one(layers, section, &execution, state, sections.len() == 1) else { continue };
        let name = model.value.name.as_ref();
        if let Some(first) = models.iter().find(|other| name.is_some() && other.value.name.as_ref() == name) {
            let text = format!("a second model is called '{}'; the first one is in {}", model.value.key(), first.origin);
            layers.fault(section.origin, text);
        }
        models.push(model);
    }
    let names = sections.iter().filter_map(|section| section.placed_quietly("name")).map(|name| name.value);
    (models, names.collect())
}

/// What `section` says, with `[execution]` for what it does not say of its execution; `None` where it names no model.
fn one(
    layers: &Layers,
    section: &Section,
    execution: &Section,
    state: label_state::Params,
    is_only: bool,
) -> Option<Placed<ModelSettings>> {
    let runtime = runtime::Params::read(&section.based_on("execution", execution));
    let model::Params { name, file, labels, size, output, scores, top } = model::Params::read(section);
    let preprocess = preprocess::Chosen::read(section);
    let classes = label_state::Rules::read(&section.below("classes"));
    if !is_only && !section.has("name") {
        layers.fault(section.origin, "this model has no name; with more than one, each needs its own");
    }
    if file.is_none() && !section.has("file") {
        let place = if section.is_repeated() { "[[model]]" } else { "[model]" };
        let text = format!("no model is set: file = \"FILE\" in {place}; file = \"testcard\" is the built-in one");
        layers.fault(if section.is_repeated() { section.origin } else { Origin::Nowhere }, text);
    }
    let Placed { value: model, origin } = file?;
    // a flag names another model than the one that has this name
    let name = name.filter(|_| origin.flag().is_none()).map(Into::into);
    Some(Placed {
        value: ModelSettings { name, model, labels, size, output, scores, runtime, preprocess, top, state, classes },
        origin,
    })
}

/// The only model of `layers`.
pub fn read_one(layers: &Layers) -> Option<ModelSettings> {
    read(layers).0.into_iter().next().map(|model| model.value)
}
