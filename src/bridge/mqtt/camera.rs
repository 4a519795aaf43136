//! What is known of one camera, and its payloads.

use super::identity::name;
use super::outbox::{Kind, Outbox};
use super::payload::{self, CameraDiagnostics, Event, OFFLINE, ONLINE, Percentiles, json};
use super::topics::distinct;
use crate::message::{self, Change, Classification, Stable, StableClass, State, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// Ages that are kept for the percentiles of a heartbeat; of more results the first ones count.
const AGES: usize = 4096;

/// One camera.
#[derive(Debug)]
pub struct Camera {
    /// Its part of the topics.
    pub part: String,
    /// What its topics begin with.
    topic: String,
    is_online: Option<bool>,
    status: Option<Status>,
    /// Its streams, as the daemon has said.
    names: Vec<StreamName>,
    /// Those that have shown something, by what their topics begin with.
    streams: BTreeMap<String, Stream>,
    ages: Vec<f64>,
    results: u64,
}

/// A stream among those of its camera.
#[derive(Debug)]
pub struct StreamName {
    region: Option<String>,
    /// The model's name.
    pub model: String,
    /// The levels that its topics have of their own: its region, and its model if that is not the only one there.
    pub levels: Option<String>,
    /// What its topics begin with.
    pub topic: String,
}

/// What one model says of the camera, or of a region of its picture.
#[derive(Debug)]
struct Stream {
    topic: String,
    shown: Shown,
    latest: Classification,
    /// The latest result is not published.
    is_new: bool,
}

/// What a stream shows: one class or nothing; of a model that gives each class a probability of its own, all that are true.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    /// Several names are separated by commas.
    label: Option<String>,
    index: Option<usize>,
    /// That of the least certain one.
    confidence: Option<f64>,
    /// When the latest of them began.
    since: SystemTime,
}

impl Shown {
    /// The state in `result`. Without one, which a daemon of an earlier version does not give, the best class.
    fn of(result: &Classification) -> Self {
        match &result.stable {
            Some(Stable::One(class)) => Self::all(std::slice::from_ref(class), class.since),
            Some(Stable::Many(classes)) => Self::all(classes, result.timestamp),
            None => {
                let best = result.classifications.first();
                let (label, index) = (best.map(|class| class.label.clone()), best.map(|class| class.index));
                Self { label, index, confidence: best.map(|class| class.confidence), since: result.timestamp }
            }
        }
    }

    /// All of `classes`; nothing since `nothing_since` if there is none.
    fn all(classes: &[StableClass], nothing_since: SystemTime) -> Self {
        let shown: Vec<_> = classes.iter().filter_map(|class| Some((class.label.as_deref()?, class))).collect();
        let label = (!shown.is_empty()).then(|| shown.iter().map(|(label, _)| *label).collect::<Vec<_>>().join(", "));
        let index = if let [(_, only)] = shown[..] { only.index } else { None };
        let confidence = shown.iter().map(|(_, class)| class.confidence).reduce(f64::min);
        Self { label, index, confidence, since: shown.iter().map(|(_, class)| class.since).max().unwrap_or(nothing_since) }
    }
}

impl Camera {
    /// A camera whose topics begin with `topic`, of which `part` is its own part.
    pub fn new(topic: String, part: String) -> Self {
        let (names, streams, ages) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { part, topic, is_online: None, status: None, names, streams, ages, results: 0 }
    }

    /// The topic of its availability.
    pub fn availability(&self) -> String {
        format!("{}/availability", self.topic)
    }

    /// The topic of its statistics.
    pub fn diagnostics(&self) -> String {
        format!("{}/diagnostics", self.topic)
    }

    /// Its streams.
    pub fn names(&self) -> &[StreamName] {
        &self.names
    }

    /// All topics that the broker keeps for it.
    pub fn retained(&self) -> Vec<String> {
        let states = self.streams.values().map(|stream| format!("{}/state", stream.topic));
        states.chain([self.availability(), self.diagnostics()]).collect()
    }

    /// It has these `streams`; others are removed.
    pub fn set_streams(&mut self, streams: &[&message::Stream], outbox: &mut Outbox) {
        let mut taken = BTreeSet::new();
        let named = |stream: &&message::Stream| {
            let is_only = streams.iter().filter(|other| other.region == stream.region).count() == 1;
            let model = (!is_only).then(|| name(&stream.model));
            let levels: Vec<_> = stream.region.as_deref().map(name).into_iter().chain(model).collect();
            let levels = (!levels.is_empty()).then(|| distinct(levels.join("/"), &taken));
            taken.extend(levels.clone());
            let topic = levels.as_ref().map_or_else(|| self.topic.clone(), |levels| format!("{}/{levels}", self.topic));
            StreamName { region: stream.region.clone(), model: stream.model.clone(), levels, topic }
        };
        self.names = streams.iter().map(named).collect();
        self.streams.retain(|topic, _| {
            let stays = self.names.iter().any(|name| name.topic == *topic);
            if !stays {
                outbox.remove(&format!("{topic}/state"));
            }
            stays
        });
    }

    /// What the topics of a stream begin with; `None` for one of which the daemon has not said that it exists.
    fn topic_of(&self, region: Option<&str>, model: &str) -> Option<&String> {
        if self.names.is_empty() {
            // a daemon of an earlier version does not tell its streams
            return Some(&self.topic);
        }
        self.names.iter().find(|name| name.region.as_deref() == region && name.model == model).map(|name| &name.topic)
    }

