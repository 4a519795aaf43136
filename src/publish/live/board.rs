//! What a live view shows: the streams of a daemon, each with its latest answer, and the state of their cameras.

use crate::message::{self, Change, Classification, Hello, Message, Stable, StableClass, Subscribed};
use crate::metrics::{self, State};
use crate::prediction::{Prediction, StableState, milliseconds};
use crate::printable::line as on_one_line;
use crate::stats::Rate;
use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

/// The streams and cameras of a daemon.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Program, model and execution.
    pub title: String,
    /// The cameras.
    pub cameras: BTreeMap<String, Camera>,
    /// What the camera really shows, if that is known.
    pub truth: Option<String>,
}

/// A camera.
#[derive(Debug, Clone, Default)]
pub struct Camera {
    /// Why it is not running.
    pub trouble: Option<String>,
    /// The daemon has no such camera.
    pub unknown: bool,
    /// Its streams, ordered by region and model.
    pub streams: Vec<Row>,
}

/// A stream.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The region of the camera's picture; `None`: the whole one.
    pub region: Option<String>,
    /// The model.
    pub model: String,
    /// What it shows stably; empty if that is not known.
    pub state: Vec<Shown>,
    /// Label and confidence for its latest frame, best first.
    pub top: Vec<(String, f64)>,
    /// Results a second.
    pub rate: Rate,
    /// The provider of the latest result.
    pub provider: String,
    /// The age of the latest result, in milliseconds.
    pub age: f64,
    /// The time of its inference, in milliseconds; `None` if it is the answer to an earlier frame.
    pub inference: Option<f64>,
    /// Columns and rows of its frame.
    pub size: (u32, u32),
    /// Lines that this reader lost.
    pub missed: u64,
}

/// A class that a stream shows, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The class; `None`: nothing.
    pub label: Option<String>,
    /// Its smoothed confidence.
    pub confidence: f64,
    /// Since when it has been shown, if that is known.
    pub since: Option<SystemTime>,
}

fn class_of(class: &StableClass) -> Class<'_> {
    (class.label.as_deref(), class.confidence, class.since)
}

/// A class with its confidence and its beginning.
type Class<'a> = (Option<&'a str>, f64, SystemTime);

impl Row {
    /// Sets what it shows; no class at all is nothing. Existing memory is reused.
    fn set_state<'a>(&mut self, classes: impl ExactSizeIterator<Item = Class<'a>>) {
        if classes.len() == 0 {
            self.state.clear();
            return self.state.push(Shown::default());
        }
        self.state.resize_with(classes.len(), Default::default);
        for (shown, (label, confidence, since)) in self.state.iter_mut().zip(classes) {
            match (&mut shown.label, label) {
                (Some(shown), Some(label)) => {
                    shown.clear();
                    shown.push_str(label);
                }
                (shown, label) => *shown = label.map(str::to_owned),
            }
            (shown.confidence, shown.since) = (confidence, Some(since));
        }
    }

    /// What it shows: its text, its confidence, and its beginning. Where no state is known, the best class of the latest frame.
    pub fn answer(&self) -> (String, Option<f64>, Option<SystemTime>) {
        let text = |shown: &Shown| shown.label.clone().unwrap_or_else(|| "nothing".to_owned());
        match (&self.state[..], self.top.first()) {
            ([], Some((label, confidence))) => (label.clone(), Some(*confidence), None),
            ([], None) => ("no class".to_owned(), None, None),
            ([only], _) => (text(only), only.label.as_ref().map(|_| only.confidence), only.since),
            (several, _) => (several.iter().map(text).collect::<Vec<_>>().join(", "), None, None),
        }
    }

    fn key(&self) -> (Option<&str>, &str) {
        (self.region.as_deref(), &self.model)
    }

    /// Sets the classes. Existing memory is reused.
    fn set_top<'a>(&mut self, classes: impl ExactSizeIterator<Item = (&'a str, f64)>) {
        self.top.resize_with(classes.len(), Default::default);
        for ((name, confidence), (label, value)) in self.top.iter_mut().zip(classes) {
            name.clear();
            name.push_str(label);
            *confidence = value;
        }
    }
}

impl Board {
    fn row(&mut self, camera: &str, region: Option<&str>, model: &str) -> &mut Row {
        // looked up first: an entry needs a copy of the name
        if !self.cameras.contains_key(camera) {
            self.cameras.insert(camera.to_owned(), Camera::default());
        }
        let camera = self.cameras.get_mut(camera).expect("it was inserted");
        camera.trouble = None;
        match camera.streams.binary_search_by(|row| row.key().cmp(&(region, model))) {
            Ok(index) => &mut camera.streams[index],
            Err(index) => {
                let row = Row { region: region.map(str::to_owned), model: model.to_owned(), ..Row::default() };
                camera.streams.insert(index, row);
                &mut camera.streams[index]
            }
        }
    }

