//! Other settings while it runs: read and tried first, beside the line; then taken, or refused as a whole.

use super::Daemon;
use super::camera::Camera;
use crate::config::{self, Settings};
use crate::error::{Error, Result};
use crate::tally::State;
use crate::worker::{Classifier, Order};
use crossbeam_channel::{Receiver, RecvError, RecvTimeoutError, bounded, never};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long the worker may take to hear: it is at one inference at the most.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the log says what a reload waits for, and after how long it is given up: an NPU may build a model for a minute or two.
const REMIND: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(300);

fn hangs() -> Error {
    Error::failed("the worker takes no orders: it hangs")
}

/// Reads the settings anew.
pub type Load = Arc<dyn Fn() -> Result<Settings> + Send + Sync>;

/// Where other settings come from, and those in force.
pub struct Source {
    /// Reads them.
    pub load: Load,
    /// Those that the daemon was started with.
    pub settings: Settings,
}

/// Settings that were read, and a classifier where it is another.
pub struct Loaded {
    settings: Settings,
    model: Option<(Box<Classifier>, Files)>,
}

/// The files of a model as they are: size and time of each. A model that was replaced under its old name is another model.
type Files = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Where a reload stands.
pub struct Reload {
    source: Option<(Source, Files)>,
    coming: Receiver<Result<Loaded>>,
    busy: bool,
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
        Self { source, coming: never(), busy: false, step, since, reminded, again: false }
    }

    /// One begins at `now`; gives where it is to say what it is doing.
    fn begin(&mut self, coming: Receiver<Result<Loaded>>, now: Instant) -> Arc<Mutex<String>> {
        // its own: one that was given up may still write to the old one
        self.step = Arc::new(Mutex::new("reading the configuration".to_owned()));
        (self.coming, self.busy, self.since, self.reminded) = (coming, true, now, Duration::ZERO);
        self.step.clone()
    }

    /// What to say of a reload that takes long, and whether it is to be given up.
    fn overdue(&mut self, now: Instant) -> Option<(String, bool)> {
        let took = now.saturating_duration_since(self.since);
        if !self.busy || took < self.reminded + REMIND {
            return None;
        }
        self.reminded = took;
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        Some((format!("{step}, for {} s", took.as_secs()), took >= DEADLINE))
    }

    /// Gives what was read, once it is.
    pub fn coming(&self) -> Receiver<Result<Loaded>> {
        self.coming.clone()
    }

    /// Whether there is a configuration file.
    pub fn has_source(&self) -> bool {
        self.source.is_some()
    }

    /// Whether cameras may come that way, now that all have ended.
    pub fn may_come(&self) -> bool {
        self.busy
    }
}

