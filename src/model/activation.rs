//! The words for what the numbers of an output are.

use crate::tensor::Scores;

/// The words of `activation`.
pub const ACTIVATIONS: [(&str, &str, Scores); 3] = [
    ("softmax", "Softmax: one class is true", Scores::Logits),
    ("sigmoid", "Sigmoid: each class has a probability of its own", Scores::IndependentLogits),
    ("none", "The numbers are probabilities already", Scores::Probabilities),
];
