//! From the model's raw output to the best classes: dequantize, softmax, top-k. Pure.

use crate::prediction::Score;
use crate::tensor::{OutputSpec, Quantization, Tensor};

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
    /// `exp(x - max) / Σ exp(x - max)`. Values that are not numbers count as the worst.
    pub fn rank(&mut self, output: &Tensor, top: usize, best: &mut Vec<Score>) {
        self.dequantize(output);
        if !self.softmax {
            softmax(&mut self.values);
        }
        best.clear();
        for (index, &value) in self.values.iter().enumerate() {
            let confidence = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
            let full = best.len() >= top;
            if full && best.last().is_none_or(|worst| worst.confidence >= confidence) {
                continue;
            }
            if full {
                best.pop();
            }
            let place = best.partition_point(|better| better.confidence >= confidence);
            best.insert(place, Score { index, confidence });
        }
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

fn softmax(values: &mut [f32]) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0f64;
    for value in values.iter_mut() {
        *value = (*value - most).exp();
        sum += if value.is_nan() { 0.0 } else { f64::from(*value) };
    }
    let factor = (1.0 / sum) as f32;
    values.iter_mut().for_each(|value| *value *= factor);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{ElementType, TensorSpec};

    fn ranked(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Vec<(usize, f32)> {
        let quantization = quantization.map(|(scale, zero_point)| Quantization { scale, zero_point });
        let (element, shape) = (ElementType::F32, vec![1, output.len()]);
        let spec =
            OutputSpec { classes: output.len(), tensor: TensorSpec { name: "y".into(), element, shape, quantization }, softmax };
        let mut best = Vec::new();
        Ranker::new(&spec).rank(&output, top, &mut best);
        best.into_iter().map(|score| (score.index, score.confidence)).collect()
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
    fn more_than_there_are_and_what_is_no_number() {
        assert_eq!(ranked(Tensor::F32(vec![0.25, 0.75]), None, true, 5).len(), 2);
        let best = ranked(Tensor::F32(vec![f32::NAN, 1.0, 300.0]), None, false, 3);
        assert_eq!(best[0], (2, 1.0));
        assert!(best.iter().all(|(_, confidence)| (0.0..=1.0).contains(confidence)));
    }
}
