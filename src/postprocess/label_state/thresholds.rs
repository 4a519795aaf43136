//! The thresholds of each class.

use super::settings::Params;

/// The thresholds of each class: the common ones, but for classes that have their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    pub(super) enter: Vec<f32>,
    /// `leave / enter`: the width of the hysteresis is kept for a class with its own threshold.
    ratio: f32,
    lead: Vec<f32>,
}

impl Thresholds {
    /// The common thresholds of `settings` for `classes` classes.
    pub fn new(classes: usize, settings: &Params) -> Self {
        let ratio = if settings.enter > 0.0 { settings.leave / settings.enter } else { 0.0 };
        Self { enter: vec![settings.enter; classes], ratio, lead: vec![settings.lead; classes] }
    }

    /// The same, but `class` is entered at `enter` without any lead, and left at a threshold that is lower in proportion.
    pub fn with(mut self, class: usize, enter: f32) -> Self {
        (self.enter[class], self.lead[class]) = (enter, 0.0);
        self
    }

    pub(super) fn classes(&self) -> usize {
        self.enter.len()
    }

    /// Whether `class` is entered at the smoothed probability `value`, beside one of `other` for the strongest alternative.
    pub(super) fn enters(&self, class: usize, value: f32, other: f32) -> bool {
        value >= self.enter[class] && (value >= 0.5 || value >= self.lead[class] * other)
    }

    pub(super) fn leave(&self, class: usize) -> f32 {
        self.enter[class] * self.ratio
    }
}
