//! The end of the graph: the meaning of an output's numbers, and their quantization.

use super::boundary::{Boundary, SHAPE_ONLY};
use super::onnx::Node;
use super::quantized;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::tensor::{Quantization, Scores};

/// The description of an output by the end of the graph.
pub struct Tail {
    /// The scale and zero point of the last operator that writes integers.
    pub quantization: Option<Quantization>,
    /// The meaning of the numbers, if the graph shows it.
    pub scores: Option<Scores>,
    /// The divisor of the numbers: 100 for percentages.
    pub divisor: f32,
    /// Whether only some of the numbers are selected.
    pub selected: bool,
}

impl<'a> Boundary<'a> {
    /// Follows the graph back from the output called `name`, over operators that change no value, to the activation.
    pub fn tail(&self, weights: &Weights, name: &'a str) -> Result<Tail> {
        let mut tail = Tail { quantization: None, scores: None, divisor: 1.0, selected: false };
        // after a DequantizeLinear or a Cast the output is float, regardless of quantization before it
        let mut at_boundary = true;
        for writer in self.back_from(name) {
            if at_boundary && let Some(places) = quantized::of_output(writer) {
                tail.quantization = Some(quantized::parameters(writer, weights, places)?);
            }
            tail.scores = self.scores(weights, writer);
            if tail.scores.is_some() {
                return Ok(tail);
            }
            let kind = writer.op_type.as_str();
            if self.is_inverted(weights, writer) {
                return Err(Error::config(format!("the output '{name}' of the model is smaller for more likely classes"))
                    .because(format!("it ends in {kind} of probabilities"))
                    .hint("Export the model without that operator, or choose another output with --output NAME."));
            }
            if self.is_no_score(writer) {
                return Err(Error::config(format!("the output '{name}' of the model has no score for each class"))
                    .because(format!("it ends in {kind}, whose numbers are neither probabilities nor what a Softmax makes them of"))
                    .hint("Export the model without that operator, or choose another output with --output NAME."));
            }
            tail.selected |= SELECTING.contains(&kind);
            let passes = SELECTING.contains(&kind) || SHAPE_ONLY.contains(&kind) || VALUES_KEPT.contains(&kind);
            at_boundary &= SHAPE_ONLY.contains(&kind) || kind == "Clip";
            match factor(weights, writer)? {
                Some(factor) => tail.divisor *= factor,
                None if passes => {}
                None => break,
            }
        }
        Ok(Tail { divisor: 1.0, ..tail })
    }

    /// Whether `node` inverts probabilities or their logarithms: -x, or 1 - x.
    fn is_inverted(&self, weights: &Weights, node: &'a Node) -> bool {
        let of = match (node.op_type.as_str(), &node.input[..]) {
            ("Neg", [value]) => value,
            ("Sub", [one, value]) if weights.is_one(one) => value,
            _ => return false,
        };
        let scores = self.origin(of).and_then(|node| self.scores(weights, node));
        matches!(scores, Some(Scores::Probabilities | Scores::LogProbabilities))
    }

    /// Whether the numbers of `node` are bounded, cut or scaled in such a way that no confidence can be made of them.
    fn is_no_score(&self, node: &'a Node) -> bool {
        let divisor = || node.input.get(1).and_then(|name| self.origin(name));
        match node.op_type.as_str() {
            "Div" => divisor().is_some_and(|divisor| divisor.op_type == "ReduceL2"),
            kind => NO_SCORES.contains(&kind),
        }
    }

