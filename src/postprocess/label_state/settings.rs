//! What the user can set of label states: the section `[state]`.

use crate::settings::{Key, Kind, Section, defaults, heading};
use std::time::Duration;

/// The keys. The defaults were chosen by the simulation in `benches/label_state.rs`.
pub const KEYS: [Key; 4] = [
    Key::new("smoothing", Kind::Span, "The time constant over which confidences are averaged; 0s for none")
        .default("200ms")
        .flag("--smoothing", "TIME", heading::STATE)
        .only_run(),
    Key::new("enter", Kind::Share, "The averaged confidence at which a class becomes the state")
        .default("0.5")
        .flag("--enter", "SHARE", heading::STATE)
        .only_run(),
    Key::new("leave", Kind::Share, "The averaged confidence below which it ceases to be; at most enter")
        .default("0.2")
        .flag("--leave", "SHARE", heading::STATE)
        .only_run(),
    Key::new("hold", Kind::Span, "How long that must last without a break before the state changes")
        .default("500ms")
        .flag("--hold", "TIME", heading::STATE)
        .only_run(),
];

/// Parameters of a label state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Time constant of the low-pass filter; 0 turns smoothing off.
    pub smoothing: Duration,
    /// The smoothed probability at which a class is entered, above 0 and at most 1. Above 0.5 it is more than all others together.
    pub enter: f32,
    /// The smoothed probability below which a class is left, above 0 and at most `enter`.
    pub leave: f32,
    /// For how long a condition must hold without a break before the state changes.
    pub hold: Duration,
}

impl Params {
    /// What `[state]` says.
    pub fn read(state: &Section) -> Self {
        let share = |key| state.get::<f64>(key) as f32;
        let (enter, leave) = (share("enter"), share("leave"));
        if leave > enter {
            let key = if state.has("leave") { "leave" } else { "enter" };
            state.fault(
                key,
                format!("leave ({leave}) must not be above enter ({enter}): a class would be left as soon as it is entered"),
            );
        }
        Self { smoothing: state.get("smoothing"), enter, leave, hold: state.get("hold") }
    }

    /// The share of the difference by which the smoothed value follows a new one after `elapsed`: `1 - exp(-elapsed / smoothing)`.
    pub(super) fn gain(&self, elapsed: Duration) -> f32 {
        if self.smoothing.is_zero() {
            return 1.0;
        }
        (-(-elapsed.as_secs_f64() / self.smoothing.as_secs_f64()).exp_m1()) as f32
    }
}

impl Default for Params {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
}
