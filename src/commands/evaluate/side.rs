//! What is evaluated: a recipe on a provider.

use super::agreement::Agreement;
use super::dataset::Labelled;
use super::tally::{Answer, Tally};
use crate::error::{Kind, Result};
use crate::postprocess::Ranker;
use crate::prediction::Score;
use crate::runtime::Infer;
use crate::stats::Durations;
use crate::tensor::Tensor;
use std::time::{Duration, Instant};

/// How many of the best classes count for top-5.
pub const TOP: usize = 5;

/// A recipe on a provider, and what came of it.
pub struct Side {
    /// What it is called.
    pub name: String,
    /// The flags that give it.
    pub flags: String,
    /// Which of the sessions runs it.
    pub session: usize,
    /// Which of a picture's inputs it takes.
    pub input: usize,
    /// Its answers.
    pub tally: Tally,
    /// The duration of each inference.
    pub times: Durations,
    /// All of them together.
    pub inference: Duration,
    /// Pictures without a usable answer, and why the first has none.
    pub failed: Option<(usize, String)>,
    /// How much it agrees with the first one, if that is asked.
    pub agreement: Option<Agreement>,
    ranker: Ranker,
    best: Vec<Score>,
}

impl Side {
    /// A side that has seen nothing yet.
    pub fn new(name: String, flags: String, session: usize, input: usize, ranker: Ranker) -> Self {
        Self {
            name,
            flags,
            session,
            input,
            tally: Tally::default(),
            times: Durations::default(),
            inference: Duration::ZERO,
            failed: None,
            agreement: None,
            ranker,
            best: Vec::new(),
        }
    }

    /// Runs the model on `input` of `picture`, and counts the answer; all `classes` are ranked where agreement is asked.
    pub fn run(
        &mut self,
        session: &mut dyn Infer,
        input: &Tensor,
        output: &mut Tensor,
        picture: &Labelled,
        classes: usize,
    ) -> Result<()> {
        let start = Instant::now();
        let ran = session.infer(input, output);
        let took = start.elapsed();
        self.times.record(took);
        self.inference += took;
        let ranked = ran.and_then(|()| self.ranker.rank(output, classes, &mut self.best));
        match ranked {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Passing => {
                self.best.clear();
                let why = format!("'{}': {error}", picture.path.display());
                let (count, _) = self.failed.get_or_insert((0, why));
                *count += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if let Some(best) = self.best.first() {
            let in_top5 = self.best.iter().take(TOP).any(|score| score.index == picture.class);
            self.tally.add(&Answer { truth: picture.class, best: best.index, confidence: best.confidence, in_top5 });
        }
        Ok(())
    }

    /// Counts how much the answer to the last picture is like that of `first`.
    pub fn compare(&mut self, first: &[Score]) {
        if let Some(agreement) = self.agreement.as_mut().filter(|_| !first.is_empty() && !self.best.is_empty()) {
            agreement.add(first, &self.best);
        }
    }

    /// The scores of the last picture, best first; none if it has no usable answer.
    pub fn last(&self) -> &[Score] {
        &self.best
    }
}