    /// The nodes before `name`, each the writer of the first input of the previous one. Terminates in a cyclic graph too.
    fn back_from(&self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        let (mut at, mut left) = (Some(name), self.writers());
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let writer = self.writer(at?)?;
            at = writer.input.first().map(String::as_str);
            Some(writer)
        })
    }

    /// The meaning of the values of `node`, if it is the last node of an activation.
    fn scores(&self, weights: &Weights, node: &'a Node) -> Option<Scores> {
        let origin = |at: usize| node.input.get(at).and_then(|name| self.origin(name));
        let is = |node: Option<&Node>, kind: &str| node.is_some_and(|node| node.op_type == kind);
        match node.op_type.as_str() {
            "Softmax" | "QLinearSoftmax" => Some(Scores::Probabilities),
            "LogSoftmax" => Some(Scores::LogProbabilities),
            "Log" if is(origin(0), "Softmax") => Some(Scores::LogProbabilities),
            "Exp" if is(origin(0), "LogSoftmax") => Some(Scores::Probabilities),
            "Sigmoid" | "HardSigmoid" | "QLinearSigmoid" => Some(Scores::Independent),
            // e / sum(e), or e * (1 / sum(e))
            "Div" if origin(0).zip(origin(1)).is_some_and(|(exp, sum)| self.is_softmax(exp, sum)) => Some(Scores::Probabilities),
            "Mul" => {
                let (one, other) = (origin(0)?, origin(1)?);
                let inverse = |node: &'a Node| self.origin(node.input.first()?).filter(|_| node.op_type == "Reciprocal");
                let is = |exp, sum| inverse(sum).is_some_and(|sum| self.is_softmax(exp, sum));
                (is(one, other) || is(other, one)).then_some(Scores::Probabilities)
            }
            // the probability of the other one of two classes
            "Sub" if weights.is_one(node.input.first()?) && is(origin(1), "Sigmoid") => Some(Scores::Independent),
            // 1 / (1 + exp(-x))
            "Div" if weights.is_one(node.input.first()?) => self.is_logistic(weights, origin(1)?),
            "Reciprocal" => self.is_logistic(weights, origin(0)?),
            _ => None,
        }
    }

    /// Whether `sum` sums up what `exp` computes.
    fn is_softmax(&self, exp: &'a Node, sum: &'a Node) -> bool {
        let summed = || sum.input.first().and_then(|name| self.origin(name));
        exp.op_type == "Exp" && sum.op_type == "ReduceSum" && summed().is_some_and(|summed| std::ptr::eq(summed, exp))
    }

    /// Whether `node` computes 1 + exp(-x).
    fn is_logistic(&self, weights: &Weights, node: &'a Node) -> Option<Scores> {
        let [one, other] = &node.input[..] else { return None };
        let of = |name: &'a str| self.origin(name).filter(|node| node.op_type == "Exp");
        let exp = match (weights.is_one(one), weights.is_one(other)) {
            (true, _) => of(other)?,
            (_, true) => of(one)?,
            _ => return None,
        };
        let negated = self.origin(exp.input.first()?)?;
        (node.op_type == "Add" && negated.op_type == "Neg").then_some(Scores::Independent)
    }

    /// The node that computed the value called `name`, before operators that change no value.
    fn origin(&self, name: &'a str) -> Option<&'a Node> {
        self.back_from(name).find(|node| {
            let kind = node.op_type.as_str();
            !SHAPE_ONLY.contains(&kind) && !VALUES_KEPT.contains(&kind)
        })
    }
}

/// Operators that keep the values of probabilities, except for rounding.
const VALUES_KEPT: [&str; 5] = ["Cast", "CastLike", "Clip", "QuantizeLinear", "DequantizeLinear"];

/// Operators whose numbers are no scores: they saturate, so that several classes are equal, are rounded or compared, or lose their scale.
const NO_SCORES: [&str; 14] = [
    "Tanh",
    "Softsign",
    "Erf",
    "Sqrt",
    "LpNormalization",
    "Sign",
    "Round",
    "Floor",
    "Ceil",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Not",
];

/// Operators that select some of the numbers.
const SELECTING: [&str; 3] = ["Slice", "Gather", "Split"];

/// The constant number above 0 that `node` multiplies its first input by.
fn factor(weights: &Weights, node: &Node) -> Result<Option<f32>> {
    let Some(constant) = node.input.get(1).filter(|_| ["Mul", "Div"].contains(&node.op_type.as_str())) else { return Ok(None) };
    let factor = weights.scalar(constant)?.map(|number| if node.op_type == "Mul" { number } else { 1.0 / number });
    Ok(factor.map(|factor| factor as f32).filter(|factor| factor.is_finite() && *factor > 0.0))
}
