//! The main thread's loop: waits, checks cameras, engines and the reload, and reports changes.

use super::camera::Camera;
use super::engine_thread::EngineThread;
use super::hello::describe;
use super::state::{Daemon, status_of};
use crate::error::Error;
use crate::event::Event;
use crate::message::Hello;
use crate::metrics::State;
use crate::system::signals::Ask;
use crossbeam_channel::{Receiver, never, select, tick};
use std::time::{Duration, Instant};

/// How long the service waits for the first state of each camera before it is ready.
const FIRST_STATE: Duration = Duration::from_secs(10);

impl Daemon<'_> {
    /// Waits and reports until the engines have ended, shutdown is requested, or a thread has ended unexpectedly, which is returned as an
    /// error.
    pub(super) fn watch(&mut self, woken: &Receiver<()>, status_interval: Option<Duration>) -> Option<Error> {
        let ticks = tick(self.outside.service.every());
        let statuses = status_interval.map_or_else(never, tick);
        loop {
            if let Some(fault) = self.fault() {
                self.report_fault(&fault);
                return Some(fault);
            }
            // an engine that fails ends the others, but one of them may hang
            if self.engines.iter().chain(&self.retired).any(EngineThread::has_failed) {
                return None;
            }
            let running = self.engines.iter().find_map(|engine| engine.running()).cloned()?;
            let (loaded, changed, ended, late) = self.reload.awaited();
            select! {
                recv(running) -> _ => {}
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
                recv(woken) -> _ => self.look(),
                recv(ticks) -> _ => self.look(),
            }
        }
    }

    /// The error of a thread that has ended unexpectedly. The daemon then ends as a whole, so that the service manager restarts it: without
    /// that thread it would only look alive.
    fn fault(&self) -> Option<Error> {
        self.hub.fault().or_else(|| self.cameras.iter().find_map(Camera::fault))
    }

    /// Reports an error to subscribers and the service manager. The watchdog is not fed any more.
    fn report_fault(&mut self, fault: &Error) {
        for camera in self.cameras.iter().filter(|camera| camera.fault().is_some()) {
            camera.metrics.ended(Some(&fault.summary()));
        }
        self.publish_all();
        // one line: the service manager would read a second one as another message
        self.outside.service.tell(&format!("fault: {}", fault.summary()), false);
    }

    /// Reports changes; feeds the watchdog if there is progress.
    pub(super) fn look(&mut self) {
        self.retired.retain(|engine| engine.running().is_some() || engine.has_failed());
        self.look_at_executions();
        self.look_at_reload();
        self.look_at_cameras();
        if self.cameras.iter().all(|camera| camera.outcome().is_some()) && !self.reload.may_come() {
            self.engines.iter_mut().for_each(|engine| engine.close());
        }
        let known = self.cameras.iter().all(|camera| camera.metrics.state() != State::Starting);
        if !self.ready && (known || self.started.elapsed() > FIRST_STATE) {
            self.ready = true;
            self.outside.service.ready();
        }
        if self.ready {
            let now = Instant::now();
            let progress = self.health.progress(self.cameras.iter().map(Camera::patience), now);
            self.look_at_engines(now);
            let mut text: Vec<_> = self.statuses().map(|status| status.headline()).collect();
            if self.statuses().any(|status| status.state == State::Flowing) {
                text.extend(self.engines.iter().map(|engine| engine.last_reported.summary()));
            }
            let hanging = self.engines.iter().filter(|engine| engine.reported_hanging);
            text.extend(hanging.map(|engine| format!("the engine of '{}' is not responding", engine.model.name)));
            let separator = if self.cameras.len() > 1 { "; " } else { ", " };
            self.outside.service.tell(&text.join(separator), progress);
        }
    }

    /// Reports the state of each camera whose state has changed.
    fn look_at_cameras(&mut self) {
        let at_work = self.cameras.iter().filter(|camera| camera.outcome().is_none()).count();
        for camera in &mut self.cameras {
            let status = status_of(camera, &self.engines);
            let now = (status.state, status.reason.clone());
            if camera.last_reported != now {
                camera.last_reported = now;
                if let Err(error) = self.hub.send(&Event::Status(&status)) {
                    tracing::debug!("no publisher is left: {error}");
                }
                match camera.outcome() {
                    Some(Err(why)) if at_work > 0 => tracing::error!("{} has ended, the others continue: {why}", status.source),
                    // a camera of the configuration file should run forever, unlike a film on the command line
                    Some(Ok(())) if self.reload.has_source() => {
                        tracing::warn!("{} has ended: its stream is over, and it is not live", status.source);
                    }
                    Some(Ok(())) => tracing::info!("{} has ended: its stream is over", status.source),
                    _ => {}
                }
            }
        }
    }

    /// Whether the execution of a model has changed, which subscribers are told. While the engines apply changes, their reports may be
    /// of either model.
    fn look_at_executions(&mut self) {
        if self.reload.is_changing() {
            return;
        }
        let mut changed = false;
        for engine in &mut self.engines {
            let now = engine.execution();
            if now != engine.last_reported {
                describe(&mut engine.model, &now);
                engine.last_reported = now;
                changed = true;
            }
        }
        if changed {
            let models = self.engines.iter().map(|engine| engine.model.clone()).collect();
            let Hello { cameras, streams, .. } = self.hello.clone();
            self.hello = Hello::with_streams(models, cameras, streams);
            self.announce(&Event::Hello(&self.hello));
            self.publish_all();
        }
    }

    /// Logs once if an engine is not responding, and once when it responds again.
    fn look_at_engines(&mut self, now: Instant) {
        for engine in &mut self.engines {
            let silence = self.health.silence(&engine.key, now);
            let name = &engine.model.name;
            match (silence, engine.reported_hanging) {
                (Some(silence), false) => {
                    let seconds = silence.as_secs();
                    tracing::warn!(
                        "the engine of the model '{name}' is not responding: no result for {seconds} s, while frames wait"
                    );
                }
                (None, true) => tracing::info!("the engine of the model '{name}' responds again"),
                _ => {}
            }
            engine.reported_hanging = silence.is_some();
        }
    }
}
