//! All that the daemon is told, and how it is read from the layers.

use super::cameras::{self, PipelineText};
use super::models::{self, ModelSettings};
use super::streams::streams;
use crate::bridge::mqtt;
use crate::capture::Camera;
use crate::publish::{self, Output, socket};
use crate::settings::{Layers, Placed};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

/// All that the daemon is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What classifies: the models that cameras use, at least one.
    pub models: Vec<ModelSettings>,
    /// The names of models that no camera uses, which are not opened.
    pub unused: Vec<Arc<str>>,
    /// What is watched.
    pub cameras: Vec<Camera>,
    /// Where subscribers come.
    pub socket: Option<socket::Params>,
    /// What goes to standard output; where it is not said, results go there unless there is a socket.
    pub output: Option<Output>,
    /// How often subscribers get the statistics.
    pub status_interval: Option<Duration>,
}

impl Settings {
    /// The keys of the models, in their order.
    pub fn keys(&self) -> Vec<Arc<str>> {
        self.models.iter().map(ModelSettings::key).collect()
    }
}

/// What layers of settings come to.
pub struct Read {
    /// The settings; they count only where nothing is wrong.
    pub settings: Option<Settings>,
    /// The models that are used.
    pub models: Vec<Placed<ModelSettings>>,
    /// The pipelines of all cameras that could be read.
    pub pipelines: Vec<PipelineText>,
}

/// Reads all of `layers`, in which faults are noted. Pipelines may use variables of the `environment`.
pub fn read(layers: &Layers, environment: &dyn Fn(&str) -> Option<OsString>) -> Read {
    let (models, names) = models::read(layers);
    let (cameras, pipelines) = cameras::read(layers, &names, environment);
    let socket = socket::Params::read(&layers.section("socket"));
    // `glimpsed mqtt` reads it for itself; here it is only checked
    let _ = mqtt::Params::read(&layers.section("mqtt"));
    let publish::Params { stdout: output, status_interval } = publish::Params::read(&layers.section("output"));
    // where something is wrong, it is not known who uses what
    let known = layers.count() == 0;
    let keys: Vec<_> = models.iter().map(|model| model.value.key()).collect();
    let used: Vec<_> = cameras.iter().flat_map(|camera| streams(camera, &keys)).map(|stream| stream.model).collect();
    let is_used = |model: &Placed<ModelSettings>| !known || used.contains(&model.value.key());
    let (models, unused): (Vec<_>, Vec<_>) = models.into_iter().partition(is_used);
    let settings = Settings {
        models: models.iter().map(|model| model.value.clone()).collect(),
        unused: unused.into_iter().map(|model| model.value.key()).collect(),
        cameras,
        socket,
        output,
        status_interval,
    };
    Read { settings: Some(settings).filter(|settings| !settings.models.is_empty()), models, pipelines }
}
