//! A reload: new settings while the daemon is running. They are read and checked first, on a separate thread; then they take effect, or
//! are refused, as a whole.
//!
//! The main thread never waits for a reload. It goes from step to step, and the result of each step comes back to it as an event:
//!
//! 1. *Loading*: the file is read, and models that are new or have changed are opened.
//! 2. *Changing*: all changes are offered to the engines at once (models, streams to remove and to add), which apply them between two
//!    frames. If one of them does not accept them in time, they are withdrawn from all, and nothing has changed.
//! 3. *Replacing*: the new settings are in force. Removed cameras end; a camera that replaces another one starts once the old one has
//!    ended.
//!
//! This file has the state of a reload; `steps.rs` has its steps.

use super::camera::{Camera, Prepared, StreamChange};
use super::engine_thread::EngineThread;
use crate::config::{self, Changes, Settings};
use crate::engine::{Classifier, Pending, Replaced};
use crate::error::Result;
use crate::message::{Hello, Model};
use crate::runtime::Execution;
use crate::startup::{Files, Known, OpenModel};
use crossbeam_channel::{Receiver, at, never};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the engines may take to accept changes: each finishes one inference first.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How often the log says what a reload waits for, and when it is abandoned: building a model for the NPU may take a minute or two.
const REMIND: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(300);

/// Reads the settings, and opens those of their models that differ from the current ones, which are passed.
pub type Load = Arc<dyn Fn(&[Known]) -> Result<(Settings, Vec<OpenModel>)> + Send + Sync>;

/// The source of new settings, and the current ones.
pub struct Source {
    /// Reads them.
    pub load: Load,
    /// The settings with which the daemon was started.
    pub settings: Settings,
    /// The files of their models, in the same order.
    pub files: Vec<Files>,
    /// How long the engines may take to accept changes; usually [`PATIENCE`].
    pub patience: Duration,
}

impl Source {
    /// `settings` are in force, some of whose models, by their keys, were read from these `files`.
    pub fn renew(&mut self, settings: Settings, mut files: Vec<(Arc<str>, Files)>) {
        let before = self.settings.keys().into_iter().zip(std::mem::take(&mut self.files));
        files.extend(before);
        let of = |key: Arc<str>| files.iter().find(|(known, _)| *known == key).map(|(_, files)| files.clone());
        self.files = settings.keys().into_iter().map(|key| of(key).unwrap_or_default()).collect();
        self.settings = settings;
    }
}

/// New settings, and the classifiers of models that are new or have changed.
pub struct Loaded {
    pub settings: Settings,
    pub models: Vec<(Box<Classifier>, Files)>,
}

/// The state of a reload.
pub enum Step {
    /// No reload is in progress.
    Idle,
    /// The file is being read, and the model opened.
    Loading(Receiver<Result<Loaded>>),
    /// The changes are offered to the engines.
    Changing(Box<Changing>),
    /// Removed cameras are ending, and their replacements starting.
    Replacing(Replacing),
}

/// Changes offered to the engines.
pub struct Changing {
    pub pending: Pending,
    pub until: Instant,
    pub settings: Settings,
    /// The files of models that are new or have changed, by the engines' keys.
    pub files: Vec<(Arc<str>, Files)>,
    /// The models that running engines get, with their execution.
    pub models: Vec<(Arc<str>, Model, Execution)>,
    /// The engines of new models.
    pub engines: Vec<EngineThread>,
    pub hello: Hello,
    pub changes: Changes,
    pub prepared: Vec<Prepared>,
    /// Cameras that continue with other streams.
    pub exchanged: Vec<(config::Camera, StreamChange)>,
}

/// Ending cameras and their replacements.
pub struct Replacing {
    pub leaving: Vec<Camera>,
    pub waiting: Vec<Prepared>,
    pub until: Instant,
}

