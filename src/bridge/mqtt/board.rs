//! What is known of the daemon, and what of it is published.

use super::camera::Camera;
use super::discovery;
use super::identity;
use super::outbox::{Kind, Outbox};
use super::payload::{BoardDiagnostics, Info, Named, OFFLINE, ONLINE, Percentiles, json};
use super::topics::{Topics, distinct};
use crate::message::{Classification, Hello, Message};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Times of inferences that are kept for the median of a heartbeat.
const TIMES: usize = 4096;

/// Cameras of earlier times that are remembered until the daemon says which it has.
const UNKNOWN: usize = 1024;

/// One daemon and its cameras.
pub struct Board {
    topics: Topics,
    /// The board's name.
    name: String,
    heartbeat: Duration,
    hello: Option<Hello>,
    is_online: bool,
    cameras: BTreeMap<String, Camera>,
    /// The parts of cameras that the broker knows, and that were not checked against the daemon's.
    unknown: BTreeSet<String>,
    inference: Vec<f64>,
    beat: Instant,
}

impl Board {
    /// A board that is offline until its daemon says hello.
    pub fn new(topics: Topics, name: &str, heartbeat: Duration, outbox: &mut Outbox, now: Instant) -> Self {
        outbox.put(&topics.status(), Kind::BIRTH, OFFLINE.into());
        let (name, hello, cameras, unknown, inference) = (name.to_owned(), None, BTreeMap::new(), BTreeSet::new(), Vec::new());
        Self { topics, name, heartbeat, hello, is_online: false, cameras, unknown, inference, beat: now }
    }

    /// Handles a message of the daemon.
    pub fn take(&mut self, message: &Message, outbox: &mut Outbox) {
        match message {
            Message::Hello(hello) => self.take_hello(hello, outbox),
            Message::Classification(result) => self.take_result(result, outbox),
            Message::Change(change) => {
                if let Some(camera) = self.cameras.get_mut(&change.source) {
                    camera.take_change(change, outbox);
                }
            }
            Message::Status(status) => {
                if let Some(camera) = self.cameras.get_mut(&status.source) {
                    camera.take_status(status, outbox);
                }
            }
            _ => {}
        }
    }

    /// The daemon has ended.
    pub fn end(&mut self, outbox: &mut Outbox) {
        self.set_online(false, outbox);
        for camera in self.cameras.values_mut() {
            camera.set_online(false, outbox);
        }
    }

    /// Publishes what is due at intervals.
    pub fn tick(&mut self, now: Instant, outbox: &mut Outbox) {
        let time = now.saturating_duration_since(self.beat);
        if !self.is_online {
            self.beat = now;
        }
        if time < self.heartbeat || !self.is_online {
            return;
        }
        self.beat = now;
        for camera in self.cameras.values_mut() {
            camera.heartbeat(time, outbox);
        }
        self.diagnostics(outbox);
        self.inference.clear();
    }

    /// The broker knows the availability of a camera with this `topic`: one that the daemon does not have (any more) is removed.
    pub fn take_availability(&mut self, topic: &str, outbox: &mut Outbox) {
        if let Some(part) = self.topics.camera_of(topic)
            && self.unknown.len() < UNKNOWN
        {
            self.unknown.insert(part.to_owned());
            self.remove_unknown(outbox);
        }
    }

    /// Each camera and what it shows, for people.
    pub fn summary(&self) -> String {
        if !self.is_online {
            return "the daemon is not running".into();
        }
        let of = |(name, camera): (&String, &Camera)| format!("{name}: {}", camera.summary());
        self.cameras.iter().map(of).collect::<Vec<_>>().join("; ")
    }

    fn set_online(&mut self, is_online: bool, outbox: &mut Outbox) {
        if self.is_online != is_online {
            self.is_online = is_online;
            let word = if is_online { ONLINE } else { OFFLINE };
            outbox.put(&self.topics.status(), Kind::BIRTH, word.into());
        }
    }

