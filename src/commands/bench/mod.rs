//! `glimpsed bench`: the inference alone, each stage, and the whole line, on this machine, in one run.

mod alone;
mod report;
mod run;
mod usage;
mod whole;

pub use run::run;
