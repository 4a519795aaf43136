//! The start and the end of the daemon.

use super::camera::{Camera, Prepare};
use super::engine_thread::{EngineThread, SHUTDOWN_DEADLINE, Shared};
use super::health::Health;
use super::hello::hello;
use super::parts::{Outside, Parts};
use super::reload::Reload;
use super::state::Daemon;
use crate::config;
use crate::engine::{Limit, Stream};
use crate::error::{Error, Result};
use crate::metrics::Status;
use crate::system::signals::Stop;
use crossbeam_channel::bounded;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

/// Runs `cameras` until all have ended, `outside` requests shutdown, or a limit is reached; `prepare` configures each pipeline before it
/// starts. Returns the status of each camera.
pub fn run(parts: Parts, cameras: Vec<config::Camera>, prepare: Prepare, outside: Outside) -> Result<Vec<Status>> {
    let (wake, woken) = bounded(1);
    let keys: Vec<_> = parts.classifiers.iter().map(|classifier| classifier.key().clone()).collect();
    let shared = Shared {
        hub: parts.hub.clone(),
        limit: Limit::new(parts.limit),
        stop: Stop::default(),
        running: Arc::new(AtomicUsize::new(keys.len())),
    };
    let mut daemon = Daemon {
        cameras: Vec::new(),
        prepare,
        wake,
        engines: Vec::new(),
        retired: Vec::new(),
        shared,
        hello: hello(&parts.classifiers, &cameras),
        hub: parts.hub,
        health: Health::default(),
        reload: Reload::new(parts.source),
        started: Instant::now(),
        ready: false,
        outside,
    };
    let mut streams: Vec<(Arc<str>, Stream)> = Vec::new();
    for camera in cameras {
        let of_camera = config::streams(&camera, &keys);
        let (prepared, of_camera) = daemon.prepare_camera(camera, of_camera, None);
        daemon.cameras.push(prepared.start()?);
        streams.extend(of_camera);
    }
    for classifier in parts.classifiers {
        let own: Vec<_> = streams.extract_if(.., |(key, _)| key == classifier.key()).map(|(_, stream)| stream).collect();
        daemon.engines.push(EngineThread::start(classifier, own, daemon.shared.clone())?);
    }
    let fault = daemon.watch(&woken, parts.status_interval);
    daemon.end(fault)
}

impl Daemon<'_> {
    /// Shuts down in the order in which frames flow.
    fn end(mut self, fault: Option<Error>) -> Result<Vec<Status>> {
        self.outside.service.stopping();
        let deadline = Instant::now() + SHUTDOWN_DEADLINE;
        let by_themselves = self.cameras.iter().all(|camera| camera.outcome().is_some());
        self.cameras.extend(self.reload.take_leaving());
        self.cameras.iter().for_each(Camera::stop);
        self.engines.append(&mut self.retired);
        self.engines.iter_mut().for_each(EngineThread::close);
        if self.outside.stop.requested() {
            self.hub.stop_waiting();
        }
        self.outside.stop.request();
        self.shared.stop.request();
        let worked: Vec<_> = self.engines.iter().map(|engine| engine.wait(deadline)).collect();
        self.cameras.iter().for_each(|camera| camera.wait(deadline));
        if self.engines.iter().any(|engine| engine.running().is_some()) {
            // the last engine ends the hub, unless it has been abandoned
            self.hub.stop_waiting();
            if let Err(error) = self.hub.end() {
                tracing::warn!("{error}");
            }
        }
        // if the service manager's socket was full before
        self.outside.service.send_kept();
        self.statuses().for_each(|status| tracing::info!("{status}"));
        fault.map_or(Ok(()), Err)?;
        worked.into_iter().collect::<Result<()>>()?;
        // one that failed is the program's failure where nothing was left to do; whoever asked for the end gets it
        let mut failed = self.cameras.iter().filter(|_| by_themselves).filter_map(|camera| camera.outcome()?.as_ref().err());
        failed.next_back().map_or(Ok(self.statuses().collect()), |error| Err(error.clone()))
    }
}
