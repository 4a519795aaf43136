//! An engine: one model, one thread, and the streams whose frames it classifies. [`run`] is its loop. A daemon has one for each model.

mod stream;
mod still;
mod classifier;
mod offer;
mod limit;
mod failures;
mod active_stream;
mod scheduler;
mod prefetch;
mod run;

pub use classifier::Classifier;
pub use limit::Limit;
pub use offer::{Change, Offer, Pending, Replaced, Taken, offer};
pub use run::run;
pub use still::Still;
pub use stream::{Stream, StreamId};
