//! The thresholds of each class.

use super::settings::Params;

/// The thresholds of each class: the common ones, but for classes that have their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    enter: Vec<f32>,
    /// `leave / enter`: the width of the hysteresis is kept for a class with its own threshold.
    ratio: f32,
}

impl Thresholds {
    /// The common thresholds of `settings` for `classes` classes.
    pub fn new(classes: usize, settings: &Params) -> Self {
        let ratio = if settings.enter > 0.0 { settings.leave / settings.enter } else { 0.0 };
        Self { enter: vec![settings.enter; classes], ratio }
    }

    /// The same, but `class` is entered at `enter`, and left at a threshold that is lower in proportion.
    pub fn with(mut self, class: usize, enter: f32) -> Self {
        self.enter[class] = enter;
        self
    }

    pub(super) fn classes(&self) -> usize {
        self.enter.len()
    }

    pub(super) fn enter(&self, class: usize) -> f32 {
        self.enter[class]
    }

    pub(super) fn leave(&self, class: usize) -> f32 {
        self.enter[class] * self.ratio
    }
}
