//! What the user can set of label states: the section `[state]`.

use crate::settings::{Key, Kind, Section, defaults, heading};
use std::time::Duration;

/// The keys. The defaults were chosen by the simulation in `benches/label_state.rs`, and on still pictures with noise.
pub const KEYS: [Key; 5] = [
    Key::new("smoothing", Kind::Span, "The time constant over which confidences are averaged; 0s for none")
        .default("200ms")
        .flag("--smoothing", "TIME", heading::STATE)
        .only_run(),
    Key::new("enter", Kind::Share, "The averaged confidence at which a class becomes the state")
        .default("0.2")
        .flag("--enter", "SHARE", heading::STATE)
        .only_run(),
    Key::new("leave", Kind::Share, "The averaged confidence below which it ceases to be; at most enter")
        .default("0.1")
        .flag("--leave", "SHARE", heading::STATE)
        .only_run(),
    Key::new(
        "lead",
        Kind::Number(0.0, 100.0, "1.5"),
        "A class below one half becomes the state only with this many times the averaged confidence of the second; 0 for no such rule",
    )
    .default("1.5")
    .flag("--lead", "FACTOR", heading::STATE)
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
    /// The smoothed probability at which a class is entered, above 0 and at most 1.
    pub enter: f32,
    /// The smoothed probability below which a class is left, above 0 and at most `enter`.
    pub leave: f32,
    /// A class whose smoothed probability is below one half is entered only if it is this many times that of the second (of a class that is
    /// independent of the others: that it is not true). Of two that are nearly equal, noise chooses.
    pub lead: f32,
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
        Self { smoothing: state.get("smoothing"), enter, leave, lead: state.get::<f64>("lead") as f32, hold: state.get("hold") }
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
