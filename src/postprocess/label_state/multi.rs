//! The states of a stream whose model gives each class a probability of its own (sigmoid): any number of classes can be true at once.

use super::clock::{Clock, Step};
use super::settings::Params;
use super::single::{Change, State};
use super::thresholds::Thresholds;
use crate::prediction::Moment;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
struct Class {
    smoothed: f32,
    entered: bool,
    since: Moment,
    /// Since when the opposite has held without a break.
    opposite: Option<Moment>,
}

/// The label states of one stream, one for each class.
#[derive(Debug, Clone)]
pub struct MultiLabelState {
    settings: Params,
    thresholds: Thresholds,
    clock: Clock,
    classes: Vec<Class>,
}

impl MultiLabelState {
    /// The states before the first frame: no class is true.
    pub fn new(settings: Params, thresholds: Thresholds) -> Self {
        let classes = vec![Class { smoothed: 0.0, entered: false, since: Moment::ZERO, opposite: None }; thresholds.classes()];
        Self { settings, thresholds, clock: Clock::default(), classes }
    }

    /// The states of the classes that are true.
    pub fn entered(&self) -> impl Iterator<Item = State> {
        self.classes.iter().enumerate().filter(|(_, class)| class.entered).map(|(index, class)| class.state(index))
    }

    /// Takes the `probabilities` (0 to 1, by class) of the frame at `now`, and appends the changes that they make to `changes`: from nothing to a class, or
    /// from a class to nothing. After a
    /// gap nothing older counts. A frame whose values are not all numbers, or are not as many as there are classes, is ignored.
    pub fn update(&mut self, now: Moment, probabilities: &[f32], changes: &mut Vec<Change>) {
        if probabilities.len() != self.classes.len() || !probabilities.iter().all(|value| value.is_finite()) {
            return;
        }
        let deadline = self.clock.deadline();
        let gain = match self.clock.step(now) {
            Step::After(elapsed) => self.settings.gain(elapsed),
            Step::Anew => {
                match deadline {
                    Some(deadline) => self.forget(deadline, changes),
                    None => self.classes.iter_mut().for_each(|class| class.since = now),
                }
                1.0
            }
        };
        for (index, (class, value)) in self.classes.iter_mut().zip(probabilities).enumerate() {
            class.smoothed += gain * (value.clamp(0.0, 1.0) - class.smoothed);
            let value = class.smoothed;
            let is_true = match class.entered {
                true => value >= self.thresholds.leave(index),
                // the alternative is that it is not true
                false => self.thresholds.enters(index, value, 1.0 - value),
            };
            if is_true == class.entered {
                class.opposite = None;
                continue;
            }
            let since = *class.opposite.get_or_insert(now);
            if now.at.saturating_sub(since.at) >= self.settings.hold {
                changes.push(class.flip(index, since));
            }
        }
    }

    /// When the states end if no further frame comes; `None` where no class is true.
    pub fn deadline(&self) -> Option<Moment> {
        self.classes.iter().any(|class| class.entered).then(|| self.clock.deadline()).flatten()
    }

    /// Ends the states if no frame has come until their deadline, and `now` is not before that.
    pub fn expire(&mut self, now: Duration, changes: &mut Vec<Change>) {
        if let Some(deadline) = self.deadline().filter(|deadline| now >= deadline.at) {
            self.forget(deadline, changes);
        }
    }

    /// Ends the states with the latest frame: nothing of it counts for what comes.
    pub fn end(&mut self, changes: &mut Vec<Change>) {
        if let Some(last) = self.clock.last() {
            self.forget(last, changes);
        }
    }

    fn forget(&mut self, at: Moment, changes: &mut Vec<Change>) {
        for (index, class) in self.classes.iter_mut().enumerate() {
            class.opposite = None;
            if class.entered {
                changes.push(class.flip(index, at));
            }
        }
    }
}

impl Class {
    fn state(&self, index: usize) -> State {
        let confidence = if self.entered { self.smoothed } else { 0.0 };
        State { class: self.entered.then_some(index), confidence, since: self.since }
    }

    fn flip(&mut self, index: usize, since: Moment) -> Change {
        let from = self.state(index);
        (self.entered, self.since, self.opposite) = (!self.entered, self.since.max(since), None);
        Change { from, to: self.state(index) }
    }
}
