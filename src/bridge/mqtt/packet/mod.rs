//! The packets of MQTT 3.1.1 and 5, as far as a client needs them that publishes and subscribes to a few topics.
//!
//! The crates for MQTT bring a runtime and a queue of their own that keeps the oldest messages; here the newest one wins, so only the
//! format is needed.

mod read;
mod write;

pub use read::{Accepted, Packet, read};
pub use write::{Connect, Publish, connect, disconnect, ping, publish, subscribe};

#[cfg(test)]
mod tests;
