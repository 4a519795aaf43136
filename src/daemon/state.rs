//! The state of the daemon's main thread.

use super::camera::{Camera, Prepare, Prepared};
use super::engine_thread::{EngineThread, Shared};
use super::health::Health;
use super::parts::Outside;
use super::reload::Reload;
use crate::config::{self, StreamSettings};
use crate::engine::Stream;
use crate::event::{Event, Hub};
use crate::message::Hello;
use crate::metrics::{Metrics, Status};
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
    /// Engines that a reload has removed, until they have ended.
    pub retired: Vec<EngineThread>,
    /// What the engines share.
    pub shared: Shared,
    pub hello: Hello,
    pub hub: Hub,
    pub health: Health,
    pub reload: Reload,
    pub started: Instant,
    pub ready: bool,
}

impl Daemon<'_> {
    /// Creates a camera with its `streams`; returns each stream with its engine's key.
    pub fn prepare_camera(
        &self,
        settings: config::Camera,
        streams: Vec<StreamSettings>,
        metrics: Option<Arc<Metrics>>,
    ) -> (Prepared, Vec<(Arc<str>, Stream)>) {
        let metrics = metrics.unwrap_or_else(|| Metrics::new(&settings.name));
        Camera::prepare(settings, streams, self.prepare.clone(), metrics, self.wake.clone())
    }

    /// The current status of all cameras.
    pub fn statuses(&self) -> impl Iterator<Item = Status> {
        self.cameras.iter().map(|camera| status_of(camera, &self.engines))
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

/// The current status of `camera`, whose streams go to `engines`.
pub fn status_of(camera: &Camera, engines: &[EngineThread]) -> Status {
    camera.metrics.status().with_models(|stream| {
        let is = |known: &StreamSettings| known.model == stream.model && known.region_name() == stream.region.as_ref();
        let is_current = camera.streams.iter().any(|(known, _)| is(known));
        let engine = engines.iter().find(|engine| engine.key == stream.model).filter(|_| is_current)?;
        Some((engine.model.name.as_str().into(), engine.last_reported.nodes))
    })
}
