//! The steps of a reload on the main thread: each returns at once, and its result comes back as an event.
//! See [`super::reload`].

use super::camera::{Camera, Prepared};
use super::engine_thread::{SHUTDOWN_DEADLINE, has_ended, not_responding, withdrawn};
use super::hello::model_of;
use super::reload::{Changing, Loaded, PATIENCE, Replacing, Step};
use super::state::Daemon;
use crate::config::Changes;
use crate::engine::{self, Change, Classifier, Replaced};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::message::Hello;
use crate::metrics::State;
use crossbeam_channel::{RecvError, bounded};
use std::sync::PoisonError;
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
        let (load, current, files) = (source.load.clone(), source.settings.model.clone(), source.files.clone());
        let step = self.reload.begin(coming, Instant::now());
        let read = move || {
            let loaded = load(&current, &files).and_then(|(settings, opened)| {
                *step.lock().unwrap_or_else(PoisonError::into_inner) =
                    format!("opening the model '{}'", settings.model.model.display());
                let model = match opened {
                    Some(opened) => Some((Box::new(opened.classifier()?), opened.files)),
                    None => None,
                };
                Ok(Loaded { settings, model })
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

    /// Offers all changes to the engines at once. The settings have one model, that of the first engine.
    fn offer(&mut self, loaded: Loaded) -> Result<()> {
        let Some(source) = &self.reload.source else { return Err(has_ended()) };
        let Loaded { settings, model } = loaded;
        let running = |name: &str| self.cameras.iter().find(|camera| &*camera.settings.name == name);
        let changes =
            Changes::between(&source.settings, &settings, &|name| running(name).is_none_or(|camera| camera.outcome().is_some()));
        let mut each: Vec<_> = self.engines.iter().map(|_| Change::default()).collect();
        let mut prepared = Vec::new();
        for camera in changes.changed.iter().chain(&changes.added) {
            let before = running(&camera.name).map(|before| before.metrics.clone());
            let (ready, streams) = self.prepare_camera(camera.clone(), before);
            prepared.push(ready);
            each.iter_mut().zip(streams).for_each(|(change, stream)| change.add.push(stream));
        }
        let leaving = changes.removed.iter().chain(changes.changed.iter().map(|camera| &camera.name));
        for camera in leaving.filter_map(|name| running(name)) {
            each.iter_mut().zip(&camera.streams).for_each(|(change, stream)| change.remove.push(*stream));
        }
        let mut models: Vec<_> = self.engines.iter().map(|engine| engine.model.clone()).collect();
        let model = model.map(|(classifier, files)| {
            let (other, execution) = (model_of(&classifier), classifier.execution().clone());
            if let (Some(change), Some(model)) = (each.first_mut(), models.first_mut()) {
                (change.classifier, *model) = (Some(classifier), other.clone());
            }
            (other, execution, files)
        });
        let hello = Hello::new(models, settings.cameras.iter().map(|camera| camera.name.to_string()).collect());
        // engines without changes are left out, except the first, which must answer
        let concerned = self.engines.iter().zip(each).enumerate().filter(|(n, (_, change))| *n == 0 || !change.is_empty());
        let (engines, each): (Vec<_>, Vec<_>) = concerned.map(|(_, part)| part).unzip();
        let (offers, pending) = engine::offer(each, Some(hello.clone()));
        if let Err(error) = engines.iter().zip(offers).try_for_each(|(engine, offer)| engine.offer(offer)) {
            withdrawn(&pending).into_iter().flatten().for_each(retire);
            return Err(error);
        }
        let until = Instant::now() + source.patience;
        self.reload.now = Step::Changing(Box::new(Changing { pending, until, settings, model, hello, changes, prepared }));
        Ok(())
    }

    /// A step takes too long.
    pub(super) fn reload_is_late(&mut self) {
        match &mut self.reload.now {
            Step::Changing(changing) => match withdrawn(&changing.pending) {
                Some(classifiers) => {
                    classifiers.for_each(retire);
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
        let Changing { pending, settings, model, hello, changes, prepared, .. } = *changing;
        let Ok(replaced) = replaced else {
            withdrawn(&pending).into_iter().flatten().for_each(retire);
            return self.refuse(&has_ended());
        };
        replaced.into_iter().for_each(retire);
        self.hello = hello;
        let (mut said, mut files) = (Vec::new(), None);
        if let Some((model, execution, its_files)) = model {
            said.push(format!("the model is {}", model.name));
            files = Some(its_files);
            self.engines.iter_mut().take(1).for_each(|engine| engine.replaced(model.clone(), execution.clone()));
        }
        if let Some(source) = &mut self.reload.source {
            source.settings = settings;
            source.files = files.unwrap_or_else(|| std::mem::take(&mut source.files));
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
