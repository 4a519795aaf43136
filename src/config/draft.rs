//! Settings as they are written, before defaults: by the file, by flags, or by flags over the file.

use super::advice;
use super::faults::Fault;
use super::reading::PipelineText;
use super::table::Placed;
use super::{Camera, ModelSettings, Output, Settings, Stuck, values};
use crate::capture::{Limits, Rotate, Turn, launch};
use crate::error::Error;
use crate::preprocess::{self, Filter, Fit, Normalize};
use crate::publish::socket;
use crate::runtime;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The longest name of a camera, in bytes: each message carries it.
const NAME: usize = 128;

/// What was set, and what was not.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // the names are those of `Settings`
pub struct Draft {
    pub model: Option<Placed<PathBuf>>,
    pub labels: Option<Placed<PathBuf>>,
    pub top: Option<usize>,
    pub fit: Option<Fit>,
    pub filter: Option<Filter>,
    pub mean: Option<[f32; 3]>,
    pub std: Option<[f32; 3]>,
    pub runtime: runtime::Draft,
    pub socket: Option<PathBuf>,
    pub socket_mode: Option<u32>,
    pub socket_group: Option<String>,
    pub socket_limit: Option<usize>,
    pub output: Option<Output>,
    pub status_interval: Option<Duration>,
    pub start_timeout: Option<Duration>,
    pub stall_timeout: Option<Duration>,
    /// For all cameras, whatever each says.
    pub rotate: Option<Rotate>,
    /// For all cameras, whatever each says.
    pub mirror: Option<bool>,
    /// For the pipelines of all cameras.
    pub vars: BTreeMap<String, String>,
    pub cameras: Vec<CameraDraft>,
}

/// One camera as it is written.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // as above
pub struct CameraDraft {
    /// Where it begins.
    pub line: usize,
    pub name: Option<Placed<String>>,
    pub source: Option<Placed<Source>>,
    /// For this camera's pipeline alone.
    pub vars: BTreeMap<String, String>,
    pub rotate: Option<Rotate>,
    pub mirror: Option<bool>,
    pub start_timeout: Option<Duration>,
    pub live: Option<bool>,
    pub stall_timeout: Option<Duration>,
    pub on_stuck: Option<String>,
    pub on_stuck_after: Option<usize>,
}

/// Where a pipeline's text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A `.launch` file.
    File(PathBuf),
    /// The text itself.
    Text(String),
}

