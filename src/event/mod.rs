//! Events of the engine and the daemon: an [`Event`] goes to the [`Hub`], and the hub passes it to every [`Publisher`].
//!
//! A publisher is either *inline* (its `handle` must never block: the socket, which only queues for its own thread) or *queued*: it runs
//! on its own thread behind a bounded queue, in which the newest results win and losses are counted. So no publisher can slow down
//! a frame, a camera or another publisher. The exception is deliberate: a result of a source that is not live (a film) waits for room
//! in the queue, so that none is lost.

mod events;
mod hub;
mod queue;

pub use events::{Event, Publisher};
pub use hub::Hub;
