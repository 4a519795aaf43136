//! `glimpsed doctor`: everything that a first run needs, looked over in order, each with what to do next.

mod checks;
mod findings;
mod run;

pub use run::run;
