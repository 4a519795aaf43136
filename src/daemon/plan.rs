//! What a reload asks of each engine and of each camera, before it is offered.

use super::camera::{Camera, Prepared, StreamChange, stream_of};
use super::state::Daemon;
use crate::config::{self, Changes, Settings};
use crate::engine::Change;
use std::sync::Arc;

/// The parts of a reload.
#[derive(Default)]
pub struct Plan {
    /// The changes of engines, by their keys.
    pub engines: Vec<(Arc<str>, Change)>,
    /// Cameras to start.
    pub prepared: Vec<Prepared>,
    /// Cameras that continue with other streams.
    pub exchanged: Vec<(config::Camera, StreamChange)>,
}

impl Plan {
    /// The change of the engine `key`, at first an empty one.
    pub fn of(&mut self, key: &Arc<str>) -> &mut Change {
        let index = self.engines.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.engines.push((key.clone(), Change::default()));
            self.engines.len() - 1
        });
        &mut self.engines[index].1
    }
}

impl Daemon<'_> {
    /// The running camera `name`.
    pub(super) fn running(&self, name: &str) -> Option<&Camera> {
        self.cameras.iter().find(|camera| &*camera.settings.name == name)
    }

    /// The streams that come and go when `settings` take effect, which differ from those in force by `changes`.
    pub(super) fn plan(&self, settings: &Settings, changes: &Changes) -> Plan {
        let (keys, mut plan) = (settings.keys(), Plan::default());
        for camera in changes.changed.iter().chain(&changes.added) {
            let before = self.running(&camera.name).map(|before| before.metrics.clone());
            let (prepared, streams) = self.prepare_camera(camera.clone(), config::streams(camera, &keys), before);
            plan.prepared.push(prepared);
            streams.into_iter().for_each(|(key, stream)| plan.of(&key).add.push(stream));
        }
        let leaving = changes.removed.iter().chain(changes.changed.iter().map(|camera| &camera.name));
        for camera in leaving.filter_map(|name| self.running(name)) {
            camera.streams.iter().for_each(|(stream, id)| plan.of(&stream.model).remove.push(*id));
        }
        let restarts = |name: &str| changes.changed.iter().chain(&changes.added).any(|other| &*other.name == name);
        for camera in settings.cameras.iter().filter(|camera| !restarts(&camera.name)) {
            if let Some(running) = self.running(&camera.name) {
                plan.exchange(running, camera, &keys);
            }
        }
        plan
    }
}

impl Plan {
    /// Exchanges the streams of a `running` camera that differ from those of `settings`.
    fn exchange(&mut self, running: &Camera, settings: &config::Camera, keys: &[Arc<str>]) {
        let wanted = config::streams(settings, keys);
        let gone = running.streams.iter().filter(|(stream, _)| !wanted.contains(stream));
        let remove: Vec<_> = gone.map(|(stream, id)| (stream.model.clone(), *id)).collect();
        let (mut streams, mut add) = (Vec::new(), Vec::new());
        for wanted in wanted {
            if let Some(known) = running.streams.iter().find(|(known, _)| *known == wanted) {
                streams.push(known.clone());
                continue;
            }
            let (outlet, stream) = stream_of(&running.metrics, settings, &wanted, &running.board);
            streams.push((wanted.clone(), stream.id()));
            self.of(&wanted.model).add.push(stream);
            add.push(outlet);
        }
        if remove.is_empty() && add.is_empty() && running.settings == *settings {
            return;
        }
        remove.iter().for_each(|(key, id)| self.of(key).remove.push(*id));
        let remove = remove.into_iter().map(|(_, id)| id).collect();
        self.exchanged.push((settings.clone(), StreamChange { streams, remove, add }));
    }
}
