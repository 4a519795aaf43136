//! From the model's raw output to the best classes: dequantize, make probabilities, top-k. Pure, but for a line in the log at the first result.

use super::probabilities::{self, sigmoid, softmax};
use crate::error::{Error, Kind, Result};
use crate::prediction::Score;
use crate::tensor::{OutputSpec, Scores, Tensor};

/// Up to this many classes are inserted one by one into a sorted list; for more, all are sorted, as insertion takes quadratic time.
const PICKED: usize = 64;

/// Ranks the output of one model.
pub struct Ranker {
    output: OutputSpec,
    /// What the numbers are, as far as is known.
    scores: Scores,
    /// Whether this is the first result, which is looked at.
    first: bool,
    /// Of the two classes of a single probability, the one that it is of.
    positive: usize,
    /// Whether each class counts; `None`: all do.
    mask: Option<Vec<bool>>,
    values: Vec<f32>,
}

impl Ranker {
    /// A ranker for `output`.
    pub fn new(output: &OutputSpec) -> Self {
        Self {
            scores: output.scores,
            first: true,
            positive: 0,
            mask: None,
            values: Vec::with_capacity(output.classes.max(output.values)),
            output: output.clone(),
        }
    }

    /// The same, where a single probability is that of class `positive` of two.
    pub fn with_positive(mut self, positive: usize) -> Self {
        self.positive = positive;
        self
    }

    /// The same, where only the classes of `mask` count.
    pub fn with_mask(mut self, mask: Option<Vec<bool>>) -> Self {
        self.mask = mask;
        self
    }

    /// Writes the `top` best classes of `output` to `best`, best first, equal ones by lower index.
    ///
    /// Confidences are probabilities: the model's own where it ends in a Softmax or Sigmoid, else the softmax of its logits,
    /// `exp(x - max) / Σ exp(x - max)`. A value of -inf is a class that the model excludes (or the logarithm of 0): confidence 0.
    /// NaN, +inf, or no finite value at all means that the model computed nothing usable: an error of this frame
    /// ([`Kind::Passing`]), and `best` is empty. `top` may be more than there are classes.
    pub fn rank(&mut self, output: &Tensor, top: usize, best: &mut Vec<Score>) -> Result<()> {
        best.clear();
        output.reals(self.output.tensor.quantization, self.output.values, &mut self.values);
        check(&self.values)?;
        if self.output.divisor != 1.0 {
            self.values.iter_mut().for_each(|value| *value /= self.output.divisor);
        }
        if std::mem::take(&mut self.first) {
            self.look();
        }
        match self.scores {
            Scores::Logits => softmax(&mut self.values),
            Scores::LogProbabilities => self.values.iter_mut().for_each(|value| *value = value.exp()),
            Scores::IndependentLogits => self.values.iter_mut().for_each(|value| *value = sigmoid(*value)),
            Scores::Probabilities | Scores::Independent => {}
        }
        if self.output.is_binary() {
            let probability = self.values[0].clamp(0.0, 1.0);
            self.values.insert(1 - self.positive, 1.0 - probability);
        }
        let counts = |index: usize| self.mask.as_ref().is_none_or(|mask| mask[index]);
        let scores = self.values.iter().enumerate().filter(|(index, _)| counts(*index));
        let scores = scores.map(|(index, &value)| Score { index, confidence: value.clamp(0.0, 1.0) });
        if top > PICKED {
            best.extend(scores);
            best.sort_unstable_by(|one, other| other.confidence.total_cmp(&one.confidence).then(one.index.cmp(&other.index)));
            best.truncate(top);
        } else {
            pick(scores, top, best);
        }
        Ok(())
    }
}

impl Ranker {
    /// Looks at the first result: the numbers may be other ones than the graph shows.
    fn look(&mut self) {
        if !self.output.certain && probabilities::are_probabilities(&self.values) {
            tracing::info!(
                "the model's output sums to 1 and is taken as probabilities, although no Softmax was found at the end of its graph"
            );
            self.scores = Scores::Probabilities;
        } else if let Some(doubt) = probabilities::doubt(&self.values, self.scores, self.output.certain) {
            tracing::warn!("{doubt}");
        }
    }

