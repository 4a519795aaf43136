//! A reload: other settings while the daemon runs. They are read and tried first, on a thread of their own; then taken, or refused as a
//! whole.
//!
//! The main thread never waits for a reload. It goes from step to step, and what each step waits for comes back to it as an event:
//!
//! 1. *Loading*: the file is read, and the model opened if it has changed.
//! 2. *Changing*: the engines are offered all changes at once (the model, streams to remove and to add), which they make between two
//!    frames. If one of them does not take them in time, they are withdrawn from all, and nothing has happened.
//! 3. *Replacing*: the new settings are in force. Removed cameras end; a camera that replaces another one starts once that has ended.
//!
//! This file holds what a reload waits for; `steps.rs` is what the main thread does when it comes.

use super::camera::{Camera, Prepared};
use crate::config::{Changes, ModelSettings, Settings};
use crate::engine::{Classifier, Pending, Replaced};
use crate::error::Result;
use crate::message::{Hello, Model};
use crate::runtime::Execution;
use crate::startup::{Files, OpenModel};
use crossbeam_channel::{Receiver, at, never};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the engines may take to make changes: each finishes one inference first.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How often the log says what a reload waits for, and after how long it is given up: an NPU may build a model for a minute or two.
const REMIND: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(300);

/// Reads the settings anew, and opens their model where it is not the one in force, which is given with its files.
pub type Load = Arc<dyn Fn(&ModelSettings, &Files) -> Result<(Settings, Option<OpenModel>)> + Send + Sync>;

/// Where other settings come from, and those in force.
pub struct Source {
    /// Reads them.
    pub load: Load,
    /// Those that the daemon was started with.
    pub settings: Settings,
    /// The files of their model.
    pub files: Files,
    /// How long the engines may take to make changes; usually [`PATIENCE`].
    pub patience: Duration,
}

/// Settings that were read, and a classifier where it is another.
pub struct Loaded {
    pub settings: Settings,
    pub model: Option<(Box<Classifier>, Files)>,
}

/// What a reload waits for.
pub enum Step {
    /// None is under way.
    Idle,
    /// The file is read, and the model opened.
    Loading(Receiver<Result<Loaded>>),
    /// The engines are to make the changes.
    Changing(Box<Changing>),
    /// Removed cameras end, and others start in their place.
    Replacing(Replacing),
}

/// Changes that were offered to the engines.
pub struct Changing {
    pub pending: Pending,
    pub until: Instant,
    pub settings: Settings,
    /// Another model, what runs it, and its files.
    pub model: Option<(Model, Execution, Files)>,
    pub hello: Hello,
    pub changes: Changes,
    pub prepared: Vec<Prepared>,
}

/// Cameras that end, and those that start in their place.
pub struct Replacing {
    pub leaving: Vec<Camera>,
    pub waiting: Vec<Prepared>,
    pub until: Instant,
}

/// Where a reload stands.
pub struct Reload {
    pub source: Option<Source>,
    pub now: Step,
    /// What the reload is doing, since when, and for how long it had taken when the log said so last.
    step: Arc<Mutex<String>>,
    since: Instant,
    reminded: Duration,
    /// It was asked for once more meanwhile.
    pub again: bool,
}

impl Reload {
    pub fn new(source: Option<Source>) -> Self {
        let (step, since, reminded) = (Arc::default(), Instant::now(), Duration::ZERO);
        Self { source, now: Step::Idle, step, since, reminded, again: false }
    }

    /// One begins at `now`; gives where it is to say what it is doing.
    pub fn begin(&mut self, coming: Receiver<Result<Loaded>>, now: Instant) -> Arc<Mutex<String>> {
        // its own: one that was given up may still write to the old one
        self.step = Arc::new(Mutex::new("reading the configuration".to_owned()));
        (self.now, self.since, self.reminded) = (Step::Loading(coming), now, Duration::ZERO);
        self.step.clone()
    }

    /// What to say of a reload that takes long, and whether it is to be given up.
    pub fn overdue(&mut self, now: Instant) -> Option<(String, bool)> {
        let took = now.saturating_duration_since(self.since);
        if !matches!(self.now, Step::Loading(_)) || took < self.reminded + REMIND {
            return None;
        }
        self.reminded = took;
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        Some((format!("{step}, for {} s", took.as_secs()), took >= DEADLINE))
    }

    /// The events that it waits for: what was read; the engines' answer; the end of a camera; and that one of the last two is late.
    #[allow(clippy::type_complexity)] // named where they are selected
    pub fn awaited(&self) -> (Receiver<Result<Loaded>>, Receiver<Replaced>, Receiver<()>, Receiver<Instant>) {
        match &self.now {
            Step::Idle => (never(), never(), never(), never()),
            Step::Loading(loaded) => (loaded.clone(), never(), never(), never()),
            Step::Changing(changing) => (never(), changing.pending.answer().clone(), never(), at(changing.until)),
            Step::Replacing(replacing) => {
                let ended = replacing.leaving.iter().find_map(Camera::at_work).cloned();
                // the last one may have ended just now
                let until = if ended.is_some() { replacing.until } else { Instant::now() };
                (never(), never(), ended.unwrap_or_else(never), at(until))
            }
        }
    }

    /// Whether the engines may be making changes.
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

    /// Whether cameras may come that way, now that all have ended.
    pub fn may_come(&self) -> bool {
        !matches!(self.now, Step::Idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn a_reload_that_hangs_is_told_and_given_up_in_the_end() {
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
