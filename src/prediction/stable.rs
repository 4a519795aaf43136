//! What a stream shows stably, as opposed to the answer for a single frame: its state, and the change from one state to the next.

use super::stream_name::StreamName;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A point in time of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On the stream's own time line, which never runs backwards: the time of capture, or a film's own time.
    pub at: Duration,
    /// By the wall clock.
    pub timestamp: SystemTime,
    /// In the source, if it has timestamps.
    pub pts: Option<Duration>,
}

impl Moment {
    /// The beginning of the time line.
    pub const ZERO: Self = Self { at: Duration::ZERO, timestamp: SystemTime::UNIX_EPOCH, pts: None };

    /// The moment `by` later.
    pub fn later(self, by: Duration) -> Self {
        let pts = self.pts.and_then(|pts| pts.checked_add(by));
        Self { at: self.at + by, timestamp: self.timestamp.checked_add(by).unwrap_or(self.timestamp), pts }
    }

    /// The later one of two.
    pub fn max(self, other: Self) -> Self {
        if other.at > self.at { other } else { self }
    }
}

/// A class, or a group of classes, that a stream shows; or that it shows nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct StableClass {
    /// Its name; `None`: nothing.
    pub label: Option<Arc<str>>,
    /// The class, from 0; `None` for a group, and for nothing.
    pub index: Option<usize>,
    /// Its smoothed probability, 0 to 1; 0 for nothing.
    pub confidence: f32,
    /// When the stream began to show it.
    pub since: SystemTime,
    /// Whether this is the first result since then.
    pub changed: bool,
}

/// What a stream shows.
#[derive(Debug, Clone, PartialEq)]
pub enum StableState {
    /// One class or nothing.
    One(StableClass),
    /// Any number of classes, by index, of a model that gives each class a probability of its own.
    Many(Vec<StableClass>),
}

/// The state of a stream as of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Stable {
    /// What it shows.
    pub state: StableState,
    /// The number of changes of the stream so far. Equal numbers mean the same state.
    pub changes: u64,
}

impl Stable {
    /// Copies `other` into the existing memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.changes = other.changes;
        match (&mut self.state, &other.state) {
            (StableState::Many(classes), StableState::Many(others)) => {
                classes.clear();
                classes.extend_from_slice(others);
            }
            (state, other) => *state = other.clone(),
        }
    }

    /// The classes that the stream shows.
    pub fn classes(&self) -> impl Iterator<Item = &StableClass> {
        let classes = match &self.state {
            StableState::One(class) => std::slice::from_ref(class),
            StableState::Many(classes) => classes,
        };
        classes.iter().filter(|class| class.label.is_some())
    }
}

impl fmt::Display for Stable {
    /// `common iguana 61 %`, or `nothing`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut classes = self.classes().peekable();
        if classes.peek().is_none() {
            return f.write_str("nothing");
        }
        classes.enumerate().try_for_each(|(n, class)| {
            let (comma, label) = (if n == 0 { "" } else { ", " }, class.label.as_deref().unwrap_or_default());
            write!(f, "{comma}{label} {:.0} %", class.confidence * 100.0)
        })
    }
}

/// A state of a stream has ended, and another one has begun. For a model that gives each class a probability of its own: a class is shown
/// (`from` is `None`), or is not any more (`to` is `None`).
#[derive(Debug, Clone, PartialEq)]
pub struct StateChange {
    /// The stream.
    pub stream: StreamName,
    /// When it was known: the capture of the frame that decided it, or the time at which frames had been missing for too long.
    pub known: Moment,
    /// The camera's number of that frame; `None` if no frame did.
    pub frame: Option<u64>,
    /// What the stream no longer shows; `None`: nothing was shown.
    pub from: Option<StableClass>,
    /// What it shows now; `None`: nothing.
    pub to: Option<StableClass>,
    /// When the new state began.
    pub since: Moment,
    /// How long the previous one had lasted until then.
    pub lasted: Duration,
    /// What the stream shows now, all in all.
    pub stable: Stable,
}