    /// The probabilities of all classes, by index, as of the latest output.
    pub fn probabilities(&self) -> &[f32] {
        &self.values
    }
}

/// An error where `values` hold NaN or +inf, or no finite value. One pass without branches, so that LLVM vectorizes it.
fn check(values: &[f32]) -> Result<()> {
    let (unusable, finite) = values.iter().fold((0_usize, 0_usize), |(unusable, finite), value| {
        (unusable + usize::from(value.is_nan() | (*value == f32::INFINITY)), finite + usize::from(value.is_finite()))
    });
    if unusable == 0 && finite > 0 {
        return Ok(());
    }
    let why = match values.iter().enumerate().find(|(_, value)| value.is_nan() || **value == f32::INFINITY) {
        Some((class, value)) => format!("{value} for class {class} ({unusable} of {} values are NaN or infinite)", values.len()),
        None => format!("none of the {} values is finite", values.len()),
    };
    Err(Error::new(Kind::Passing, "the model's output is not usable")
        .because(why)
        .hint("Check the normalization (--mean, --std) and how the model was converted: in float16 large values overflow."))
}

/// The `top` best of `scores`, which come by index; sorted.
fn pick(scores: impl Iterator<Item = Score>, top: usize, best: &mut Vec<Score>) {
    for score in scores {
        let full = best.len() >= top;
        if full && best.last().is_none_or(|worst| worst.confidence >= score.confidence) {
            continue;
        }
        if full {
            best.pop();
        }
        let place = best.partition_point(|better| better.confidence >= score.confidence);
        best.insert(place, score);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{ElementType, Quantization, TensorSpec};

    fn spec(len: usize, quantization: Option<(f32, i32)>, scores: Scores) -> OutputSpec {
        let quantization = quantization.map(|(scale, zero_point)| Quantization { scale, zero_point });
        let tensor = TensorSpec { name: "y".into(), element: ElementType::F32, shape: vec![1, len], quantization };
        OutputSpec { scores, certain: true, ..OutputSpec::logits(tensor, len) }
    }

    fn best_of(spec: &OutputSpec, output: &Tensor, top: usize) -> Result<Vec<(usize, f32)>> {
        let mut best = vec![Score { index: 9, confidence: 1.0 }];
        let ranked = Ranker::new(spec).rank(output, top, &mut best);
        assert!(ranked.is_ok() || best.is_empty(), "an unusable output leaves no classes of an earlier frame");
        ranked.map(|()| best.into_iter().map(|score| (score.index, score.confidence)).collect())
    }

    fn try_rank(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Result<Vec<(usize, f32)>> {
        let scores = if softmax { Scores::Probabilities } else { Scores::Logits };
        best_of(&spec(output.len(), quantization, scores), &output, top)
    }

    fn ranked(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Vec<(usize, f32)> {
        try_rank(output, quantization, softmax, top).unwrap()
    }

    #[test]
    fn each_kind_of_scores_has_its_own_confidences() {
        let of = |scores, values: &[f32]| best_of(&spec(values.len(), None, scores), &Tensor::F32(values.to_vec()), 3).unwrap();
        let logarithms = [0.5_f32.ln(), 0.25_f32.ln(), f32::NEG_INFINITY];
        let near = |got: Vec<(usize, f32)>, wanted: &[(usize, f32)]| {
            assert_eq!(got.len(), wanted.len());
            assert!(got.iter().zip(wanted).all(|(got, wanted)| got.0 == wanted.0 && (got.1 - wanted.1).abs() < 1e-6), "{got:?}");
        };
        near(of(Scores::LogProbabilities, &logarithms), &[(0, 0.5), (1, 0.25), (2, 0.0)]);
        near(of(Scores::Independent, &[0.9, 0.8, 0.1]), &[(0, 0.9), (1, 0.8), (2, 0.1)]);
        near(of(Scores::IndependentLogits, &[0.0, 3.0_f32.ln(), -200.0]), &[(1, 0.75), (0, 0.5), (2, 0.0)]);
        let per_cent = OutputSpec { divisor: 100.0, ..spec(2, None, Scores::Probabilities) };
        near(best_of(&per_cent, &Tensor::F32(vec![25.0, 75.0]), 2).unwrap(), &[(1, 0.75), (0, 0.25)]);
    }

    #[test]
    fn one_probability_stands_for_two_classes() {
        let binary = OutputSpec { classes: 2, values: 1, ..spec(1, None, Scores::Independent) };
        for (positive, wanted) in [(0, [(0, 0.75), (1, 0.25)]), (1, [(1, 0.75), (0, 0.25)])] {
            let mut best = Vec::new();
            Ranker::new(&binary).with_positive(positive).rank(&Tensor::F32(vec![0.75]), 2, &mut best).unwrap();
            assert_eq!(best.iter().map(|score| (score.index, score.confidence)).collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn classes_that_do_not_count_are_left_out_and_the_others_keep_their_probabilities() {
        let spec = spec(3, None, Scores::Probabilities);
        for top in [2, PICKED + 1] {
            let mut best = Vec::new();
            let mut ranker = Ranker::new(&spec).with_mask(Some(vec![true, false, true]));
            ranker.rank(&Tensor::F32(vec![0.125, 0.625, 0.25]), top, &mut best).unwrap();
            assert_eq!(best.iter().map(|score| (score.index, score.confidence)).collect::<Vec<_>>(), [(2, 0.25), (0, 0.125)]);
            assert_eq!(ranker.probabilities(), [0.125, 0.625, 0.25]);
        }
    }

    #[test]
    fn of_a_batch_the_first_row_is_read() {
        let first = OutputSpec { classes: 2, values: 2, ..spec(4, None, Scores::Probabilities) };
        assert_eq!(best_of(&first, &Tensor::F32(vec![0.25, 0.75, 1.0, 0.0]), 5).unwrap(), [(1, 0.75), (0, 0.25)]);
    }

    #[test]
    fn a_first_output_that_sums_to_1_settles_that_it_is_probabilities() {
        let unsaid = OutputSpec { certain: false, ..spec(3, None, Scores::Logits) };
        let (mut ranker, mut best) = (Ranker::new(&unsaid), Vec::new());
        let mut confidence = |values: [f32; 3]| {
            ranker.rank(&Tensor::F32(values.to_vec()), 1, &mut best).unwrap();
            best[0].confidence
        };
        assert_eq!(confidence([0.1, 0.7, 0.2004]), 0.7);
        assert_eq!(confidence([0.0, 0.9, 0.0]), 0.9, "it stays settled");
        // and so are logits, whatever later ones sum to
        let mut ranker = Ranker::new(&unsaid);
        for values in [[2.0, -1.0, 0.0], [0.1, 0.7, 0.2]] {
            ranker.rank(&Tensor::F32(values.to_vec()), 1, &mut best).unwrap();
        }
        assert!(best[0].confidence < 0.5, "{best:?}");
        // what the file or the user says is not questioned, and logits stay logits
        assert!(ranked(Tensor::F32(vec![0.1, 0.7, 0.2]), None, false, 1)[0].1 < 0.5);
        for values in [[0.1, 0.7, 0.3], [-0.1, 0.7, 0.4], [2.0, -1.0, 0.0]] {
            assert!(best_of(&unsaid, &Tensor::F32(values.to_vec()), 1).unwrap()[0].1 != 0.7, "{values:?}");
        }
    }

    #[test]
    fn every_element_type_is_read() {
        use half::f16;
        let halves = Tensor::F16([0.25, 0.75].map(f16::from_f32).to_vec());
        assert_eq!(ranked(halves, None, true, 2), [(1, 0.75), (0, 0.25)]);
        assert_eq!(ranked(Tensor::F64(vec![0.25, 0.75]), None, true, 2), [(1, 0.75), (0, 0.25)]);
        assert_eq!(ranked(Tensor::I16(vec![-64, 64]), Some((1.0 / 256.0, -128)), true, 2), [(1, 0.75), (0, 0.25)]);
        assert_eq!(ranked(Tensor::I32(vec![64, 192]), Some((1.0 / 256.0, 0)), true, 2), [(1, 0.75), (0, 0.25)]);
    }

    #[test]
    fn logits_become_probabilities() {
        let two = ranked(Tensor::F32(vec![0.0, 2.0f32.ln(), 0.0]), None, false, 2);
        assert_eq!((two[0].0, two[1].0), (1, 0));
        assert!((two[0].1 - 0.5).abs() < 1e-6 && (two[1].1 - 0.25).abs() < 1e-6, "{two:?}");
    }

    #[test]
    fn quantized_logits_are_dequantized_first() {
        let unsigned = ranked(Tensor::U8(vec![10, 12]), Some((std::f32::consts::LN_2, 10)), false, 2);
        assert_eq!(unsigned[0].0, 1);
        assert!((unsigned[0].1 - 0.8).abs() < 1e-6, "{unsigned:?}");
        assert_eq!(ranked(Tensor::I8(vec![-128, -126]), Some((std::f32::consts::LN_2, -128)), false, 2), unsigned);
    }

    #[test]
    fn probabilities_of_the_model_stay_as_they_are() {
        assert_eq!(ranked(Tensor::U8(vec![64, 128, 0]), Some((1.0 / 256.0, 0)), true, 2), [(1, 0.5), (0, 0.25)]);
    }

    #[test]
    fn equal_ones_are_ordered_by_index() {
        let best = ranked(Tensor::U8(vec![7, 9, 7, 9, 9, 1]), None, false, 4);
        assert_eq!(best.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 3, 4, 0]);
    }

    #[test]
    fn more_than_there_are_is_all_there_are() {
        assert_eq!(ranked(Tensor::F32(vec![0.25, 0.75]), None, true, 5).len(), 2);
        assert_eq!(ranked(Tensor::F32(vec![0.25, 0.75]), None, true, usize::MAX), [(1, 0.75), (0, 0.25)]);
    }

    #[test]
    fn many_are_in_the_order_of_few() {
        let output = || Tensor::U8((0..200_u32).map(|n| (n * 37 % 50) as u8).collect());
        let (many, few) = (ranked(output(), None, false, PICKED + 1), ranked(output(), None, false, PICKED));
        assert_eq!(many.len(), PICKED + 1);
        assert_eq!(many[..PICKED], few);
    }

    #[test]
    fn what_is_no_number_is_an_error_of_the_frame() {
        for (values, said) in [
            (vec![0.5, f32::NAN, 0.5], "NaN for class 1 (1 of 3 values"),
            (vec![f32::NAN; 3], "NaN for class 0 (3 of 3 values"),
            (vec![0.5, 0.5, f32::INFINITY], "inf for class 2 (1 of 3 values"),
            (vec![f32::NEG_INFINITY; 3], "none of the 3 values is finite"),
        ] {
            for softmax in [false, true] {
                let error = try_rank(Tensor::F32(values.clone()), None, softmax, 3).unwrap_err();
                assert_eq!(error.kind(), Kind::Passing);
                assert!(error.to_string().contains(said), "{error}");
            }
        }
        // a scale that is valid by itself, and overflows when multiplied
        assert!(try_rank(Tensor::U8(vec![0, 255]), Some((3e38, 0)), false, 2).is_err());
    }

    #[test]
    fn an_excluded_class_has_confidence_0() {
        let best = ranked(Tensor::F32(vec![f32::NEG_INFINITY, 1.0, 300.0, f32::NEG_INFINITY]), None, false, 4);
        assert_eq!(best, [(2, 1.0), (0, 0.0), (1, 0.0), (3, 0.0)]);
        assert_eq!(ranked(Tensor::F32(vec![f32::NEG_INFINITY, 0.5]), None, true, 2), [(1, 0.5), (0, 0.0)]);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let best = ranked(Tensor::F32(vec![f32::MAX, f32::MIN, f32::MAX]), None, false, 3);
        assert_eq!(best, [(0, 0.5), (2, 0.5), (1, 0.0)]);
    }
}
