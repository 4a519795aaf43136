//! The state of the daemon's main thread.

use super::camera::{Camera, Prepare, Prepared};
use super::engine_thread::EngineThread;
use super::health::Health;
use super::parts::Outside;
use super::reload::Reload;
use crate::config;
use crate::engine::Stream;
use crate::event::{Event, Hub};
use crate::message::Hello;
use crate::metrics::{Metrics, Status};
use crate::system::signals::Stop;
use crossbeam_channel::Sender;
use std::sync::Arc;
use std::time::Instant;

/// The state of the main thread.
pub struct Daemon<'a> {
    pub outside: Outside<'a>,
    pub cameras: Vec<Camera>,
    /// Configures each pipeline before it starts.
    pub prepare: Prepare,
    /// Wakes the main thread when a camera has changed its state.
    pub wake: Sender<()>,
    pub engines: Vec<EngineThread>,
    /// The number of engines, also before they are started.
    pub engine_count: usize,
    /// Ends the engines.
    pub stop_engines: Stop,
    pub hello: Hello,
    pub hub: Hub,
    pub health: Health,
    pub reload: Reload,
    pub started: Instant,
    pub ready: bool,
}

impl Daemon<'_> {
    /// Creates a camera with a stream for each engine.
    pub fn prepare_camera(&self, settings: config::Camera, metrics: Option<Arc<Metrics>>) -> (Prepared, Vec<Stream>) {
        let metrics = metrics.unwrap_or_else(|| Metrics::new(&settings.name));
        Camera::prepare(settings, self.prepare.clone(), metrics, self.wake.clone(), self.engine_count)
    }

    /// The current status of all cameras.
    pub fn statuses(&self) -> impl Iterator<Item = Status> {
        let nodes = self.engines.first().and_then(|engine| engine.last_reported.nodes);
        self.cameras.iter().map(move |camera| camera.metrics.status().on(nodes))
    }

    /// Announces the status of all cameras.
    pub fn publish_all(&self) {
        self.statuses().for_each(|status| self.announce(&Event::Status(&status)));
    }

    /// Sends an event to the publishers. If the last one has failed, an engine notices that and ends.
    pub fn announce(&self, event: &Event) {
        if let Err(error) = self.hub.send(event) {
            tracing::debug!("no publisher is left: {error}");
        }
    }
}
