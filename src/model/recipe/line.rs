//! A linear function for each channel, the result of nodes that scale and shift, and the normalization that it implies.

use super::values::{BYTES, IMAGENET_MEAN, UNIT, known, of_range};
use crate::model::onnx::Node;
use crate::model::weights::Weights;
use crate::preprocess::{Colour, Normalize};

/// The function of the nodes so far for each channel, in the order of the input: `factor` * x + `shift`.
#[derive(Clone, Copy)]
pub struct Line {
    factor: [f64; 3],
    shift: [f64; 3],
}

impl Default for Line {
    fn default() -> Self {
        Self { factor: [1.0; 3], shift: [0.0; 3] }
    }
}

impl Line {
    /// The function of three channels, each of which has one of `lines` (all of whose channels are alike).
    pub fn of_channels(lines: [Self; 3]) -> Self {
        let of = |channel: usize| (lines[channel].factor[channel], lines[channel].shift[channel]);
        Self { factor: [of(0).0, of(1).0, of(2).0], shift: [of(0).1, of(1).1, of(2).1] }
    }

    /// The function followed by `node`, which reads `value`; its channels may be `reversed` compared to the input. `None` if the
    /// node computes
    /// anything else.
    pub fn then(self, node: &Node, weights: &Weights, value: &str, reversed: bool) -> Option<Self> {
        let of = |name: &String| {
            let mut three = match weights.numbers(name, 3)?[..] {
                [one] => [one; 3],
                [a, b, c] => [a, b, c],
                _ => return None,
            };
            if reversed {
                three.reverse();
            }
            Some(three)
        };
        let (factor, shift) = match (node.op_type.as_str(), &node.input[..]) {
            ("BatchNormalization", [input, scale, bias, mean, variance]) if input == value => {
                let (scale, bias, mean, variance) = (of(scale)?, of(bias)?, of(mean)?, of(variance)?);
                let epsilon =
                    node.attribute.iter().find(|attribute| attribute.name == "epsilon").map_or(1e-5, |epsilon| epsilon.f.into());
                let factor = [0, 1, 2].map(|channel| scale[channel] / (variance[channel] + epsilon).sqrt());
                (factor, [0, 1, 2].map(|channel| bias[channel] - mean[channel] * factor[channel]))
            }
            ("Add", [first, second]) if first == value => ([1.0; 3], of(second)?),
            ("Mul", [first, second]) if first == value => (of(second)?, [0.0; 3]),
            // the constant of a sum or product may be the first operand
            ("Add", [first, second]) if second == value => ([1.0; 3], of(first)?),
            ("Mul", [first, second]) if second == value => (of(first)?, [0.0; 3]),
            ("Sub", [first, second]) if first == value => ([1.0; 3], of(second)?.map(|number| -number)),
            ("Div", [first, second]) if first == value => (of(second)?.map(|number| 1.0 / number), [0.0; 3]),
            _ => return None,
        };
        let line = Self {
            factor: [0, 1, 2].map(|channel| self.factor[channel] * factor[channel]),
            shift: [0, 1, 2].map(|channel| self.shift[channel] * factor[channel] + shift[channel]),
        };
        line.factor.iter().chain(&line.shift).all(|value| value.is_finite()).then_some(line)
    }

    /// The input value that is mapped to `to`, for each channel.
    fn before(&self, to: f64) -> [f64; 3] {
        [0, 1, 2].map(|channel| (to - self.shift[channel]) / self.factor[channel])
    }

    /// The normalization for which such arithmetic is made: it centres values at about 0 with a width of a few units, or undoes
    /// ImageNet's normalization.
    /// `None` if that is not clear.
    pub fn expects(&self) -> Option<Normalize> {
        let average = |values: [f64; 3]| values.iter().sum::<f64>() / 3.0;
        let (factor, zero) = (average(self.factor), average(self.before(0.0)));
        if !(factor > 0.0 && zero.is_finite()) {
            return None;
        }
        let undone = |(least, most)| {
            of_range(self.before(least), self.before(most))
                .filter(|normalize| known(normalize).is_some_and(|known| known.name == "imagenet"))
        };
        if let Some(imagenet) = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)].into_iter().find_map(undone) {
            return Some(imagenet);
        }
        match zero {
            _ if (-1.5..-0.25).contains(&zero) => of_range([-1.0; 3], [1.0; 3]),
            // the mean of values of 0..1, or of 0..255
            _ if zero > 1.5 && zero <= 255.0 => Some(BYTES),
            _ if zero > 0.05 && zero <= 1.5 => (factor >= 0.5).then_some(UNIT),
            _ if zero.abs() <= 0.05 && factor <= 0.05 => Some(BYTES),
            _ if zero.abs() <= 0.05 && factor > 50.0 => Some(UNIT),
            _ => None,
        }
    }

    /// The order of the channels if ImageNet's means are subtracted, which decrease from red to blue.
    pub fn order(&self, values: &Normalize) -> Option<Colour> {
        let whole = if *values == BYTES { 255.0 } else { 1.0 };
        let means = self.before(0.0).map(|zero| zero / whole);
        let near = |order: [f32; 3]| means.iter().zip(order).all(|(mean, known)| (mean - f64::from(known)).abs() < 0.01);
        let [r, g, b] = IMAGENET_MEAN;
        match (near([r, g, b]), near([b, g, r])) {
            (true, _) => Some(Colour::Rgb),
            (false, true) => Some(Colour::Bgr),
            (false, false) => None,
        }
    }
}
