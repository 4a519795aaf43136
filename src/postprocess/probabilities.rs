//! From a model's numbers to probabilities.

use crate::tensor::Scores;

/// How far the sum of probabilities may be from 1.
const SUM: f64 = 1e-3;

/// Whether `values` can be the probabilities of classes of which one is true: several numbers, all within 0..1, that sum to 1.
pub fn are_probabilities(values: &[f32]) -> bool {
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    values.len() > 1 && values.iter().all(|value| (0.0..=1.0).contains(value)) && (sum - 1.0).abs() <= SUM
}

/// What makes `scores` doubtful by the first `values`, in words; `certain` are those that the file or the user says.
pub fn doubt(values: &[f32], scores: Scores, certain: bool) -> Option<String> {
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    // zeros alone say nothing
    let within = values.iter().all(|value| (0.0..=1.0).contains(value)) && sum > 0.0;
    match scores {
        Scores::Probabilities if values.len() > 1 && sum > 1.05 => Some(format!(
            "the model's probabilities sum to {sum:.2}, not to 1: its Softmax is along another axis than the classes, or each class has a \
             probability of its own"
        )),
        Scores::Logits if !certain && values.len() > 2 && within => Some(
            "all numbers of the model's first result are within 0 to 1, and nothing says what they are: they are taken as logits, and their \
             softmax is shown. If they are probabilities: --activation none"
                .into(),
        ),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_result_that_belies_the_graph_is_doubted() {
        assert!(doubt(&[1.0, 1.0, 1.0], Scores::Probabilities, true).unwrap().contains("sum to 3.00"));
        assert!(doubt(&[0.2, 0.9, 0.4], Scores::Logits, false).unwrap().contains("--activation none"));
        for (values, scores, certain) in [
            (&[0.2, 0.7, 0.1][..], Scores::Probabilities, true),
            // some of them were left out
            (&[0.2, 0.1, 0.0], Scores::Probabilities, true),
            (&[0.2, 0.9, 0.4], Scores::Logits, true),
            (&[0.2, 0.9, 0.4], Scores::Independent, true),
            (&[0.2, -3.0, 0.4], Scores::Logits, false),
            (&[0.0, 0.0, 0.0], Scores::Logits, false),
            (&[0.2, 0.9], Scores::Logits, false),
        ] {
            assert_eq!(doubt(values, scores, certain), None, "{values:?}");
        }
    }
}
