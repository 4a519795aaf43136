//! The daemon: cameras, their engine, and what comes from outside (signals, the end, other settings), brought together on one thread.
//!
//! The engine has a thread of its own, each camera another; this one only waits, looks, and tells. So it can still say what is wrong
//! when one of them hangs.

mod camera;
mod health;
mod hook;
mod reload;
mod steps;
mod engine_thread;
#[cfg(test)]
mod tests;

pub use camera::Prepare;
pub use reload::{Load, PATIENCE, Source};

use crate::engine::{Classifier, Offer, Stream};
use crate::error::{Error, Result};
use crate::event::{Event, Hub};
use crate::message::{Hello, Nodes};
use crate::metrics::{Metrics, State, Status};
use crate::publish::socket;
use crate::runtime::Execution;
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crate::{capture, config};
use camera::{Camera, Prepared};
use crossbeam_channel::{Receiver, Sender, bounded, never, select, tick};
use engine_thread::EngineThread;
use health::Health;
use reload::Reload;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Changes that wait for the engine. There is one reload at a time, and one that was given up may still lie there.
const CHANGES: usize = 16;

/// How long the cameras may take to say their first word before the service counts as ready without it.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// How long the end may take: the inference in flight, the session, the pipelines.
const FAREWELL: Duration = Duration::from_secs(4);

/// What a daemon is made of, beside its cameras.
pub struct Parts {
    /// What classifies.
    pub classifier: Classifier,
    /// Where results and news go.
    pub hub: Hub,
    /// How often subscribers get the statistics.
    pub status_interval: Option<Duration>,
    /// Ends by itself after so many results.
    pub limit: Option<u64>,
    /// Where other settings come from.
    pub source: Option<Source>,
}

/// Who tells it what to do.
pub struct Outside<'a> {
    /// The end.
    pub stop: &'a Stop,
    /// Everything else.
    pub asked: &'a Receiver<Ask>,
    /// The service manager.
    pub service: Service,
}

/// What a subscriber is told first of `classifier` and the cameras.
pub fn hello(classifier: &Classifier, cameras: &[&str]) -> Hello {
    let execution = classifier.execution();
    let mut hello = socket::hello(classifier.model(), execution.provider, &execution.detail, cameras, classifier.labels());
    describe(&mut hello, execution);
    hello
}

/// Says in `hello` what runs the model.
fn describe(hello: &mut Hello, execution: &Execution) {
    hello.execution_provider = execution.provider.into();
    hello.execution.clone_from(&execution.detail);
    hello.nodes = execution.nodes.map(Nodes::from);
}

struct Daemon<'a> {
    outside: Outside<'a>,
    cameras: Vec<Camera>,
    prepare: Prepare,
    bell: Sender<()>,
    /// To the engine; `None` once no more cameras can come.
    changes: Option<Sender<Offer>>,
    /// What runs the model, as the engine knows it; and what of it was told last.
    execution: Arc<Mutex<Execution>>,
    told: Execution,
    hello: Hello,
    hub: Hub,
    health: Health,
    reload: Reload,
    started: Instant,
    ready: bool,
}

/// Runs `cameras` until all have ended, or `outside` or a limit says so; `prepare` sets up each pipeline before it starts. Gives what
/// each camera has done.
pub fn run(parts: Parts, cameras: Vec<config::Camera>, prepare: Prepare, outside: Outside) -> Result<Vec<Status>> {
    let (bell, rung) = bounded(1);
    let (changes, changed) = bounded(CHANGES);
    let stop = outside.stop.clone();
    let mut daemon = Daemon {
        cameras: Vec::new(),
        prepare,
        bell,
        changes: Some(changes),
        execution: Arc::new(Mutex::new(parts.classifier.execution().clone())),
        told: parts.classifier.execution().clone(),
        hello: hello(&parts.classifier, &cameras.iter().map(|camera| &*camera.name).collect::<Vec<_>>()),
        hub: parts.hub.clone(),
        health: Health::default(),
        reload: Reload::new(parts.source),
        started: Instant::now(),
        ready: false,
        outside,
    };
    let mut streams = Vec::new();
    for camera in cameras {
        let (prepared, stream) = daemon.prepare_camera(camera, None);
        daemon.cameras.push(prepared.start()?);
        streams.push(stream);
    }
    let execution = daemon.execution.clone();
    let engine = EngineThread::start(streams, parts.classifier, parts.hub, changed, stop, parts.limit, execution)?;
    let fault = daemon.watch(&engine, &rung, parts.status_interval);
    daemon.end(&engine, fault)
}

