//! What each camera has done and how it is, in figures of fixed size: counted where it happens, told to whoever asks.

mod state;
mod status;
mod counters;

pub use counters::Metrics;
pub use state::State;
pub use status::{Percentiles, Status};