    /// A result of one of its streams.
    pub fn take_result(&mut self, result: &Classification, outbox: &mut Outbox) {
        self.set_online(true, outbox);
        self.results += 1;
        if self.ages.len() < AGES {
            self.ages.push(result.timing.age_ms);
        }
        let now = Shown::of(result);
        let Some(topic) = self.topic_of(result.region.as_deref(), &result.model).cloned() else { return };
        let Some(stream) = self.streams.get_mut(&topic) else {
            let stream = Stream { topic: topic.clone(), shown: now, latest: result.clone(), is_new: true };
            self.streams.entry(topic).or_insert(stream).publish(outbox);
            return;
        };
        stream.latest = result.clone();
        stream.is_new = true;
        stream.show(now, result.timestamp, outbox);
    }

    /// A change of one of its streams, if no result tells of it: results are missing, or the stream has ended.
    pub fn take_change(&mut self, change: &Change, outbox: &mut Outbox) {
        let Some(topic) = self.topic_of(change.region.as_deref(), &change.model).cloned() else { return };
        let Some(stream) = self.streams.get_mut(&topic).filter(|_| change.frame.is_none()) else { return };
        let ended = change.from.as_ref().filter(|_| change.to.is_none()).map(|class| class.label.as_str());
        let now = match &mut stream.latest.stable {
            Some(Stable::Many(classes)) => {
                classes.retain(|class| class.label.as_deref() != ended);
                Shown::all(classes, change.since)
            }
            _ => {
                let to = change.to.as_ref();
                let (index, confidence) = (to.and_then(|to| to.index), to.map(|to| to.confidence));
                Shown { label: to.map(|to| to.label.clone()), index, confidence, since: change.since }
            }
        };
        stream.show(now, change.timestamp, outbox);
    }

    /// A status of the camera.
    pub fn take_status(&mut self, status: &Status, outbox: &mut Outbox) {
        match status.state {
            State::Flowing => self.set_online(true, outbox),
            State::Starting | State::Lost | State::Ended => self.set_online(false, outbox),
            State::Other(_) => {}
        }
        self.status = Some(status.clone());
    }

    /// The camera works, or it does not.
    pub fn set_online(&mut self, is_online: bool, outbox: &mut Outbox) {
        if self.is_online.replace(is_online) != Some(is_online) {
            let word = if is_online { ONLINE } else { OFFLINE };
            outbox.put(&self.availability(), Kind::STATE, word.into());
        }
    }

    /// Publishes states with new results, and the statistics of the last `time`.
    pub fn heartbeat(&mut self, time: Duration, outbox: &mut Outbox) {
        if self.is_online.is_none() {
            self.set_online(false, outbox);
        }
        for stream in self.streams.values_mut().filter(|stream| stream.is_new) {
            stream.publish(outbox);
        }
        let status = self.status.as_ref();
        let state = status.map_or(if self.results > 0 { "flowing" } else { "starting" }, |status| status.state.as_str());
        let diagnostics = CameraDiagnostics {
            state,
            reason: status.and_then(|status| status.reason.as_deref()),
            results_per_second: rounded(self.results as f64 / time.as_secs_f64().max(0.001)),
            age_ms: Percentiles::of(&mut self.ages),
            dropped: status.map_or(0, |status| status.dropped),
            errors: status.map_or(0, |status| status.errors),
        };
        outbox.put(&self.diagnostics(), Kind::STATISTICS, json(&diagnostics));
        self.ages.clear();
        self.results = 0;
    }

    /// What it shows, in words, for people.
    pub fn summary(&self) -> String {
        let of = |stream: &Stream| stream.shown.label.clone().unwrap_or_else(|| "nothing".to_owned());
        match (self.is_online, self.streams.values().map(of).collect::<Vec<_>>()) {
            (Some(false), _) => "offline".into(),
            (_, shown) if shown.is_empty() => "no result yet".into(),
            (_, shown) => shown.join(", "),
        }
    }
}

impl Stream {
    /// It shows `now`: an event and a state, if that is another label.
    fn show(&mut self, now: Shown, timestamp: SystemTime, outbox: &mut Outbox) {
        let before = std::mem::replace(&mut self.shown, now);
        if before.label != self.shown.label {
            self.tell(before.label.as_deref(), timestamp, outbox);
            self.publish(outbox);
        }
    }

    fn publish(&mut self, outbox: &mut Outbox) {
        self.is_new = false;
        let state = payload::State {
            label: self.shown.label.as_deref(),
            index: self.shown.index,
            confidence: self.shown.confidence,
            since: self.shown.since,
            top: &self.latest.classifications,
            age_ms: self.latest.timing.age_ms,
            region: self.latest.region.as_deref(),
            model: &self.latest.model,
            timestamp: self.latest.timestamp,
        };
        outbox.put(&format!("{}/state", self.topic), Kind::STATE, json(&state));
    }

    /// Publishes that it has changed from the label `from`.
    fn tell(&self, from: Option<&str>, timestamp: SystemTime, outbox: &mut Outbox) {
        let topic = format!("{}/event", self.topic);
        let event = Event {
            event_type: "changed",
            from,
            to: self.shown.label.as_deref(),
            since: self.shown.since,
            region: self.latest.region.as_deref(),
            model: &self.latest.model,
            timestamp,
            missed: outbox.missed(&topic),
        };
        outbox.put(&topic, Kind::EVENT, json(&event));
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
