//! What a source reports to its owner while it runs.

use super::timestamps::Disbelief;
use crate::error::Error;
use std::fmt;
use std::time::Duration;

/// A change of a source's state.
#[derive(Debug)]
pub enum Change {
    /// Frames are arriving, for the first time or again after a loss.
    Flows {
        /// Whether they arrive in real time.
        live: bool,
    },
    /// It was lost; the next attempt is after `pause`.
    Lost {
        /// Why.
        why: Error,
        /// The time until the next attempt.
        pause: Duration,
    },
    /// Damaged frames, which get no result: reported at once, then once a minute.
    Damaged(Damage),
    /// The timestamps of its frames are implausible; reported at most once a minute.
    Untimed {
        /// What is wrong with them.
        why: Disbelief,
    },
}

/// Damaged frames that were discarded.
#[derive(Debug)]
pub struct Damage {
    /// How many.
    pub frames: u64,
    /// Whether there was an earlier report: then `frames` counts those of the last minute.
    pub goes_on: bool,
    /// What is wrong with the latest frame.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, goes_on, why } = self;
        let plural = if *frames == 1 { "frame" } else { "frames" };
        let when = if *goes_on { "in the last minute" } else { "discarded" };
        write!(f, "{frames} damaged {plural} {when}: {why}")
    }
}
