//! From the model's raw output to the answer: probabilities, and the best of them. Pure.

pub mod label_state;
mod probabilities;
mod ranker;

pub use ranker::Ranker;
