//! Results on a Unix socket, for any number of subscribers: JSON lines, one thread, bounded queues.
//!
//! A new subscriber gets `hello`; then, as soon as it has made a request or 200 ms have passed without one, `subscribed` (what is in
//! force), the latest result of each stream that it wants, and from then on every result that it wants. Each further request replaces
//! the one before and is answered in the same way. A `hello` that comes later (another model, other cameras) is followed by
//! `subscribed`, and nothing is sent again. A slow subscriber loses whole lines, oldest first, and is told; it slows neither the engine
//! nor another subscriber.

mod accept;
mod greeting;
mod input;
mod lines;
mod listen;
mod lock;
mod notice;
mod publisher;
mod queue;
mod server;
mod settings;
mod snapshot;
mod subscriber;

pub use greeting::hello;
pub use listen::is_handed_in;
pub use publisher::Socket;
pub use settings::{KEYS, Params};
