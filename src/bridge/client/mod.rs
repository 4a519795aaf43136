//! A subscriber of the daemon's socket, across restarts of the daemon.

mod lines;
mod subscriber;

pub use subscriber::{Event, Subscriber};
