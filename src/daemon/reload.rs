//! A reload: other settings while the daemon runs. They are read and tried first, on a thread of their own; then taken, or refused as a
//! whole.
//!
//! The main thread never waits for a reload. It goes from step to step, and what each step waits for comes back to it as an event:
//!
//! 1. *Loading*: the file is read, and the model opened if it has changed.
//! 2. *Changing*: the worker is offered all changes at once (the model, streams to remove and to add), which it makes between two frames.
//!    If it does not take them in time, they are withdrawn, and nothing has happened.
//! 3. *Replacing*: the new settings are in force. Removed cameras end; a camera that replaces another one starts once that has ended.

use super::Daemon;
use super::camera::{Camera, Prepared};
use crate::config::{Changes, Settings};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::tally::State;
use crate::worker::{self, Change, Classifier, Pending};
use crossbeam_channel::{Receiver, RecvError, TrySendError, at, bounded, never};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long the worker may take to make changes: it finishes one inference first.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How often the log says what a reload waits for, and after how long it is given up: an NPU may build a model for a minute or two.
const REMIND: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(300);

/// Reads the settings anew.
pub type Load = Arc<dyn Fn() -> Result<Settings> + Send + Sync>;

/// Where other settings come from, and those in force.
pub struct Source {
    /// Reads them.
    pub load: Load,
    /// Those that the daemon was started with.
    pub settings: Settings,
    /// How long the worker may take to make changes; usually [`PATIENCE`].
    pub patience: Duration,
}

/// Settings that were read, and a classifier where it is another.
pub struct Loaded {
    settings: Settings,
    model: Option<(Box<Classifier>, Files)>,
}

/// The files of a model as they are: size and time of each. A model that was replaced under its old name is another model.
type Files = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// What a reload waits for.
enum Step {
    /// None is under way.
    Idle,
    /// The file is read, and the model opened.
    Loading(Receiver<Result<Loaded>>),
    /// The worker is to make the changes.
    Changing(Box<Changing>),
    /// Removed cameras end, and others start in their place.
    Replacing(Replacing),
}

/// Changes that were offered to the worker.
struct Changing {
    pending: Pending,
    until: Instant,
    settings: Settings,
    files: Option<Files>,
    hello: crate::message::Hello,
    execution: crate::runtime::Execution,
    changes: Changes,
    prepared: Vec<Prepared>,
}

/// Cameras that end, and those that start in their place.
struct Replacing {
    leaving: Vec<Camera>,
    waiting: Vec<Prepared>,
    until: Instant,
}

/// Where a reload stands.
pub struct Reload {
    source: Option<(Source, Files)>,
    now: Step,
    /// What the reload is doing, since when, and for how long it had taken when the log said so last.
    step: Arc<Mutex<String>>,
    since: Instant,
    reminded: Duration,
    /// It was asked for once more meanwhile.
    again: bool,
}

impl Reload {
    pub fn new(source: Option<Source>) -> Self {
        let source = source.map(|source| {
            let files = files_of(&source.settings);
            (source, files)
        });
        let (step, since, reminded) = (Arc::default(), Instant::now(), Duration::ZERO);
        Self { source, now: Step::Idle, step, since, reminded, again: false }
    }

    /// One begins at `now`; gives where it is to say what it is doing.
    fn begin(&mut self, coming: Receiver<Result<Loaded>>, now: Instant) -> Arc<Mutex<String>> {
        // its own: one that was given up may still write to the old one
        self.step = Arc::new(Mutex::new("reading the configuration".to_owned()));
        (self.now, self.since, self.reminded) = (Step::Loading(coming), now, Duration::ZERO);
        self.step.clone()
    }

    /// What to say of a reload that takes long, and whether it is to be given up.
    fn overdue(&mut self, now: Instant) -> Option<(String, bool)> {
        let took = now.saturating_duration_since(self.since);
        if !matches!(self.now, Step::Loading(_)) || took < self.reminded + REMIND {
            return None;
        }
        self.reminded = took;
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        Some((format!("{step}, for {} s", took.as_secs()), took >= DEADLINE))
    }

