//! The daemon: connects cameras, engines and external requests (signals, shutdown, reload) on the main thread.
//!
//! Each engine and each camera has its own thread; the main thread only waits, checks and reports. So it can still report a problem when
//! one of them hangs.

mod parts;
mod hello;
mod health;
mod hook;
mod reporter;
mod outlets;
mod camera;
mod engine_thread;
mod reload;
mod state;
mod plan;
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
