//! From the model's raw output to the answer: probabilities, and the best of them. Pure.

mod probabilities;
mod ranker;

pub use ranker::Ranker;