impl Daemon<'_> {
    /// Reads the settings on a thread of their own: a model for the NPU may take a minute.
    pub(super) fn ask_for_settings(&mut self) {
        let Some((source, files)) = &self.reload.source else {
            return tracing::warn!("there is no configuration file to read again");
        };
        if self.reload.busy {
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
            (self.reload.coming, self.reload.busy) = (never(), false);
            tracing::error!("cannot start a thread to read the configuration: {e}");
            self.outside.service.ready();
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
                self.settle(Err(Error::failed(late).hint(hint)));
            }
        }
    }

    /// Takes what was read, or says why not.
    pub(super) fn take_settings(&mut self, loaded: std::result::Result<Result<Loaded>, RecvError>) {
        self.settle(loaded.unwrap_or_else(|_| Err(Error::failed("reading the configuration panicked"))));
        self.look();
    }

    fn settle(&mut self, loaded: Result<Loaded>) {
        (self.reload.coming, self.reload.busy) = (never(), false);
        match loaded.and_then(|loaded| self.apply(loaded)) {
            Ok(what) => tracing::info!("the configuration was read again: {what}"),
            Err(error) => tracing::error!("the configuration was not taken, the old one stays in force: {error}"),
        }
        self.outside.service.ready();
        if std::mem::take(&mut self.reload.again) {
            self.ask_for_settings();
        }
    }

    fn apply(&mut self, loaded: Loaded) -> Result<String> {
        let Loaded { settings, model } = loaded;
        let mut said = Vec::new();
        if let Some((classifier, files)) = model {
            said.push(format!("the model is {}", classifier.model()));
            self.swap(classifier, files)?;
        }
        said.extend(self.change_cameras(&settings.cameras)?);
        let Some((source, _)) = &mut self.reload.source else { return Ok(String::new()) };
        let old = std::mem::replace(&mut source.settings, settings);
        let new = &source.settings;
        if new.socket != old.socket || new.output != old.output || new.status_interval != old.status_interval {
            tracing::warn!("[socket] and [output] have changed: that takes a restart");
        }
        self.greet();
        Ok(if said.is_empty() { "nothing has changed".to_owned() } else { said.join(", ") })
    }

    /// The worker takes the new model between two frames; the old one ends on a thread of its own.
    fn swap(&mut self, classifier: Box<Classifier>, files: Files) -> Result<()> {
        let (back, old) = bounded(1);
        self.hello = super::hello(&classifier, &[]);
        self.order(Order::Classifier(classifier, back))?;
        if let Some((_, known)) = &mut self.reload.source {
            *known = files;
        }
        // from then on no result is of the old one: subscribers may be told
        let old = old.recv_timeout(PATIENCE).map_err(|_| hangs())?;
        let retire = move || drop(old);
        let retired = thread::Builder::new().name("retire".into()).spawn(retire);
        retired.map(drop).map_err(|e| Error::failed("cannot start a thread").because(e))
    }

    fn order(&self, order: Order) -> Result<()> {
        let ended = || Error::failed("the worker has ended");
        let orders = self.orders.as_ref().ok_or_else(ended)?;
        orders.send_timeout(order, PATIENCE).map_err(|_| hangs())
    }

    /// Cameras that are gone or have changed end, new and changed ones start. The others notice nothing.
    fn change_cameras(&mut self, wanted: &[config::Camera]) -> Result<Vec<String>> {
        let mut said = Vec::new();
        let (kept, leaving): (Vec<_>, Vec<_>) = std::mem::take(&mut self.cameras)
            .into_iter()
            .partition(|camera| wanted.contains(&camera.settings) && camera.outcome().is_none());
        self.cameras = kept;
        leaving.iter().for_each(Camera::stop);
        let deadline = Instant::now() + super::FAREWELL;
        leaving.iter().for_each(|camera| camera.wait(deadline));
        if !leaving.is_empty() {
            let (done, forgotten) = bounded::<()>(0);
            self.order(Order::Without(leaving.iter().map(|camera| camera.tally.clone()).collect(), done))?;
            if forgotten.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                return Err(hangs());
            }
        }
        for camera in wanted {
            if self.cameras.iter().any(|running| running.settings.name == camera.name) {
                continue;
            }
            let before = leaving.iter().find(|old| old.settings.name == camera.name).map(|old| old.tally.clone());
            said.push(format!("{} {}", camera.name, if before.is_some() { "is set up anew" } else { "is new" }));
            let lane = self.start(camera.clone(), before)?;
            self.order(Order::Lane(lane))?;
        }
        let gone = leaving.iter().filter(|old| wanted.iter().all(|camera| camera.name != old.settings.name));
        said.extend(gone.inspect(|camera| self.farewell(camera)).map(|camera| format!("{} is gone", camera.settings.name)));
        Ok(said)
    }

    fn farewell(&self, camera: &Camera) {
        let status = camera.tally.status();
        tracing::info!("{status}");
        if status.state == State::Ended {
            self.socket.iter().for_each(|socket| socket.tell(&status));
        }
    }

    /// Tells subscribers of the cameras and the model that there are now.
    pub(super) fn greet(&mut self) {
        if let Some(socket) = &self.socket {
            self.hello["cameras"] = self.cameras.iter().map(|camera| &*camera.settings.name).collect();
            socket.greet(&self.hello);
        }
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