    fn take_hello(&mut self, hello: &Hello, outbox: &mut Outbox) {
        let gone: Vec<_> = self.cameras.keys().filter(|name| !hello.cameras.contains(name)).cloned().collect();
        for name in gone {
            let Some(camera) = self.cameras.remove(&name) else { continue };
            self.remove(&camera.part, camera.retained(), outbox);
        }
        for name in &hello.cameras {
            if !self.cameras.contains_key(name) {
                let taken = self.cameras.values().map(|camera| camera.part.clone()).collect();
                let part = distinct(identity::name(name), &taken);
                self.cameras.insert(name.clone(), Camera::new(self.topics.camera(&part), part));
            }
        }
        self.hello = Some(hello.clone());
        for (name, camera) in &mut self.cameras {
            let streams: Vec<_> = hello.streams.iter().filter(|stream| stream.camera == *name).collect();
            camera.set_streams(&streams, outbox);
        }
        self.announce(hello, outbox);
        self.set_online(true, outbox);
        self.remove_unknown(outbox);
    }

    fn announce(&self, hello: &Hello, outbox: &mut Outbox) {
        let named = |(name, camera): (&'_ String, &'_ Camera)| (name.clone(), camera.part.clone());
        let cameras: Vec<_> = self.cameras.iter().map(named).collect();
        let info = Info {
            program: &hello.program,
            model: &hello.model,
            classes: hello.labels.len(),
            execution_provider: &hello.execution_provider,
            cameras: cameras.iter().map(|(name, topic)| Named { name, topic }).collect(),
        };
        outbox.put(&self.topics.info(), Kind::DESCRIPTION, json(&info));
        self.diagnostics(outbox);
        if let Some(topic) = self.topics.board_config() {
            outbox.put(&topic, Kind::DESCRIPTION, json(&discovery::board(&self.topics, &self.name, hello)));
        }
        for (name, camera) in &self.cameras {
            let Some(topic) = self.topics.camera_config(&camera.part) else { return };
            let streams = camera.names().iter().map(|stream| {
                let model = hello.models.iter().find(|known| known.name == stream.model);
                let states = match model {
                    Some(model) if model.multi_label => None,
                    Some(model) => Some(model.states.as_ref().unwrap_or(&model.labels)),
                    None => Some(&hello.labels),
                };
                let (levels, states) = (stream.levels.as_deref(), states.map(Vec::as_slice));
                discovery::Stream { levels, topic: &stream.topic, model: &stream.model, states }
            });
            let streams = streams.collect();
            let described = discovery::Camera {
                name: format!("{} {name}", self.name),
                id: format!("{}_{}", self.topics.id, camera.part),
                availability: camera.availability(),
                diagnostics: camera.diagnostics(),
                heartbeat: self.heartbeat,
                streams,
            };
            outbox.put(&topic, Kind::DESCRIPTION, json(&discovery::camera(&self.topics, &described, hello)));
        }
    }

    fn take_result(&mut self, result: &Classification, outbox: &mut Outbox) {
        let Some(camera) = self.cameras.get_mut(&result.source) else { return };
        if self.inference.len() < TIMES {
            self.inference.push(result.timing.inference_ms);
        }
        camera.take_result(result, outbox);
    }

    fn diagnostics(&self, outbox: &mut Outbox) {
        let Some(hello) = &self.hello else { return };
        let diagnostics = BoardDiagnostics {
            execution_provider: &hello.execution_provider,
            nodes: hello.nodes,
            inference_ms: Percentiles::of(&mut self.inference.clone()).map(|times| times.p50),
            missed_events: outbox.all_missed(),
        };
        outbox.put(&self.topics.diagnostics(), Kind::STATISTICS, json(&diagnostics));
    }

    /// Removes cameras of earlier times from the broker, once the daemon has said which it has.
    fn remove_unknown(&mut self, outbox: &mut Outbox) {
        if self.hello.is_none() {
            return;
        }
        for part in std::mem::take(&mut self.unknown) {
            if !self.cameras.values().any(|camera| camera.part == part) {
                let topic = self.topics.camera(&part);
                let retained = ["state", "availability", "diagnostics"].map(|last| format!("{topic}/{last}"));
                self.remove(&part, retained.into(), outbox);
            }
        }
    }

    fn remove(&self, part: &str, retained: Vec<String>, outbox: &mut Outbox) {
        retained.iter().chain(&self.topics.camera_config(part)).for_each(|topic| outbox.remove(topic));
    }
}

#[cfg(test)]
mod tests;
