//! Settings, put together from what each station wants: out of the configuration file, and of flags, which overrule it.
//!
//! What was written becomes a [`Draft`]; a draft of the flags is laid over one of the file, and [`Draft::settle`] makes
//! [`Settings`] of it. All that is wrong is told at once, with its lines.

mod draft;
mod faults;
mod file;
mod table;
pub mod values;

pub use draft::{Cache, CameraDraft, Draft, Source};
pub use faults::Fault;
pub use file::KEYS;
pub use table::Placed;

use crate::capture;
use crate::error::{Error, Result};
use crate::files;
use crate::labels::Labels;
use crate::model::{self, Model};
use crate::preprocess::{self, Filter, Fit};
use crate::publish::{Format, socket};
use crate::runtime::{self, Provider};
use crate::worker::Classifier;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the service's configuration is.
pub const PATH: &str = "/etc/glimpsed/glimpsed.toml";

const PROVIDERS: [(&str, Provider); 3] = [("cpu", Provider::Cpu), ("qnn", Provider::Qnn), ("auto", Provider::Auto)];
const FITS: [(&str, Fit); 3] = [("stretch", Fit::Stretch), ("crop", Fit::Crop), ("letterbox", Fit::Letterbox)];
const FILTERS: [(&str, Filter); 5] = [
    ("bicubic", Filter::Bicubic),
    ("bilinear", Filter::Bilinear),
    ("box", Filter::Box),
    ("linear", Filter::Linear),
    ("nearest", Filter::Nearest),
];
const OUTPUTS: [(&str, Output); 3] =
    [("json", Output::Lines(Format::Json)), ("text", Output::Lines(Format::Text)), ("none", Output::None)];

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Each result.
    Lines(Format),
    /// Nothing.
    None,
}

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

/// One camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its name in results.
    pub name: Arc<str>,
    /// gst-launch text, variables filled in.
    pub pipeline: String,
    /// How its frames are made upright.
    pub turn: capture::Turn,
    /// Whether it is live; `None`: the kind of its source decides.
    pub live: Option<bool>,
    /// Without a frame for so long it is lost.
    pub limits: capture::Limits,
    /// What to run when it stays lost.
    pub stuck: Option<Stuck>,
}

/// What to run when a camera stays lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// For `sh -c`.
    pub command: String,
    /// After so many losses without a frame in between, and again after as many.
    pub after: usize,
}

/// What classifies, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
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

impl ModelSettings {
    /// Reads the model and its labels.
    pub fn read(&self) -> Result<(Model, Labels)> {
        let model = read_model(&self.model)?;
        let labels = model.labels(self.labels.as_deref())?;
        Ok((model, labels))
    }

    /// Reads model and labels, loads ONNX Runtime and opens a session: whatever can fail before the first frame.
    pub fn classifier(&self) -> Result<Classifier> {
        let (model, labels) = self.read()?;
        if labels.origin().is_none() {
            tracing::warn!("no labels: classes are numbered. --labels FILE names them, or labels.txt beside the model.");
        }
        let runtime = runtime::open(&model, &self.runtime)?;
        Ok(Classifier::new(&model, labels, runtime, &self.preprocess, self.top))
    }
}

/// The folder of QNN that the file at `path` names, if it can be read: for what must be set before anything else starts.
pub fn qnn_dir(path: &Path) -> Option<PathBuf> {
    let text = files::read_text(path, files::SETTINGS).ok()?;
    file::parse(&text, path.parent().unwrap_or(Path::new(""))).0.qnn_dir
}

/// Reads an ONNX file; or gives the built-in model, for `testcard`.
pub fn read_model(path: &Path) -> Result<Model> {
    if path == Path::new(model::BUILTIN) { model::builtin() } else { Model::read(path) }
}

/// Reads the file at `path`, with `flags` over it. Everything that is wrong, in the file and with what it names (model, labels,
/// pipelines), is one error.
pub fn read(path: &Path, flags: Draft, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Settings> {
    let origin = format!("the configuration '{}'", path.display());
    let text = files::read_text(path, files::SETTINGS).map_err(|e| {
        Error::config(format!("cannot read {origin}"))
            .because(e)
            .hint("/usr/share/glimpsed/glimpsed.toml.example is one to begin with.")
    })?;
    parse(&text, path.parent().unwrap_or(Path::new("")), &origin, flags, environment)
}

/// The same with the file's text: relative paths are taken from `folder` on, `origin` names it in messages.
pub fn parse(
    text: &str,
    folder: &Path,
    origin: &str,
    flags: Draft,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Settings> {
    let (draft, mut found) = file::parse(text, folder);
    let draft = flags.over(draft);
    let line = draft.model.as_ref().map_or(0, |model| model.line);
    if let Ok(model) = draft.model()
        && let Err(error) = model.read()
    {
        found.push(Fault::new(line, error.to_string()));
    }
    let settled = draft.settle(environment).map_err(|more| found.extend(more));
    match settled {
        Ok(settings) if found.is_empty() => Ok(settings),
        _ => Err(faults::error(origin, found)),
    }
}

/// The settings of `flags` alone.
pub fn of_flags(flags: Draft, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Settings> {
    if flags.model.is_none() {
        return Err(Error::usage("no model is named").hint("--model FILE names one; testcard is the built-in one."));
    }
    flags.settle(environment).map_err(|faults| match &faults[..] {
        [fault] => Error::config(fault.text.clone()),
        _ => faults::error("the command line", faults),
    })
}
