//! The state of a stream of which one class at a time can be true.

use super::clock::{Clock, Step};
use super::settings::Params;
use super::thresholds::Thresholds;
use crate::prediction::Moment;
use std::time::Duration;

/// What a stream shows, and since when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// The class; `None`: nothing is shown that is clear enough.
    pub class: Option<usize>,
    /// The smoothed probability of the class, 0 to 1; 0 for nothing.
    pub confidence: f32,
    /// When it began: when its condition was first met, which is `hold` before it was known.
    pub since: Moment,
}

/// One state has ended, and another has begun.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The state that has ended, with its last confidence.
    pub from: State,
    /// The state that has begun. The other one lasted from its own `since` to this one's.
    pub to: State,
}

/// The label state of one stream.
#[derive(Debug, Clone)]
pub struct LabelState {
    settings: Params,
    thresholds: Thresholds,
    clock: Clock,
    /// Smoothed probabilities, by class.
    smoothed: Vec<f32>,
    class: Option<usize>,
    since: Moment,
    /// What the state would become, and since when its condition has been met without a break.
    candidate: Option<(Option<usize>, Moment)>,
}

impl LabelState {
    /// The state before the first frame: nothing.
    pub fn new(settings: Params, thresholds: Thresholds) -> Self {
        let smoothed = vec![0.0; thresholds.classes()];
        Self { settings, thresholds, clock: Clock::default(), smoothed, class: None, since: Moment::ZERO, candidate: None }
    }

    /// The present state.
    pub fn state(&self) -> State {
        let confidence = self.class.map_or(0.0, |class| self.smoothed[class]);
        State { class: self.class, confidence, since: self.since }
    }

    /// Takes the `probabilities` (0 to 1, by class) of the frame at `now`; returns the change that they make, if they make one. After a
    /// gap nothing older counts. A frame whose values are not all numbers, or are not as many as there are classes, is ignored.
    pub fn update(&mut self, now: Moment, probabilities: &[f32]) -> Option<Change> {
        if probabilities.len() != self.smoothed.len() || !probabilities.iter().all(|value| value.is_finite()) {
            return None;
        }
        let deadline = self.clock.deadline();
        let (gain, ended) = match (self.clock.step(now), deadline) {
            (Step::After(elapsed), _) => (self.settings.gain(elapsed), None),
            (Step::Anew, Some(deadline)) => (1.0, self.forget(deadline)),
            (Step::Anew, None) => {
                self.since = now;
                (1.0, None)
            }
        };
        for (smoothed, value) in self.smoothed.iter_mut().zip(probabilities) {
            *smoothed += gain * (value.clamp(0.0, 1.0) - *smoothed);
        }
        match (ended, self.decide(now)) {
            // without `hold`: straight from the state before the gap to the one after it
            (Some(ended), Some(decided)) => Some(Change { from: ended.from, to: decided.to }),
            (ended, decided) => ended.or(decided),
        }
    }

    /// When the state ends if no further frame comes; `None` where it is nothing already.
    pub fn deadline(&self) -> Option<Moment> {
        self.class.and(self.clock.deadline())
    }

    /// Ends the state if no frame has come until its deadline, and `now` is not before that.
    pub fn expire(&mut self, now: Duration) -> Option<Change> {
        let deadline = self.deadline().filter(|deadline| now >= deadline.at)?;
        self.forget(deadline)
    }

    /// Ends the state with the latest frame: nothing of it counts for what comes.
    pub fn end(&mut self) -> Option<Change> {
        self.clock.last().and_then(|last| self.forget(last))
    }

    /// The state is nothing from `at` on.
    fn forget(&mut self, at: Moment) -> Option<Change> {
        self.candidate = None;
        self.class.is_some().then(|| self.switch_to(None, at))
    }

    fn decide(&mut self, now: Moment) -> Option<Change> {
        let wanted = self.wanted();
        if wanted == self.class {
            self.candidate = None;
            return None;
        }
        let since = match self.candidate {
            Some((candidate, since)) if candidate == wanted => since,
            _ => now,
        };
        self.candidate = Some((wanted, since));
        (now.at.saturating_sub(since.at) >= self.settings.hold).then(|| self.switch_to(wanted, since))
    }

    /// The class that the smoothed values indicate: the greatest, if it can be entered; otherwise the present one, if it is not left.
    fn wanted(&self) -> Option<usize> {
        let (mut best, mut second) = (0, None);
        for class in 1..self.smoothed.len() {
            if self.smoothed[class] > self.smoothed[best] {
                (best, second) = (class, Some(best));
            } else if second.is_none_or(|second| self.smoothed[class] > self.smoothed[second]) {
                second = Some(class);
            }
        }
        let value = *self.smoothed.get(best)?;
        let other = second.map_or(0.0, |second| self.smoothed[second]);
        // a class that is shown needs no lead to stay
        let other = if self.class == Some(best) { 0.0 } else { other };
        if self.thresholds.enters(best, value, other) {
            return Some(best);
        }
        self.class.filter(|class| self.smoothed[*class] >= self.thresholds.leave(*class))
    }

    fn switch_to(&mut self, class: Option<usize>, since: Moment) -> Change {
        let from = self.state();
        (self.class, self.since, self.candidate) = (class, self.since.max(since), None);
        Change { from, to: self.state() }
    }
}