/// The reload.
pub struct Reload {
    pub source: Option<Source>,
    pub now: Step,
    /// The current step, the start of the reload, and its duration at the last log message.
    step: Arc<Mutex<String>>,
    since: Instant,
    reminded: Duration,
    /// Another reload was requested meanwhile.
    pub again: bool,
}

impl Reload {
    pub fn new(source: Option<Source>) -> Self {
        let (step, since, reminded) = (Arc::default(), Instant::now(), Duration::ZERO);
        Self { source, now: Step::Idle, step, since, reminded, again: false }
    }

    /// Begins a reload at `now`; returns the place for the name of its current step.
    pub fn begin(&mut self, coming: Receiver<Result<Loaded>>, now: Instant) -> Arc<Mutex<String>> {
        // a new one: an abandoned reload may still write to the old one
        self.step = Arc::new(Mutex::new("reading the configuration".to_owned()));
        (self.now, self.since, self.reminded) = (Step::Loading(coming), now, Duration::ZERO);
        self.step.clone()
    }

    /// The report about a slow reload, and whether it is abandoned.
    pub fn overdue(&mut self, now: Instant) -> Option<(String, bool)> {
        let took = now.saturating_duration_since(self.since);
        if !matches!(self.now, Step::Loading(_)) || took < self.reminded + REMIND {
            return None;
        }
        self.reminded = took;
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        Some((format!("{step}, for {} s", took.as_secs()), took >= DEADLINE))
    }

    /// The events that it waits for: the new settings, the engines' answer, the end of a camera, and a timeout of the last two.
    #[allow(clippy::type_complexity)] // named where they are selected
    pub fn awaited(&self) -> (Receiver<Result<Loaded>>, Receiver<Replaced>, Receiver<()>, Receiver<Instant>) {
        match &self.now {
            Step::Idle => (never(), never(), never(), never()),
            Step::Loading(loaded) => (loaded.clone(), never(), never(), never()),
            Step::Changing(changing) => (never(), changing.pending.answer().clone(), never(), at(changing.until)),
            Step::Replacing(replacing) => {
                let ended = replacing.leaving.iter().find_map(Camera::at_work).cloned();
                // the last one may just have ended
                let until = if ended.is_some() { replacing.until } else { Instant::now() };
                (never(), never(), ended.unwrap_or_else(never), at(until))
            }
        }
    }

    /// Whether the engines may be applying changes.
    pub fn is_changing(&self) -> bool {
        matches!(self.now, Step::Changing(_))
    }

    /// The cameras that were asked to end and have not yet; for the end of the daemon.
    pub fn take_leaving(&mut self) -> Vec<Camera> {
        match std::mem::replace(&mut self.now, Step::Idle) {
            Step::Replacing(replacing) => replacing.leaving,
            _ => Vec::new(),
        }
    }

    /// Whether there is a configuration file.
    pub fn has_source(&self) -> bool {
        self.source.is_some()
    }

    /// Whether a reload may still add cameras after all have ended.
    pub fn may_come(&self) -> bool {
        !matches!(self.now, Step::Idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn a_hanging_reload_is_reported_and_finally_abandoned() {
        let (mut reload, start) = (Reload::new(None), Instant::now());
        assert_eq!(reload.overdue(start + DEADLINE), None, "none is under way");
        let (_give, coming) = bounded(1);
        let step = reload.begin(coming, start);
        let mut at = |seconds| reload.overdue(start + Duration::from_secs(seconds));
        assert_eq!(at(29), None);
        assert_eq!(at(30), Some(("reading the configuration, for 30 s".to_owned(), false)));
        *step.lock().unwrap() = "opening the model 'x.onnx'".to_owned();
        assert_eq!(at(59), None);
        assert_eq!(at(60), Some(("opening the model 'x.onnx', for 60 s".to_owned(), false)));
        assert_eq!(at(300), Some(("opening the model 'x.onnx', for 300 s".to_owned(), true)));
    }
}
