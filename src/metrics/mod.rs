//! The metrics of each camera: counters, histograms and its state, of fixed size, updated where the events happen.

mod state;
mod status;
mod counters;

pub use counters::Metrics;
pub use state::State;
pub use status::{Percentiles, Status};
