//! `glimpsed mqtt`: what a daemon sees, at an MQTT broker, for homes and fleets.
//!
//! ```text
//! socket ──▶ client ──▶ board ──▶ outbox ──▶ session ──▶ broker
//!            lines      states    one slot   MQTT, TLS
//!                                 a topic
//! ```
//!
//! One thread does all of it and waits for both ends at once; only resolving names and connecting, which may block, have a thread of
//! their own. Whatever the broker does, the daemon's lines are read, and the outbox keeps the newest payload of each topic.

mod broker;
pub mod settings;

#[cfg(feature = "mqtt")]
mod board;
#[cfg(feature = "mqtt")]
mod camera;
#[cfg(feature = "mqtt")]
mod credentials;
#[cfg(feature = "mqtt")]
mod discovery;
#[cfg(feature = "mqtt")]
mod identity;
#[cfg(feature = "mqtt")]
mod link;
#[cfg(feature = "mqtt")]
mod outbox;
#[cfg(feature = "mqtt")]
mod packet;
#[cfg(feature = "mqtt")]
mod payload;
#[cfg(feature = "mqtt")]
mod refusal;
#[cfg(feature = "mqtt")]
mod run;
#[cfg(feature = "mqtt")]
mod session;
#[cfg(feature = "mqtt")]
mod tls;
#[cfg(feature = "mqtt")]
mod topics;
#[cfg(feature = "mqtt")]
mod transport;

#[cfg(feature = "mqtt")]
pub use run::run;
pub use settings::{KEYS, Params};
