//! How often a model is right, and how sure it is: pure arithmetic on its answers.

use std::collections::BTreeMap;

/// The bins of confidence in the reliability diagram.
pub const BINS: usize = 10;

/// What the model says of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The class that is true.
    pub truth: usize,
    /// The best class.
    pub best: usize,
    /// Its confidence.
    pub confidence: f32,
    /// Whether the true class is among the five best.
    pub in_top5: bool,
}

/// The pictures of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfClass {
    /// How many there are.
    pub pictures: usize,
    /// How many of them the model takes for this class.
    pub right: usize,
}

/// The answers within a range of confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// How many there are.
    pub pictures: usize,
    /// How many of them are right.
    pub right: usize,
    /// The sum of their confidences.
    pub confidence: f64,
}

/// All answers counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// How many answers there are.
    pub pictures: usize,
    /// How many best classes are right.
    pub top1: usize,
    /// How many true classes are among the five best.
    pub top5: usize,
    /// The classes that have pictures.
    pub classes: BTreeMap<usize, OfClass>,
    /// How often a class (first) was taken for another (second).
    pub confused: BTreeMap<(usize, usize), usize>,
    /// The answers by confidence; the last bin has 1 too.
    pub bins: [Bin; BINS],
    confidence_right: f64,
    confidence_wrong: f64,
}

impl Tally {
    /// Counts `answer`.
    pub fn add(&mut self, answer: &Answer) {
        let (right, confidence) = (answer.best == answer.truth, f64::from(answer.confidence));
        self.pictures += 1;
        self.top1 += usize::from(right);
        self.top5 += usize::from(answer.in_top5);
        let class = self.classes.entry(answer.truth).or_default();
        class.pictures += 1;
        class.right += usize::from(right);
        if right {
            self.confidence_right += confidence;
        } else {
            self.confidence_wrong += confidence;
            *self.confused.entry((answer.truth, answer.best)).or_default() += 1;
        }
        let bin = &mut self.bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.pictures += 1;
        bin.right += usize::from(right);
        bin.confidence += confidence;
    }

    /// The mean confidence of right answers, and of wrong ones.
    pub fn confidences(&self) -> [Option<f64>; 2] {
        [share(self.confidence_right, self.top1 as f64), share(self.confidence_wrong, (self.pictures - self.top1) as f64)]
    }

    /// The expected calibration error: by how much accuracy and mean confidence of a bin differ, averaged over all answers.
    pub fn calibration_error(&self) -> Option<f64> {
        let apart: f64 = self.bins.iter().map(|bin| (bin.right as f64 - bin.confidence).abs()).sum();
        share(apart, self.pictures as f64)
    }

    /// Mean confidence less accuracy: above 0 the model is surer than it is right.
    pub fn overconfidence(&self) -> Option<f64> {
        share(self.confidence_right + self.confidence_wrong - self.top1 as f64, self.pictures as f64)
    }

    /// Classes of which some pictures are taken for others: the least accurate first, of equal ones that with more pictures.
    pub fn worst(&self) -> Vec<(usize, OfClass)> {
        let mut worst: Vec<_> =
            self.classes.iter().map(|(index, class)| (*index, *class)).filter(|(_, class)| class.right < class.pictures).collect();
        let accuracy = |class: &OfClass| class.right as f64 / class.pictures as f64;
        worst.sort_by(|(_, one), (_, other)| accuracy(one).total_cmp(&accuracy(other)).then(other.pictures.cmp(&one.pictures)));
        worst
    }

    /// The pairs (true class, answered class) by how often they are confused.
    pub fn most_confused(&self) -> Vec<((usize, usize), usize)> {
        let mut pairs: Vec<_> = self.confused.iter().map(|(pair, count)| (*pair, *count)).collect();
        pairs.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        pairs
    }

    /// What pictures of `class` are most often taken for, where they are not recognized.
    pub fn taken_for(&self, class: usize) -> Option<usize> {
        let others = self.confused.range((class, 0)..=(class, usize::MAX));
        others.max_by_key(|((_, other), count)| (**count, std::cmp::Reverse(*other))).map(|((_, other), _)| *other)
    }
}

/// `part` of `whole`; `None` of nothing.
pub fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(answers: &[(usize, usize, f32)]) -> Tally {
        let mut tally = Tally::default();
        for &(truth, best, confidence) in answers {
            tally.add(&Answer { truth, best, confidence, in_top5: best == truth || best == 9 });
        }
        tally
    }

    #[test]
    fn answers_are_counted_by_class_and_pair() {
        let tally =
            tally(&[(0, 0, 0.9), (0, 1, 0.6), (0, 1, 0.5), (1, 1, 1.0), (2, 9, 0.2), (2, 1, 0.2), (2, 0, 0.3), (2, 0, 0.3)]);
        assert_eq!((tally.pictures, tally.top1, tally.top5), (8, 2, 3));
        assert_eq!(tally.worst(), [(2, OfClass { pictures: 4, right: 0 }), (0, OfClass { pictures: 3, right: 1 }),]);
        assert_eq!(tally.most_confused()[..2], [((0, 1), 2), ((2, 0), 2)]);
        assert_eq!([0, 1, 2].map(|class| tally.taken_for(class)), [Some(1), None, Some(0)]);
        let [right, wrong] = tally.confidences().map(|mean| mean.unwrap());
        assert!((right - 0.95).abs() < 1e-6 && (wrong - 0.35).abs() < 1e-6, "{right} {wrong}");
    }

    #[test]
    fn of_equal_counts_the_lower_class_comes_first() {
        let tally = tally(&[(3, 7, 0.5), (3, 5, 0.5), (1, 3, 0.5)]);
        assert_eq!(tally.taken_for(3), Some(5));
        assert_eq!(tally.most_confused(), [((1, 3), 1), ((3, 5), 1), ((3, 7), 1)]);
        assert_eq!(tally.worst().iter().map(|(index, _)| *index).collect::<Vec<_>>(), [3, 1], "two pictures before one");
    }

    #[test]
    fn calibration_compares_confidence_with_accuracy() {
        // four answers of 0.8, of which two are right: 0.3 apart; one of 1.0 that is right: 0
        let tally = tally(&[(0, 0, 0.8), (0, 0, 0.8), (0, 1, 0.8), (0, 1, 0.8), (0, 0, 1.0)]);
        assert!((tally.calibration_error().unwrap() - 0.3 * 4.0 / 5.0).abs() < 1e-6, "{:?}", tally.calibration_error());
        assert!((tally.overconfidence().unwrap() - (4.2 - 3.0) / 5.0).abs() < 1e-6);
        assert_eq!((tally.bins[8].pictures, tally.bins[8].right, tally.bins[9].pictures), (4, 2, 1));
        // errors of different bins do not cancel, as their mean does
        let opposite = self::tally(&[(0, 0, 0.5), (0, 1, 0.3), (0, 1, 0.2)]);
        assert!((opposite.calibration_error().unwrap() - (0.5 + 0.3 + 0.2) / 3.0).abs() < 1e-6);
        assert!(opposite.overconfidence().unwrap().abs() < 1e-6);
    }

    #[test]
    fn nothing_has_no_mean() {
        let empty = Tally::default();
        assert_eq!((empty.calibration_error(), empty.overconfidence(), empty.confidences()), (None, None, [None; 2]));
        assert_eq!(tally(&[(0, 0, 0.5)]).confidences(), [Some(0.5), None]);
        assert!(empty.worst().is_empty() && empty.most_confused().is_empty());
    }
}
