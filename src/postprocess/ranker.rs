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
mod tests;
