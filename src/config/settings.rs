//! All that the daemon is told, and how it is read from the layers.

use super::cameras::{self, PipelineText};
use crate::capture::Camera;
use crate::model::{self, BUILTIN};
use crate::preprocess;
use crate::publish::{self, Output, socket};
use crate::runtime;
use crate::settings::{Layers, Origin, Placed};
use crate::tensor::Scores;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// All that the daemon is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What classifies.
    pub model: ModelSettings,
    /// What is watched.
    pub cameras: Vec<Camera>,
    /// Where subscribers come.
    pub socket: Option<socket::Params>,
    /// What goes to standard output; where it is not said, results go there unless there is a socket.
    pub output: Option<Output>,
    /// How often subscribers get the statistics.
    pub status_interval: Option<Duration>,
}

/// What classifies, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
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
}

impl ModelSettings {
    /// What `[model]` and `[execution]` say; `None` where they name no model.
    pub fn read(layers: &Layers) -> Option<Placed<Self>> {
        let (section, runtime) = (layers.section("model"), runtime::Params::read(&layers.section("execution")));
        let model::Params { file, labels, size, output, scores, top } = model::Params::read(&section);
        let preprocess = preprocess::Chosen::read(&section);
        if file.is_none() && !section.has("file") {
            layers.fault(Origin::Nowhere, "no model is set: file = \"FILE\" in [model]; file = \"testcard\" is the built-in one");
        }
        let Placed { value: model, origin } = file?;
        Some(Placed { value: Self { model, labels, size, output, scores, runtime, preprocess, top }, origin })
    }

    /// The built-in model on `runtime`, everything else as by default.
    pub fn builtin(runtime: runtime::Params) -> Self {
        let model::Params { labels, size, output, scores, top, .. } = model::Params::default();
        Self { model: BUILTIN.into(), labels, size, output, scores, runtime, preprocess: preprocess::Chosen::default(), top }
    }
}

/// What layers of settings come to.
pub struct Read {
    /// The settings; they count only where nothing is wrong.
    pub settings: Option<Settings>,
    /// The model, where one is named.
    pub model: Option<Placed<ModelSettings>>,
    /// The pipelines of all cameras that could be read.
    pub pipelines: Vec<PipelineText>,
}

/// Reads all of `layers`, in which faults are noted. Pipelines may use variables of the `environment`.
pub fn read(layers: &Layers, environment: &dyn Fn(&str) -> Option<OsString>) -> Read {
    let model = ModelSettings::read(layers);
    let (cameras, pipelines) = cameras::read(layers, environment);
    let socket = socket::Params::read(&layers.section("socket"));
    let publish::Params { stdout: output, status_interval } = publish::Params::read(&layers.section("output"));
    let settings = model.clone().map(|model| Settings { model: model.value, cameras, socket, output, status_interval });
    Read { settings, model, pipelines }
}
