//! A live view in a terminal: of this program's own results, or of a daemon's. [`View`] draws a [`Board`]; [`Live`] is the publisher.

mod board;
mod publisher;
mod rows;
mod view;
mod wrap;

pub use board::Board;
pub use publisher::Live;
pub use view::{Hooks, View};
