//! From a model's numbers to probabilities.

/// How far the sum of probabilities may be from 1.
const SUM: f64 = 1e-3;

/// Whether `values` can be the probabilities of classes of which one is true: several numbers, all within 0..1, that sum to 1.
pub fn are_probabilities(values: &[f32]) -> bool {
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    values.len() > 1 && values.iter().all(|value| (0.0..=1.0).contains(value)) && (sum - 1.0).abs() <= SUM
}

/// The logistic function.
pub fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

/// `values` have at least one finite value, no NaN and no +inf: the greatest is finite, and the sum is at least 1.
pub fn softmax(values: &mut [f32]) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0f64;
    for value in values.iter_mut() {
        *value = (*value - most).exp();
        sum += f64::from(*value);
    }
    let factor = (1.0 / sum) as f32;
    values.iter_mut().for_each(|value| *value *= factor);
}
