//! From the model's raw output to the best classes: dequantize, softmax, top-k. Pure.

use crate::error::{Error, Kind, Result};
use crate::prediction::Score;
use crate::tensor::{OutputSpec, Quantization, Tensor};

/// Up to this many classes are inserted one by one into a sorted list; for more, all are sorted, as insertion takes quadratic time.
const PICKED: usize = 64;

/// Ranks the output of one model.
pub struct Ranker {
    quantization: Quantization,
    softmax: bool,
    values: Vec<f32>,
}

impl Ranker {
    /// A ranker for `output`.
    pub fn new(output: &OutputSpec) -> Self {
        let plain = Quantization { scale: 1.0, zero_point: 0 };
        let quantization = output.tensor.quantization.unwrap_or(plain);
        Self { quantization, softmax: output.softmax, values: Vec::with_capacity(output.classes) }
    }

    /// Writes the `top` best classes of `output` to `best`, best first, equal ones by lower index.
    ///
    /// Confidences are probabilities: the model's own where it ends in a Softmax, else the softmax of its logits,
    /// `exp(x - max) / Σ exp(x - max)`. A value of -inf is a class that the model excludes (or the logarithm of 0): confidence 0.
    /// NaN, +inf, or no finite value at all means that the model computed nothing usable: an error of this frame
    /// ([`Kind::Passing`]), and `best` is empty. `top` may be more than there are classes.
    pub fn rank(&mut self, output: &Tensor, top: usize, best: &mut Vec<Score>) -> Result<()> {
        best.clear();
        self.dequantize(output);
        check(&self.values)?;
        if !self.softmax {
            softmax(&mut self.values);
        }
        let scores = self.values.iter().enumerate().map(|(index, &value)| Score { index, confidence: value.clamp(0.0, 1.0) });
        if top > PICKED {
            best.extend(scores);
            best.sort_unstable_by(|one, other| other.confidence.total_cmp(&one.confidence).then(one.index.cmp(&other.index)));
            best.truncate(top);
        } else {
            pick(scores, top, best);
        }
        Ok(())
    }

    fn dequantize(&mut self, output: &Tensor) {
        let Quantization { scale, zero_point } = self.quantization;
        let real = |q: i32| (q - zero_point) as f32 * scale;
        self.values.clear();
        match output {
            Tensor::U8(data) => self.values.extend(data.iter().map(|&q| real(q.into()))),
            Tensor::I8(data) => self.values.extend(data.iter().map(|&q| real(q.into()))),
            Tensor::U16(data) => self.values.extend(data.iter().map(|&q| real(q.into()))),
            Tensor::F32(data) => self.values.extend_from_slice(data),
        }
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

/// `values` have at least one finite value, no NaN and no +inf: the greatest is finite, and the sum is at least 1.
fn softmax(values: &mut [f32]) {
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
    use crate::tensor::{ElementType, TensorSpec};

    fn try_rank(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Result<Vec<(usize, f32)>> {
        let quantization = quantization.map(|(scale, zero_point)| Quantization { scale, zero_point });
        let (element, shape) = (ElementType::F32, vec![1, output.len()]);
        let spec =
            OutputSpec { classes: output.len(), tensor: TensorSpec { name: "y".into(), element, shape, quantization }, softmax };
        let mut best = vec![Score { index: 9, confidence: 1.0 }];
        let ranked = Ranker::new(&spec).rank(&output, top, &mut best);
        assert!(ranked.is_ok() || best.is_empty(), "an unusable output leaves no classes of an earlier frame");
        ranked.map(|()| best.into_iter().map(|score| (score.index, score.confidence)).collect())
    }

    fn ranked(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Vec<(usize, f32)> {
        try_rank(output, quantization, softmax, top).unwrap()
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
