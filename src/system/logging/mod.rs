//! The program's log, on standard error: for a person in a terminal, with systemd's levels in the journal.
//!
//! No thread blocks on its reader (`queue`). Passwords are masked and control characters escaped in every line (`style`).
//! A message with a field `source`, which names its origin, may occur repeatedly, like those of a pipeline's elements:
//! [`crate::repeats`] logs it once and then counts it.

mod style;
mod queue;
mod layer;

pub use layer::{finish, flush, init, latest_warning};
