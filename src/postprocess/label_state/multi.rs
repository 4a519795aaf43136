//! The states of a stream whose model gives each class a probability of its own (sigmoid): any number of classes can be true at once.

use super::clock::{Clock, Step};
use super::settings::{LabelStateSettings, Thresholds};
use std::time::Duration;

/// A class has become true, or is not any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiLabelChange {
    /// The class.
    pub class: usize,
    /// Whether it is true from now on.
    pub entered: bool,
    /// Its smoothed probability, 0 to 1.
    pub confidence: f32,
    /// When that began.
    pub since: Duration,
    /// For how long the class had been the opposite.
    pub lasted: Duration,
}

#[derive(Debug, Clone, Copy, Default)]
struct Class {
    smoothed: f32,
    entered: bool,
    since: Duration,
    /// Since when the opposite has held without a break.
    opposite: Option<Duration>,
}

/// The label states of one stream, one for each class.
#[derive(Debug, Clone)]
pub struct MultiLabelState {
    settings: LabelStateSettings,
    thresholds: Thresholds,
    clock: Clock,
    classes: Vec<Class>,
}

impl MultiLabelState {
    /// The states before the first frame: no class is true.
    pub fn new(settings: LabelStateSettings, thresholds: Thresholds) -> Self {
        let classes = vec![Class::default(); thresholds.classes()];
        Self { settings, thresholds, clock: Clock::default(), classes }
    }

    /// The classes that are true, with their smoothed probabilities and since when.
    pub fn entered(&self) -> impl Iterator<Item = (usize, f32, Duration)> {
        let all = self.classes.iter().enumerate();
        all.filter(|(_, class)| class.entered).map(|(index, class)| (index, class.smoothed, class.since))
    }

    /// Takes the `probabilities` (0 to 1, by class) of the frame at `at`, and appends the changes that they make to `changes`. After a
    /// gap nothing older counts. A frame whose values are not all numbers, or are not as many as there are classes, is ignored.
    pub fn update(&mut self, at: Duration, probabilities: &[f32], changes: &mut Vec<MultiLabelChange>) {
        if probabilities.len() != self.classes.len() || !probabilities.iter().all(|value| value.is_finite()) {
            return;
        }
        let deadline = self.clock.deadline();
        let gain = match self.clock.step(at) {
            Step::After(elapsed) => self.settings.gain(elapsed),
            Step::Anew => {
                match deadline {
                    Some(deadline) => self.forget(deadline, changes),
                    None => self.classes.iter_mut().for_each(|class| class.since = at),
                }
                1.0
            }
        };
        for (index, (class, value)) in self.classes.iter_mut().zip(probabilities).enumerate() {
            class.smoothed += gain * (value.clamp(0.0, 1.0) - class.smoothed);
            let threshold = if class.entered { self.thresholds.leave(index) } else { self.thresholds.enter(index) };
            if (class.smoothed >= threshold) == class.entered {
                class.opposite = None;
                continue;
            }
            let since = *class.opposite.get_or_insert(at);
            if at.saturating_sub(since) >= self.settings.hold {
                changes.push(class.flip(index, since));
            }
        }
    }

    /// When the states end if no further frame comes; `None` where no class is true.
    pub fn deadline(&self) -> Option<Duration> {
        self.classes.iter().any(|class| class.entered).then(|| self.clock.deadline()).flatten()
    }

    /// Ends the states if no frame has come until their deadline, and `now` is not before that.
    pub fn expire(&mut self, now: Duration, changes: &mut Vec<MultiLabelChange>) {
        if let Some(deadline) = self.deadline().filter(|deadline| now >= *deadline) {
            self.forget(deadline, changes);
        }
    }

    fn forget(&mut self, at: Duration, changes: &mut Vec<MultiLabelChange>) {
        for (index, class) in self.classes.iter_mut().enumerate() {
            class.opposite = None;
            if class.entered {
                changes.push(class.flip(index, at));
            }
        }
    }
}

impl Class {
    fn flip(&mut self, index: usize, since: Duration) -> MultiLabelChange {
        let lasted = since.saturating_sub(self.since);
        *self = Self { smoothed: self.smoothed, entered: !self.entered, since: since.max(self.since), opposite: None };
        MultiLabelChange { class: index, entered: self.entered, confidence: self.smoothed, since: self.since, lasted }
    }
}
