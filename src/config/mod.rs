//! Settings, put together from what each station wants: out of the configuration file, and of flags, which overrule it.
//!
//! What was written becomes a [`Draft`]; a draft of the flags is laid over one of the file, and [`Draft::settle`] makes
//! [`Settings`] of it. Nothing that they name is opened here: a [`Reading`] keeps the faults and lines until [`crate::startup`] has
//! done so. All that is wrong is then told at once, with its lines.

mod advice;
mod changes;
mod draft;
mod faults;
mod file;
mod load;
mod reading;
mod table;
pub mod values;

pub use advice::of_file as advise_keys;
pub use changes::Changes;
pub use draft::{CameraDraft, Draft, Source};
pub use faults::Fault;
pub use file::KEYS;
pub use load::{Refused, as_far_as_readable, load, of_flags, parse, qnn_dir};
pub use reading::{PipelineText, Reading, Unsound};
pub use table::Placed;

use crate::capture;
use crate::preprocess::{self, Filter, Fit};
use crate::publish::{Format, socket};
use crate::runtime::{self, Provider};
use std::path::PathBuf;
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