impl Daemon<'_> {
    fn prepare_camera(&self, settings: config::Camera, metrics: Option<Arc<Metrics>>) -> (Prepared, Stream) {
        let metrics = metrics.unwrap_or_else(|| Metrics::new(&settings.name));
        Camera::prepare(settings, self.prepare.clone(), metrics, self.bell.clone())
    }

    /// Waits and reports, until the engine has ended, somebody wants the end, or a thread has ended that should not: that is the fault.
    fn watch(&mut self, engine: &EngineThread, rung: &Receiver<()>, status_interval: Option<Duration>) -> Option<Error> {
        let ticks = tick(self.outside.service.every());
        let statuses = status_interval.map_or_else(never, tick);
        loop {
            if let Some(fault) = self.fault() {
                self.tell_fault(&fault);
                return Some(fault);
            }
            let (loaded, changed, ended, late) = self.reload.awaited();
            select! {
                recv(engine.thread.ended()) -> _ => return None,
                recv(self.outside.stop.receiver()) -> _ => return None,
                recv(self.outside.asked) -> ask => match ask {
                    Ok(Ask::Report) => self.statuses().for_each(|status| tracing::info!("{status}")),
                    Ok(Ask::Reload) => self.ask_for_settings(),
                    Err(_) => return Some(Error::failed("the thread 'signals' has ended, so signals are no longer handled")),
                },
                recv(loaded) -> loaded => self.loaded(loaded),
                recv(changed) -> replaced => self.changed(replaced),
                recv(ended) -> _ => self.replace_cameras(Instant::now()),
                recv(late) -> _ => self.reload_is_late(),
                recv(statuses) -> _ => self.publish_all(),
                recv(rung) -> _ => self.look(),
                recv(ticks) -> _ => self.look(),
            }
        }
    }

    /// Why a thread has ended that should live as long as the daemon. It then ends as a whole, so that the service manager starts it
    /// anew: half a daemon looks alive.
    fn fault(&self) -> Option<Error> {
        self.hub.fault().or_else(|| self.cameras.iter().find_map(Camera::fault))
    }

    /// Tells subscribers and the service manager of a fault. The watchdog is not fed any more.
    fn tell_fault(&mut self, fault: &Error) {
        for camera in self.cameras.iter().filter(|camera| camera.fault().is_some()) {
            camera.metrics.ended(Some(&fault.summary()));
        }
        self.publish_all();
        // one line: a second one would be another message to the service manager
        self.outside.service.tell(&format!("fault: {}", fault.summary()), false);
    }

    fn statuses(&self) -> impl Iterator<Item = Status> {
        self.cameras.iter().map(|camera| camera.metrics.status().on(self.told.nodes))
    }

    fn publish_all(&self) {
        self.statuses().for_each(|status| self.announce(&Event::Status(&status)));
    }

    /// Tells the publishers. That the last one has failed is found by the engine, which then ends.
    fn announce(&self, event: &Event) {
        if let Err(error) = self.hub.send(event) {
            tracing::debug!("no publisher is left: {error}");
        }
    }

    /// What has changed is told; the watchdog is fed if there is progress.
    fn look(&mut self) {
        self.look_at_execution();
        self.look_at_reload();
        let at_work = self.cameras.iter().filter(|camera| camera.outcome().is_none()).count();
        for camera in &mut self.cameras {
            let status = camera.metrics.status().on(self.told.nodes);
            let now = (status.state, status.reason.clone());
            if camera.told != now {
                camera.told = now;
                if let Err(error) = self.hub.send(&Event::Status(&status)) {
                    tracing::debug!("no publisher is left: {error}");
                }
                match camera.outcome() {
                    Some(Err(why)) if at_work > 0 => tracing::error!("{} has ended, the others go on: {why}", status.source),
                    // a camera of the configuration file is meant to run for ever; a film on the command line is over some time
                    Some(Ok(())) if self.reload.has_source() => {
                        tracing::warn!("{} has ended: its stream is over, and it is not live", status.source);
                    }
                    Some(Ok(())) => tracing::info!("{} has ended: its stream is over", status.source),
                    _ => {}
                }
            }
        }
        if self.cameras.iter().all(|camera| camera.outcome().is_some()) && !self.reload.may_come() {
            self.changes = None;
        }
        let spoken = self.cameras.iter().all(|camera| camera.metrics.state() != State::Starting);
        if !self.ready && (spoken || self.started.elapsed() > FIRST_WORD) {
            self.ready = true;
            self.outside.service.ready();
        }
        if self.ready {
            let progress = self.health.progress(self.cameras.iter().map(Camera::patience), Instant::now());
            let mut text: Vec<_> = self.statuses().map(|status| status.headline()).collect();
            if self.statuses().any(|status| status.state == State::Flowing) {
                text.push(self.told.summary());
            }
            let separator = if self.cameras.len() > 1 { "; " } else { ", " };
            self.outside.service.tell(&text.join(separator), progress);
        }
    }

    /// Whether something else runs the model than before: subscribers are told. While the engine changes the model, what it reports may
    /// be of either one.
    fn look_at_execution(&mut self) {
        if self.reload.is_changing() {
            return;
        }
        let now = self.execution.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if now != self.told {
            self.told = now;
            describe(&mut self.hello, &self.told);
            self.announce(&Event::Hello(&self.hello));
            self.publish_all();
        }
    }

    /// Ends everything in the order in which frames flow.
    fn end(mut self, engine: &EngineThread, fault: Option<Error>) -> Result<Vec<Status>> {
        self.outside.service.stopping();
        let deadline = Instant::now() + FAREWELL;
        let by_themselves = self.cameras.iter().all(|camera| camera.outcome().is_some());
        self.cameras.extend(self.reload.take_leaving());
        self.cameras.iter().for_each(Camera::stop);
        self.changes = None;
        if self.outside.stop.requested() {
            self.hub.stop_waiting();
        }
        self.outside.stop.request();
        let worked = engine.wait(deadline);
        self.cameras.iter().for_each(|camera| camera.wait(deadline));
        // where the service manager had no time before
        self.outside.service.send_kept();
        self.statuses().for_each(|status| tracing::info!("{status}"));
        fault.map_or(Ok(()), Err)?;
        worked?;
        // one that failed is the program's failure where nothing was left to do; whoever asked for the end gets it
        let mut failed = self.cameras.iter().filter(|_| by_themselves).filter_map(|camera| camera.outcome()?.as_ref().err());
        failed.next_back().map_or(Ok(self.statuses().collect()), |error| Err(error.clone()))
    }
}

impl Camera {
    /// Its figures, and how long it may be silent.
    fn patience(&self) -> (&Metrics, capture::Limits) {
        (&self.metrics, self.settings.limits)
    }
}
