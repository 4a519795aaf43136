//! What the user can set of label states, and the defaults.

use std::time::Duration;

/// Parameters of a label state. The defaults were chosen by the simulation in `benches/label_state.rs`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelStateSettings {
    /// Time constant of the low-pass filter; 0 turns smoothing off.
    pub smoothing: Duration,
    /// The smoothed probability at which a class is entered, 0 to 1. Above 0.5 it is more than all others together.
    pub enter: f32,
    /// The smoothed probability below which a class is left, 0 to `enter`.
    pub leave: f32,
    /// For how long a condition must hold without a break before the state changes.
    pub hold: Duration,
}

impl Default for LabelStateSettings {
    fn default() -> Self {
        Self { smoothing: Duration::from_millis(500), enter: 0.5, leave: 0.3, hold: Duration::from_millis(500) }
    }
}

impl LabelStateSettings {
    /// The share of the difference by which the smoothed value follows a new one after `elapsed`: `1 - exp(-elapsed / smoothing)`.
    pub(super) fn gain(&self, elapsed: Duration) -> f32 {
        if self.smoothing.is_zero() {
            return 1.0;
        }
        (-(-elapsed.as_secs_f64() / self.smoothing.as_secs_f64()).exp_m1()) as f32
    }
}

/// The thresholds of each class: the common ones, but for classes that have their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    enter: Vec<f32>,
    /// `leave / enter`: the width of the hysteresis is kept for a class with its own threshold.
    ratio: f32,
}

impl Thresholds {
    /// The common thresholds of `settings` for `classes` classes.
    pub fn new(classes: usize, settings: &LabelStateSettings) -> Self {
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