    /// A daemon says what it is.
    pub fn hello(&mut self, hello: &Hello) {
        let [program, model, execution] = [&hello.program, &hello.model, &hello.execution].map(|text| on_one_line(text));
        self.title = match &hello.models[..] {
            [] | [_] => format!("{program}, {model} on {execution}"),
            models => {
                let names: Vec<_> = models.iter().map(|model| on_one_line(&model.name)).collect();
                format!("{program}, {}", names.join(", "))
            }
        };
        self.cameras.retain(|name, camera| camera.unknown || hello.cameras.contains(name));
        for name in &hello.cameras {
            self.cameras.entry(name.clone()).or_default();
        }
        for (name, camera) in &mut self.cameras {
            let is_listed = |row: &Row| {
                let mut streams = hello.streams.iter().filter(|stream| stream.camera == *name);
                streams.any(|stream| (stream.region.as_deref(), &*stream.model) == row.key())
            };
            camera.streams.retain(is_listed);
        }
    }

    /// The cameras that this reader gets, and those that the daemon does not have.
    fn subscribed(&mut self, subscribed: &Subscribed) {
        self.cameras.retain(|name, camera| subscribed.cameras.contains(name) && !camera.unknown);
        for name in &subscribed.cameras {
            self.cameras.entry(name.clone()).or_default();
        }
        for name in &subscribed.unknown_cameras {
            let trouble = Some("the daemon has no such camera".to_owned());
            self.cameras.insert(name.clone(), Camera { trouble, unknown: true, ..Camera::default() });
        }
    }

    /// A result, at `now`.
    pub fn prediction(&mut self, prediction: &Prediction, now: Instant) {
        let row = self.row(&prediction.source, prediction.region.as_deref(), &prediction.model);
        row.rate.tick(now);
        row.set_top(prediction.top.iter().map(|score| (prediction.labels.name(score.index), score.confidence.into())));
        match prediction.stable.as_ref().map(|stable| &stable.state) {
            Some(StableState::One(class)) => {
                row.set_state([(class.label.as_deref(), class.confidence.into(), class.since)].into_iter())
            }
            Some(StableState::Many(classes)) => {
                row.set_state(classes.iter().map(|class| (class.label.as_deref(), class.confidence.into(), class.since)));
            }
            None => row.state.clear(),
        }
        row.provider.clear();
        row.provider.push_str(crate::npu::shown(prediction.execution_provider));
        row.age = milliseconds(prediction.timing.age);
        row.inference = (!prediction.reused).then(|| milliseconds(prediction.timing.inference));
        row.size = prediction.size();
    }

    /// A result from a daemon, at `now`.
    fn classification(&mut self, result: &Classification, now: Instant) {
        let row = self.row(&result.source, result.region.as_deref(), &result.model);
        row.rate.tick(now);
        row.set_top(result.classifications.iter().map(|class| (&*class.label, class.confidence)));
        match &result.stable {
            Some(Stable::One(one)) => row.set_state([class_of(one)].into_iter()),
            Some(Stable::Many(classes)) => row.set_state(classes.iter().map(class_of)),
            None => row.state.clear(),
        }
        row.provider = on_one_line(&result.execution_provider).into_owned();
        row.age = result.timing.age_ms;
        row.inference = (!result.reused).then_some(result.timing.inference_ms);
        row.size = (result.width, result.height);
        row.missed += result.missed.unwrap_or_default();
    }

    /// The state of a stream has changed. A change that a result made is in that result.
    pub fn change(&mut self, change: &Change) {
        let (Some(from), None) = (&change.from, change.frame) else { return };
        let Some(camera) = self.cameras.get_mut(&change.source) else { return };
        let key = (change.region.as_deref(), &*change.model);
        if let Some(row) = camera.streams.iter_mut().find(|row| row.key() == key) {
            row.state.retain(|shown| shown.label.as_ref() != Some(&from.label));
            if row.state.is_empty() {
                row.state.push(Shown { since: Some(change.since), ..Shown::default() });
            }
        }
    }

    /// The state of a camera.
    pub fn status(&mut self, status: &metrics::Status) {
        let state = match status.state {
            State::Starting => "starting",
            State::Flowing => return self.camera_is(&status.source, None),
            State::Lost => "lost",
            State::Ended => "ended",
        };
        self.camera_is(&status.source, Some((state, status.reason.as_deref())));
    }

    /// A message of a daemon, at `now`.
    pub fn message(&mut self, message: &Message, now: Instant) {
        match message {
            Message::Hello(hello) => self.hello(hello),
            Message::Subscribed(subscribed) => self.subscribed(subscribed),
            Message::Status(status) => self.status_message(status),
            Message::Classification(result) => self.classification(result, now),
            Message::Change(change) => self.change(change),
            _ => {}
        }
    }

    /// The state of a camera, from a daemon.
    fn status_message(&mut self, status: &message::Status) {
        let trouble = (status.state != message::State::Flowing).then(|| (status.state.as_str(), status.reason.as_deref()));
        self.camera_is(&status.source, trouble);
    }

    /// Sets the state and the reason of a camera that is not running.
    fn camera_is(&mut self, name: &str, trouble: Option<(&str, Option<&str>)>) {
        let camera = self.cameras.entry(name.to_owned()).or_default();
        camera.trouble = trouble.map(|(state, reason)| match reason {
            Some(reason) => format!("{state}: {reason}"),
            None => state.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