/// What a draft comes to.
pub struct Settled {
    /// The settings, where nothing is wrong with them.
    pub settings: Option<Settings>,
    /// The pipelines of all cameras that could be read.
    pub pipelines: Vec<PipelineText>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Draft {
    /// This draft, and `base` wherever it says nothing. Its cameras, if it has any, take the place of all others.
    pub fn over(self, base: Self) -> Self {
        let mut vars = base.vars;
        vars.extend(self.vars);
        Self {
            model: self.model.or(base.model),
            labels: self.labels.or(base.labels),
            top: self.top.or(base.top),
            fit: self.fit.or(base.fit),
            filter: self.filter.or(base.filter),
            mean: self.mean.or(base.mean),
            std: self.std.or(base.std),
            runtime: self.runtime.over(base.runtime),
            socket: self.socket.or(base.socket),
            socket_mode: self.socket_mode.or(base.socket_mode),
            socket_group: self.socket_group.or(base.socket_group),
            socket_limit: self.socket_limit.or(base.socket_limit),
            output: self.output.or(base.output),
            status_interval: self.status_interval.or(base.status_interval),
            start_timeout: self.start_timeout.or(base.start_timeout),
            stall_timeout: self.stall_timeout.or(base.stall_timeout),
            rotate: self.rotate.or(base.rotate),
            mirror: self.mirror.or(base.mirror),
            vars,
            cameras: if self.cameras.is_empty() { base.cameras } else { self.cameras },
        }
    }

    /// The settings of the model alone, with the defaults; a fault where no model is set.
    pub fn model(&self) -> Result<ModelSettings, Fault> {
        let none = Normalize::default();
        let missing = || Fault::new(0, "no model is set: file = \"FILE\" in [model]; file = \"testcard\" is the built-in one");
        Ok(ModelSettings {
            model: self.model.as_ref().ok_or_else(missing)?.value.clone(),
            labels: self.labels.as_ref().map(|labels| labels.value.clone()),
            runtime: self.runtime.clone().params(),
            preprocess: preprocess::Params {
                fit: self.fit.unwrap_or(Fit::Stretch),
                filter: self.filter.unwrap_or(Filter::Bicubic),
                normalize: Normalize { mean: self.mean.unwrap_or(none.mean), std: self.std.unwrap_or(none.std) },
                ..preprocess::Params::default()
            },
            top: self.top.unwrap_or(5),
        })
    }

    /// The settings, with the defaults. Variables of pipelines come from the camera, then from all cameras' `vars`, then from
    /// `environment`.
    pub fn settle(self, environment: &dyn Fn(&str) -> Option<OsString>) -> Settled {
        let (mut faults, mut pipelines) = (Vec::new(), Vec::new());
        let model = self.model().map_err(|fault| faults.push(fault)).ok();
        if self.cameras.is_empty() {
            faults.push(Fault::new(0, "there is no camera: add a [[camera]] section"));
        }
        if let Some(camera) = self.cameras.get(*values::CAMERAS.end()) {
            let most = values::CAMERAS.end();
            faults.push(Fault::new(camera.line, format!("too many cameras: at most {most} are allowed")));
        }
        faults.extend(self.runtime.qnn.conflicts().into_iter().map(|conflict| Fault::new(0, conflict)));
        let cameras: Vec<_> = self
            .cameras
            .iter()
            .take(*values::CAMERAS.end())
            .filter_map(|camera| self.camera(camera, environment, &mut pipelines, &mut faults))
            .collect();
        for (n, camera) in self.cameras.iter().enumerate() {
            let name = |camera: &CameraDraft| camera.name.as_ref().map(|name| name.value.clone());
            if let Some(known) = self.cameras[..n].iter().find(|other| name(other).is_some() && name(other) == name(camera)) {
                let what = format!(
                    "a second camera is called '{}'; the first one is in line {}",
                    name(camera).unwrap_or_default(),
                    known.line
                );
                faults.push(Fault::new(camera.line, what));
            }
        }
        let usual = socket::Params::default();
        let socket = self.socket.map(|path| socket::Params {
            path,
            mode: self.socket_mode.unwrap_or(usual.mode),
            group: self.socket_group,
            limit: self.socket_limit.unwrap_or(usual.limit),
        });
        let settings = model.filter(|_| faults.is_empty()).map(|model| Settings {
            model,
            cameras,
            socket,
            output: self.output,
            status_interval: self.status_interval,
        });
        Settled { settings, pipelines, faults }
    }

    fn camera(
        &self,
        camera: &CameraDraft,
        environment: &dyn Fn(&str) -> Option<OsString>,
        pipelines: &mut Vec<PipelineText>,
        faults: &mut Vec<Fault>,
    ) -> Option<Camera> {
        let before = faults.len();
        let name = match &camera.name {
            Some(name) if name.value.trim().is_empty() || name.value.len() > NAME || name.value.contains(char::is_control) => {
                faults.push(Fault::new(name.line, format!("a camera's name is a word or two, of at most {NAME} bytes")));
                return None;
            }
            Some(name) => name.value.clone(),
            None if self.cameras.len() > 1 => {
                faults.push(Fault::new(camera.line, "this camera has no name; with more than one, each needs its own"));
                return None;
            }
            None => "camera".to_owned(),
        };
        let set = |name: &str| camera.vars.get(name).or_else(|| self.vars.get(name));
        let lookup = |name: &str| set(name).map(OsString::from).or_else(|| environment(name));
        let source = camera.source.as_ref()?;
        let pipeline = match &source.value {
            Source::File(path) => launch::read(path, &lookup),
            Source::Text(text) => launch::expand(text, &format!("of {name}"), &lookup),
        };
        let told = |error: Error| match source.line {
            0 => error.to_string(),
            _ => advice::of_file(error, &Self::default()).to_string(),
        };
        let pipeline = pipeline.map_err(|error| faults.push(Fault::new(source.line, told(error)))).ok()?;
        pipelines.push(PipelineText { camera: name.clone(), text: Placed { value: pipeline.clone(), line: source.line } });
        let stuck =
            camera.on_stuck.as_ref().map(|command| Stuck { command: command.clone(), after: camera.on_stuck_after.unwrap_or(5) });
        if stuck.is_none() && camera.on_stuck_after.is_some() {
            faults.push(Fault::new(camera.line, "on_stuck_after without on_stuck: there is no command to run"));
        }
        let usual = Limits::default();
        let limits = Limits {
            start: camera.start_timeout.or(self.start_timeout).unwrap_or(usual.start),
            stall: camera.stall_timeout.or(self.stall_timeout).unwrap_or(usual.stall),
        };
        let rotate = self.rotate.or(camera.rotate).unwrap_or_default();
        let turn = Turn { rotate, mirror: self.mirror.or(camera.mirror).unwrap_or(false) };
        (faults.len() == before).then_some(Camera { name: name.into(), pipeline, live: camera.live, turn, limits, stuck })
    }
}
