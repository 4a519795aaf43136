//! `glimpsed evaluate`: how often a model is right on pictures whose classes are known.

mod agreement;
mod classes;
mod dataset;
mod decode;
mod folder;
mod group;
mod json;
mod list;
mod progress;
mod report;
mod run;
mod side;
mod tally;

pub use run::run;
