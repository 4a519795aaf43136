//! The steps of a reload on the main thread: each returns at once, and its result comes back as an event.
//! See [`super::reload`].

use super::camera::{Camera, Prepared};
use super::engine_thread::{EngineThread, SHUTDOWN_DEADLINE, has_ended, not_responding, withdrawn};
use super::hello::{model_of, of_models};
use super::reload::{Changing, Loaded, PATIENCE, Replacing, Step};
use super::state::Daemon;
use crate::config::{Changes, Settings};
use crate::engine::{self, Change, Classifier, Replaced};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::message::{Hello, Model};
use crate::metrics::State;
use crate::runtime::Execution;
use crossbeam_channel::{RecvError, bounded};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

impl Daemon<'_> {
    /// Reads the settings on a separate thread: opening a model for the NPU may take a minute.
    pub(super) fn ask_for_settings(&mut self) {
        let Some(source) = &self.reload.source else {
            return tracing::warn!("there is no configuration file to read again");
        };
        if self.reload.may_come() {
            self.reload.again = true;
            return;
        }
        self.outside.service.reloading();
        let (give, coming) = bounded(1);
        let load = source.load.clone();
        let known: Vec<_> = source.settings.models.iter().cloned().zip(source.files.iter().cloned()).collect();
        let step = self.reload.begin(coming, Instant::now());
        let read = move || {
            let loaded = load(&known).and_then(|(settings, opened)| {
                let mut models = Vec::new();
                for opened in opened {
                    *step.lock().unwrap_or_else(PoisonError::into_inner) =
                        format!("opening the model '{}'", opened.settings.model.display());
                    models.push((Box::new(opened.classifier()?), opened.files));
                }
                Ok(Loaded { settings, models })
            });
            // the daemon may have ended
            let _ = give.send(loaded);
        };
        if let Err(e) = thread::Builder::new().name("reload".into()).spawn(read) {
            self.refuse(&Error::failed("cannot start a thread to read the configuration").because(e));
        }
    }

    /// Logs what a slow reload waits for; abandons it after a while, so that the next one can begin.
    pub(super) fn look_at_reload(&mut self) {
        match self.reload.overdue(Instant::now()) {
            None => {}
            Some((what, false)) => tracing::warn!("the reload is still {what}; the current configuration stays in force meanwhile"),
            Some((what, true)) => {
                let late = format!("the reload is abandoned: it was {what}");
                let hint = "Does its disk or network file system respond? SIGHUP retries.";
                self.refuse(&Error::failed(late).hint(hint));
            }
        }
    }

    /// Offers the new settings to the engines, or refuses them.
    pub(super) fn loaded(&mut self, loaded: std::result::Result<Result<Loaded>, RecvError>) {
        let loaded = loaded.unwrap_or_else(|_| Err(Error::failed("reading the configuration panicked")));
        if let Err(error) = loaded.and_then(|loaded| self.offer(loaded)) {
            self.refuse(&error);
        }
    }

    /// Offers all changes to the engines at once. Engines of new models are started now, and take part.
    fn offer(&mut self, loaded: Loaded) -> Result<()> {
        let Some(source) = &self.reload.source else { return Err(has_ended()) };
        let (patience, Loaded { settings, models: loaded }) = (source.patience, loaded);
        let is_over = |name: &str| self.running(name).is_none_or(|camera| camera.outcome().is_some());
        let changes = Changes::between(&source.settings, &settings, &is_over);
        let mut plan = self.plan(&settings, &changes);
        let (mut files, mut models, mut engines) = (Vec::new(), Vec::new(), Vec::new());
        for (classifier, its_files) in loaded {
            let key = classifier.key().clone();
            files.push((key.clone(), its_files));
            if self.engines.iter().any(|engine| engine.key == key) {
                models.push((key.clone(), model_of(&classifier), classifier.execution().clone()));
                plan.of(&key).classifier = Some(classifier);
            } else {
                self.shared.running.fetch_add(1, Ordering::AcqRel);
                let started = EngineThread::start(*classifier, Vec::new(), self.shared.clone());
                engines.push(started.inspect_err(|_| {
                    self.shared.running.fetch_sub(1, Ordering::AcqRel);
                })?);
            }
        }
        let hello = self.hello_of(&settings, &models, &engines);
        // engines without changes are left out, except the first, which must answer
        let (all, mut changed) = (self.engines.iter().chain(&engines), plan.engines);
        let concerned = all.enumerate().filter_map(|(n, engine)| {
            let change = changed.extract_if(.., |(key, _)| *key == engine.key).next().map(|(_, change)| change);
            let change = change.filter(|change| !change.is_empty()).or_else(|| (n == 0).then(Change::default))?;
            Some((engine, change))
        });
        let (concerned, each): (Vec<_>, Vec<_>) = concerned.unzip();
        let (offers, pending) = engine::offer(each, Some(hello.clone()));
        if let Err(error) = concerned.iter().zip(offers).try_for_each(|(engine, offer)| engine.offer(offer)) {
            withdrawn(&pending).into_iter().flatten().for_each(retire);
            self.retire_engines(engines);
            return Err(error);
        }
        let until = Instant::now() + patience;
        let (prepared, exchanged) = (plan.prepared, plan.exchanged);
        let changing = Changing { pending, until, settings, files, models, engines, hello, changes, prepared, exchanged };
        self.reload.now = Step::Changing(Box::new(changing));
        Ok(())
    }

    /// The greeting with `settings` in force, where running engines get `models`, and `new` engines come.
    fn hello_of(&self, settings: &Settings, models: &[(Arc<str>, Model, Execution)], new: &[EngineThread]) -> Hello {
        let of = |key: &Arc<str>| {
            let engine = || self.engines.iter().chain(new).find(|engine| engine.key == *key).map(|engine| &engine.model);
            let replaced = models.iter().find(|(known, ..)| known == key).map(|(_, model, _)| model);
            Some((key.clone(), replaced.or_else(engine)?.clone()))
        };
        of_models(settings.keys().iter().filter_map(of).collect(), &settings.cameras)
    }

    /// A step takes too long.
    pub(super) fn reload_is_late(&mut self) {
        match &mut self.reload.now {
            Step::Changing(changing) => match withdrawn(&changing.pending) {
                Some(classifiers) => {
                    classifiers.for_each(retire);
                    let engines = std::mem::take(&mut changing.engines);
                    self.retire_engines(engines);
                    self.refuse(&not_responding());
                }
                // the engines are about to answer
                None => changing.until = Instant::now() + PATIENCE,
            },
            Step::Replacing(_) => self.replace_cameras(Instant::now()),
            Step::Idle | Step::Loading(_) => {}
        }
    }

    /// The engines have applied the changes: the new settings are in force.
    pub(super) fn changed(&mut self, replaced: std::result::Result<Replaced, RecvError>) {
        let Step::Changing(changing) = std::mem::replace(&mut self.reload.now, Step::Idle) else { return };
        let Changing { pending, settings, files, models, engines, hello, changes, prepared, exchanged, .. } = *changing;
        let Ok(replaced) = replaced else {
            withdrawn(&pending).into_iter().flatten().for_each(retire);
            self.retire_engines(engines);
            return self.refuse(&has_ended());
        };
        replaced.into_iter().for_each(retire);
        self.hello = hello;
        let mut said = self.replace_engines(&settings.keys(), models, engines);
        if let Some(source) = &mut self.reload.source {
            source.renew(settings, files);
        }
        for (settings, change) in exchanged {
            if let Some(camera) = self.cameras.iter_mut().find(|camera| camera.settings.name == settings.name) {
                said.extend((!change.is_empty()).then(|| format!("{} has other streams", settings.name)));
                camera.exchange(settings, change);
            }
        }
        said.extend(changes.changed.iter().map(|camera| format!("{} is restarted", camera.name)));
        said.extend(changes.added.iter().map(|camera| format!("{} is new", camera.name)));
        said.extend(changes.removed.iter().map(|name| format!("{name} is gone")));
        for section in &changes.restart {
            tracing::warn!("changes of {section} take effect only after a restart of the daemon");
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
        let replacing = Replacing { leaving, waiting: prepared, until: Instant::now() + SHUTDOWN_DEADLINE };
        replacing.leaving.iter().for_each(Camera::stop);
        self.reload.now = Step::Replacing(replacing);
        self.outside.service.ready();
        self.replace_cameras(Instant::now());
    }

    /// Running engines have got `models`, and `new` ones have come; those without a model of `keys` end. Says what has changed.
    fn replace_engines(
        &mut self,
        keys: &[Arc<str>],
        models: Vec<(Arc<str>, Model, Execution)>,
        new: Vec<EngineThread>,
    ) -> Vec<String> {
        let mut said = Vec::new();
        for (key, model, execution) in models {
            let is_only = keys.len() == 1;
            said.push(if is_only {
                format!("the model is {}", model.name)
            } else {
                format!("the model {} has changed", model.name)
            });
            if let Some(engine) = self.engines.iter_mut().find(|engine| engine.key == key) {
                engine.replaced(model, execution);
            }
        }
        said.extend(new.iter().map(|engine| format!("the model {} is new", engine.model.name)));
        self.engines.extend(new);
        let place = |engine: &EngineThread| keys.iter().position(|key| *key == engine.key);
        let gone: Vec<_> = self.engines.extract_if(.., |engine| place(engine).is_none()).collect();
        said.extend(gone.iter().map(|engine| format!("the model {} is gone", engine.model.name)));
        self.retire_engines(gone);
        self.engines.sort_by_key(place);
        said
    }

    /// Lets `engines` without streams end, which close their sessions on their own threads.
    fn retire_engines(&mut self, engines: Vec<EngineThread>) {
        self.retired.extend(engines);
        self.retired.iter_mut().for_each(EngineThread::close);
    }

    /// Starts cameras whose predecessors have ended; when all have, the reload is complete.
    pub(super) fn replace_cameras(&mut self, now: Instant) {
        let Step::Replacing(replacing) = &mut self.reload.now else { return };
        let late = now >= replacing.until; // a driver that hangs is abandoned
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
            self.report_end(camera);
        }
        for prepared in due {
            let name = prepared.name().to_owned();
            match prepared.start() {
                Ok(camera) => self.cameras.push(camera),
                Err(error) => tracing::error!("{name} is not running, SIGHUP retries: {error}"),
            }
        }
        if complete {
            self.finish_reload();
        }
        self.look();
    }

    /// Reports the end of a camera that is replaced or removed.
    fn report_end(&self, camera: &Camera) {
        let status = camera.metrics.status();
        tracing::info!("{status}");
        if status.state == State::Ended {
            self.announce(&Event::Status(&status));
        }
    }

    /// Reports that the reload has failed and nothing has changed.
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

/// Ends a classifier on a thread of its own: closing a session on the NPU may take a while.
fn retire(classifier: Box<Classifier>) {
    let started = thread::Builder::new().name("retire".into()).spawn(move || drop(classifier));
    if let Err(e) = started {
        tracing::warn!("the previous model was closed on the main thread: cannot start a thread: {e}");
    }
}
