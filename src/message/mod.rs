//! The messages on the wire, for both ends: the messages that glimpsed writes to its socket (and, as results, to standard output), and
//! the requests of subscribers.
//!
//! A message is one JSON object on one line. It begins with its `type` and the `version` of the format. `schema/message.schema.json`
//! describes the same messages for programs in other languages; a test compares it with the types of this module.
//!
//! Within one version, fields, message types and states may be added. So a reader must ignore unknown fields, and gets
//! [`Message::Other`] for an unknown type. The structs of messages are `non_exhaustive` for the same reason.
//!
//! `examples/read_socket.rs` is a complete client.

mod line;
pub(crate) mod timestamp;
mod timing;
mod stable;
mod hello;
mod subscribe;
pub mod request;
mod classification;
mod change;
mod status;
mod error;
mod any;

pub use any::Message;
pub use change::{Change, ChangedClass};
pub(crate) use classification::{Borrowed, View, is_classification};
pub use classification::{Class, Classification, Repeated};
pub use error::Error;
#[cfg(test)]
pub(crate) use hello::PROGRAM;
pub use hello::{Hello, Model, Nodes, Recipe, Stream};
pub(crate) use line::add_missed;
pub use line::{VERSION, line};
pub use stable::{Stable, StableClass};
pub use status::{Percentiles, State, Status, StreamStatus};
pub use subscribe::{EventKind, Request, StreamState, Subscribe, Subscribed};
pub use timing::Timing;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod schema;
