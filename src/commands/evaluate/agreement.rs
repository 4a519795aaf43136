//! How much the answers of one provider differ from those of another.

use crate::prediction::Score;

/// Two providers on the same pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Agreement {
    /// Pictures that both answered.
    pub pictures: usize,
    /// How many of them have the same best class.
    pub same_top1: usize,
    /// The largest difference of a confidence of any class.
    pub largest_difference: f32,
}

impl Agreement {
    /// Counts a picture: the scores of all classes, best first, from each.
    pub fn add(&mut self, one: &[Score], other: &[Score]) {
        let best = |scores: &[Score]| scores.first().map(|score| score.index);
        self.pictures += 1;
        self.same_top1 += usize::from(best(one) == best(other));
        let mut confidences = vec![0.0_f32; one.len().max(other.len())];
        one.iter().for_each(|score| confidences[score.index] += score.confidence);
        other.iter().for_each(|score| confidences[score.index] -= score.confidence);
        let largest = confidences.iter().map(|difference| difference.abs()).fold(0.0, f32::max);
        self.largest_difference = self.largest_difference.max(largest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_is_of_any_class() {
        let scores = |all: &[(usize, f32)]| all.iter().map(|&(index, confidence)| Score { index, confidence }).collect::<Vec<_>>();
        let mut agreement = Agreement::default();
        agreement.add(&scores(&[(2, 0.5), (0, 0.3), (1, 0.2)]), &scores(&[(2, 0.55), (1, 0.35), (0, 0.1)]));
        assert_eq!((agreement.pictures, agreement.same_top1), (1, 1));
        assert!((agreement.largest_difference - 0.2).abs() < 1e-6, "{agreement:?}");
        agreement.add(&scores(&[(2, 0.4), (0, 0.35), (1, 0.25)]), &scores(&[(0, 0.4), (2, 0.35), (1, 0.25)]));
        assert_eq!((agreement.pictures, agreement.same_top1), (2, 1));
        assert!((agreement.largest_difference - 0.2).abs() < 1e-6, "a smaller one changes nothing");
    }
}
