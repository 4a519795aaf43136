//! What a source reports to its owner while it runs.

use super::timestamps::Disbelief;
use crate::error::Error;
use std::fmt;
use std::time::Duration;

/// A change of a source's state.
#[derive(Debug)]
pub enum Change {
    /// Frames come; after a loss, they came back.
    Flows {
        /// Whether in real time.
        live: bool,
    },
    /// It was lost, and will be tried again after `pause`.
    Lost {
        /// Why.
        why: Error,
        /// When it is tried again.
        pause: Duration,
    },
    /// Damaged frames give no result: reported at once, then once a minute.
    Damaged(Damage),
    /// The timestamps of its frames are not plausible; reported at most once a minute.
    Untimed {
        /// What they have.
        why: Disbelief,
    },
}

/// Damaged frames that were left out.
#[derive(Debug)]
pub struct Damage {
    /// How many.
    pub frames: u64,
    /// Whether there were others in the minute before; then these are of the last minute.
    pub goes_on: bool,
    /// What is wrong with the latest one.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, goes_on, why } = self;
        let plural = if *frames == 1 { "frame" } else { "frames" };
        let when = if *goes_on { "in the last minute" } else { "left out" };
        write!(f, "{frames} damaged {plural} {when}: {why}")
    }
}
