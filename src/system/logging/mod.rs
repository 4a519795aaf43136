//! The program's log, on standard error: for a person in a terminal, with systemd's levels in the journal.
//!
//! No thread waits for its reader (`queue`). Passwords are hidden and control characters shown in every line (`style`).
//! A message with a field `source` is one that may come again and again, as from an element of a pipeline: `source` says whose text it is,
//! and [`crate::repeats`] tells it once and then counts it.

mod style;
mod queue;
mod layer;

pub use layer::{finish, flush, init};
