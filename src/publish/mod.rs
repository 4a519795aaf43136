//! Where results go: each is a [`crate::event::Publisher`]. A new one is a file (or folder) here, and a line where the hub is put
//! together (`commands/run.rs`).

pub mod live;
mod board;
mod overlay;
mod settings;
pub mod socket;
mod stdout;

pub use board::Board;
pub use overlay::Overlay;
pub use settings::{KEYS, Output, Params};
pub use stdout::{Format, Stdout, claim_stdout, write_all, write_text};
