//! From the probabilities of each frame to a state that holds still: "iguana since 12:03:05", or nothing.
//!
//! The label of a single frame flickers. Here the probabilities are smoothed over time by a first-order low-pass filter, and a class
//! becomes the state only when it has been clearly ahead for a while; it is left at a lower threshold than the one at which it was
//! entered (hysteresis). Everything depends on the time of the frames and not on their number, so 5 and 60 frames a second behave alike.
//!
//! All times are on one clock of the stream that does not run backwards: the time of capture, or a film's own time.

mod settings;
mod thresholds;
mod clock;
mod single;
mod multi;
mod time_line;
mod patterns;
mod rules;
mod classes;
mod stream;
#[cfg(test)]
mod tests;

pub use classes::StateClasses;
pub use multi::MultiLabelState;
pub use rules::{CLASS_KEYS, MODEL_KEYS, Rules};
pub use settings::{KEYS, Params};
pub use single::{Change, LabelState, State};
pub use stream::StreamState;
pub use thresholds::Thresholds;
