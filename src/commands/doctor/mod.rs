//! `glimpsed doctor`: checks everything that a first run needs, in order, each with what to do next.

mod checks;
mod findings;
mod run;

pub use run::run;
