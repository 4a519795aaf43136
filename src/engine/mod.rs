//! The engine: all inference of the daemon, on one thread. [`run`] is its loop.

mod offer;
mod stream;
mod classifier;
mod failures;
mod scheduler;
mod prefetch;
mod run;

pub use classifier::Classifier;
pub use offer::{Change, Offer, Pending, offer};
pub use run::run;
pub use stream::{Stream, StreamId};
