//! The metrics of each camera and each of its streams: counters, histograms and states, of fixed size, updated where the events happen.

mod state;
mod status;
mod stream;
mod counters;

pub use counters::Metrics;
pub use state::State;
pub use status::{Percentiles, Status, StreamStatus};
pub use stream::StreamMetrics;