    /// The events that it waits for: what was read; the worker's answer; the end of a camera; and that one of the last two is late.
    #[allow(clippy::type_complexity)] // named where they are selected
    pub fn awaited(&self) -> (Receiver<Result<Loaded>>, Receiver<Option<Box<Classifier>>>, Receiver<()>, Receiver<Instant>) {
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

    /// Whether the worker may be making changes.
    pub fn is_changing(&self) -> bool {
        matches!(self.now, Step::Changing(_))
    }

    /// The cameras that were told to end and have not yet; for the end of the daemon.
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

impl Daemon<'_> {
    /// Reads the settings on a thread of their own: a model for the NPU may take a minute.
    pub(super) fn ask_for_settings(&mut self) {
        let Some((source, files)) = &self.reload.source else {
            return tracing::warn!("there is no configuration file to read again");
        };
        if self.reload.may_come() {
            self.reload.again = true;
            return;
        }
        self.outside.service.reloading();
        let (give, coming) = bounded(1);
        let (load, current, known) = (source.load.clone(), source.settings.model.clone(), files.clone());
        let step = self.reload.begin(coming, Instant::now());
        let read = move || {
            let loaded = load().and_then(|settings| {
                *step.lock().unwrap_or_else(PoisonError::into_inner) =
                    format!("opening the model '{}'", settings.model.model.display());
                let files = files_of(&settings);
                let same = settings.model == current && files == known;
                let model = if same { None } else { Some((Box::new(settings.model.classifier()?), files)) };
                Ok(Loaded { settings, model })
            });
            // the daemon may have ended meanwhile
            let _ = give.send(loaded);
        };
        if let Err(e) = thread::Builder::new().name("reload".into()).spawn(read) {
            self.refuse(&Error::failed("cannot start a thread to read the configuration").because(e));
        }
    }

    /// Says what a reload waits for that takes long; gives it up after a while, so that the next one has its turn.
    pub(super) fn look_at_reload(&mut self) {
        match self.reload.overdue(Instant::now()) {
            None => {}
            Some((what, false)) => tracing::warn!("the reload is still {what}; the old configuration is in force meanwhile"),
            Some((what, true)) => {
                let late = format!("the reload is given up: it was {what}");
                let hint = "Does its disk or network file system answer? SIGHUP tries again.";
                self.refuse(&Error::failed(late).hint(hint));
            }
        }
    }

    /// What was read is offered to the worker, or refused.
    pub(super) fn loaded(&mut self, loaded: std::result::Result<Result<Loaded>, RecvError>) {
        let loaded = loaded.unwrap_or_else(|_| Err(Error::failed("reading the configuration panicked")));
        if let Err(error) = loaded.and_then(|loaded| self.offer(loaded)) {
            self.refuse(&error);
        }
    }

    /// Offers the worker everything that has changed, at once.
    fn offer(&mut self, loaded: Loaded) -> Result<()> {
        let ended = || Error::failed("the worker has ended");
        let (Some((source, _)), Some(offers)) = (&self.reload.source, self.changes.clone()) else { return Err(ended()) };
        let Loaded { settings, model } = loaded;
        let running = |name: &str| self.cameras.iter().find(|camera| &*camera.settings.name == name);
        let changes =
            Changes::between(&source.settings, &settings, &|name| running(name).is_none_or(|camera| camera.outcome().is_some()));
        let (mut prepared, mut add, mut remove) = (Vec::new(), Vec::new(), Vec::new());
        for camera in changes.changed.iter().chain(&changes.added) {
            let before = running(&camera.name).map(|before| before.tally.clone());
            let (ready, lane) = self.prepare_camera(camera.clone(), before);
            prepared.push(ready);
            add.push(lane);
        }
        let leaving = changes.removed.iter().chain(changes.changed.iter().map(|camera| &camera.name));
        remove.extend(leaving.filter_map(|name| Some(running(name)?.stream)));
        let (classifier, files) = model.unzip();
        let names: Vec<_> = settings.cameras.iter().map(|camera| &*camera.name).collect();
        let (mut hello, execution) = match &classifier {
            Some(classifier) => (super::hello(classifier, &names), classifier.execution().clone()),
            None => (self.hello.clone(), self.told.clone()),
        };
        hello.cameras = names.iter().map(|name| name.to_string()).collect();
        let (offer, pending) = worker::offer(Change { classifier, remove, add, hello: Some(hello.clone()) });
        offers.try_send(offer).map_err(|error| match error {
            TrySendError::Full(_) => hangs(),
            TrySendError::Disconnected(_) => ended(),
        })?;
        let until = Instant::now() + source.patience;
        let changing = Changing { pending, until, settings, files, hello, execution, changes, prepared };
        self.reload.now = Step::Changing(Box::new(changing));
        Ok(())
    }

    /// Something takes too long.
    pub(super) fn reload_is_late(&mut self) {
        match &mut self.reload.now {
            Step::Changing(changing) => match changing.pending.withdraw() {
                Some(_) => self.refuse(&hangs()),
                // the worker is about to answer
                None => changing.until = Instant::now() + PATIENCE,
            },
            Step::Replacing(_) => self.replace_cameras(Instant::now()),
            Step::Idle | Step::Loading(_) => {}
        }
    }

    /// The worker has made the changes: the new settings are in force.
    pub(super) fn changed(&mut self, replaced: std::result::Result<Option<Box<Classifier>>, RecvError>) {
        let Step::Changing(changing) = std::mem::replace(&mut self.reload.now, Step::Idle) else { return };
        let Ok(replaced) = replaced else { return self.refuse(&Error::failed("the worker has ended")) };
        let Changing { settings, files, hello, execution, changes, prepared, .. } = *changing;
        let mut said = Vec::new();
        if let Some(replaced) = replaced {
            said.push(format!("the model is {}", hello.model));
            retire(replaced);
            *self.execution.lock().unwrap_or_else(PoisonError::into_inner) = execution.clone();
        }
        (self.hello, self.told) = (hello, execution);
        if let Some((source, known)) = &mut self.reload.source {
            source.settings = settings;
            *known = files.unwrap_or_else(|| std::mem::take(known));
        }
        said.extend(changes.changed.iter().map(|camera| format!("{} is set up anew", camera.name)));
        said.extend(changes.added.iter().map(|camera| format!("{} is new", camera.name)));
        said.extend(changes.removed.iter().map(|name| format!("{name} is gone")));
        for section in &changes.restart {
            tracing::warn!("{section} has changed, which takes effect at the next start of the daemon");
        }
        tracing::info!(
            "configuration reloaded: {}",
            if said.is_empty() { "nothing has changed".to_owned() } else { said.join(", ") }
        );
        let stays = |camera: &Camera| {
            let name = &camera.settings.name;
            !changes.removed.contains(name) && changes.changed.iter().all(|changed| changed.name != *name)
        };
        let (stay, leaving) = std::mem::take(&mut self.cameras).into_iter().partition(stays);
        self.cameras = stay;
        let replacing = Replacing { leaving, waiting: prepared, until: Instant::now() + super::FAREWELL };
        replacing.leaving.iter().for_each(Camera::stop);
        self.reload.now = Step::Replacing(replacing);
        self.outside.service.ready();
        self.replace_cameras(Instant::now());
    }

    /// Starts cameras whose predecessors have ended; when all have, the reload is complete.
    pub(super) fn replace_cameras(&mut self, now: Instant) {
        let Step::Replacing(replacing) = &mut self.reload.now else { return };
        let late = now >= replacing.until; // a driver that hangs is left behind
        let (ended, leaving): (Vec<_>, Vec<_>) =
            std::mem::take(&mut replacing.leaving).into_iter().partition(|camera| late || camera.at_work().is_none());
        let waits = |prepared: &Prepared| leaving.iter().any(|camera| &*camera.settings.name == prepared.name());
        let (waiting, due): (Vec<_>, Vec<_>) = std::mem::take(&mut replacing.waiting).into_iter().partition(waits);
        let complete = leaving.is_empty();
        (replacing.leaving, replacing.waiting) = (leaving, waiting);
        for camera in &ended {
            if camera.at_work().is_some() {
                camera.abandon();
            }
            self.farewell(camera);
        }
        for prepared in due {
            let name = prepared.name().to_owned();
            match prepared.start() {
                Ok(camera) => self.cameras.push(camera),
                Err(error) => tracing::error!("{name} does not run, SIGHUP tries again: {error}"),
            }
        }
        if complete {
            self.finish_reload();
        }
        self.look();
    }

    /// The end of a camera that is replaced or removed.
    fn farewell(&self, camera: &Camera) {
        let status = camera.tally.status();
        tracing::info!("{status}");
        if status.state == State::Ended {
            self.announce(&Event::Status(&status));
        }
    }

    /// The reload has failed, and nothing of it has taken effect.
    fn refuse(&mut self, error: &Error) {
        tracing::error!("reload failed, keeping the current configuration: {error}");
        self.outside.service.ready();
        self.finish_reload();
    }

    fn finish_reload(&mut self) {
        self.reload.now = Step::Idle;
        if std::mem::take(&mut self.reload.again) {
            self.ask_for_settings();
        }
    }
}

fn hangs() -> Error {
    Error::failed("the worker does not respond")
}

/// Ends a classifier on a thread of its own: closing a session on the NPU may take a while.
fn retire(classifier: Box<Classifier>) {
    let started = thread::Builder::new().name("retire".into()).spawn(move || drop(classifier));
    if let Err(e) = started {
        tracing::warn!("the previous model was closed on the main thread: cannot start a thread: {e}");
    }
}

/// The files of the model of `settings`, as they are now.
fn files_of(settings: &Settings) -> Files {
    let model = &settings.model.model;
    let beside = fs::read_dir(model.parent().unwrap_or(Path::new("."))).into_iter().flatten().flatten().map(|entry| entry.path());
    let belongs =
        |path: &PathBuf| path == model || path.extension().is_some_and(|kind| kind == "data") || path.ends_with("labels.txt");
    let mut paths: Vec<_> = beside.filter(belongs).chain(settings.model.labels.clone()).collect();
    paths.sort();
    let known = |path: PathBuf| fs::metadata(&path).ok().map(|meta| (path, meta.len(), meta.modified().ok()));
    paths.into_iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
