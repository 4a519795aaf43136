//! The daemon: cameras, engines, and what comes from outside (signals, the end, other settings), brought together on one thread.
//!
//! Each engine has a thread of its own, and so has each camera; this one only waits, looks, and reports. So it can still say what is
//! wrong when one of them hangs.

mod parts;
mod hello;
mod health;
mod hook;
mod reporter;
mod camera;
mod engine_thread;
mod reload;
mod state;
mod steps;
mod watch;
mod run;
#[cfg(test)]
mod tests;

pub use camera::Prepare;
pub use hello::hello;
pub use parts::{Outside, Parts};
pub use reload::{Load, PATIENCE, Source};
pub use run::run;
