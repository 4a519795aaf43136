//! `glimpsed evaluate`: how often a model is right on pictures whose classes are known.

use super::agreement::Agreement;
use super::dataset::{self, Labelled};
use super::decode::Inputs;
use super::json::json;
use super::progress::Progress;
use super::report::Report;
use super::side::{Side, TOP};
use crate::capture;
use crate::cli::Evaluate;
use crate::commands::classify;
use crate::commands::recipes;
use crate::error::{Error, Result};
use crate::npu;
use crate::preprocess;
use crate::publish::{write_all, write_text};
use crate::runtime::{Infer, Provider};
use crate::startup::{self, OpenModel};
use crate::system::signals::Stop;
use crate::tensor::Tensor;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What is evaluated, and on which inputs.
struct Sides {
    sessions: Vec<Box<dyn Infer>>,
    recipes: Vec<preprocess::Params>,
    sides: Vec<Side>,
}

impl Sides {
    /// The recipe in force on each provider that `args` names, or the usual recipes on one.
    fn open(args: &Evaluate, providers: &[Provider], opened: &OpenModel) -> Result<Self> {
        let sessions = providers.iter().map(|provider| opened.session_on(*provider)).collect::<Result<Vec<_>>>()?;
        if !args.try_recipes {
            let name = |session: &dyn Infer| npu::shown(session.execution().provider).to_owned();
            let side = |n: usize| Side::new(name(sessions[n].as_ref()), String::new(), n, 0, opened.ranker());
            let mut sides: Vec<_> = (0..sessions.len()).map(side).collect();
            sides.iter_mut().skip(1).for_each(|side| side.agreement = Some(Agreement::default()));
            return Ok(Self { sides, sessions, recipes: vec![opened.recipe.params()] });
        }
        let (mut sides, mut recipes) = (Vec::new(), Vec::new());
        for tried in recipes::usual(opened) {
            match tried.params {
                Ok(params) => {
                    sides.push(Side::new(tried.words, tried.flags, 0, recipes.len(), opened.ranker()));
                    recipes.push(params);
                }
                Err(error) => tracing::warn!("not tried: {} ({}): {}", tried.words, tried.flags, error.what()),
            }
        }
        Ok(Self { sessions, recipes, sides })
    }

    /// The first run of a session is slower than the others.
    fn warm_up(&mut self, opened: &OpenModel, output: &mut Tensor) -> Result<()> {
        let input = Tensor::zeros(&opened.model.input.tensor);
        self.sessions.iter_mut().try_for_each(|session| session.infer(&input, output))
    }

    /// Runs all on the `inputs` of `picture`.
    fn run(&mut self, inputs: &[Tensor], output: &mut Tensor, picture: &Labelled, classes: usize) -> Result<()> {
        for n in 0..self.sides.len() {
            let (before, rest) = self.sides.split_at_mut(n);
            let Some(side) = rest.first_mut() else { break };
            side.run(self.sessions[side.session].as_mut(), &inputs[side.input], output, picture, classes)?;
            if let Some(first) = before.first() {
                side.compare(first.last());
            }
        }
        Ok(())
    }
}

/// Evaluates; the report goes to `out`. Pictures that cannot be read are told and left out; the exit status says so at the end.
pub fn run(args: &Evaluate, mut out: File, stop: &Stop) -> Result<()> {
    let (opening, providers) = (stop.opening(), args.providers()?);
    let opened = startup::model(args.settings()?)?;
    opened.warnings.iter().filter(|_| !args.try_recipes).for_each(|warning| tracing::warn!("{warning}"));
    let pictures = dataset::read(&args.data, &opened.labels)?;
    let mut evaluated = Sides::open(args, &providers, &opened)?;
    let mut output = Tensor::zeros(&opened.model.output.tensor);
    evaluated.warm_up(&opened, &mut output)?;
    capture::start_gstreamer()?;
    drop(opening);
    let (unreadable, elapsed) = evaluate(&mut evaluated, &pictures, args, &opened, &mut output, stop)?;
    let done = unreadable.len() + evaluated.sides[0].times.count() as usize;
    let (failed, left) = (unreadable.len(), pictures.len() - done);
    if done == failed {
        classify::ended(pictures.len(), failed, left)?;
    }
    let report = Report {
        model: &opened.model.name,
        data: &args.data,
        labels: &opened.labels,
        recipe: opened.recipe.lines(),
        sides: &evaluated.sides,
        unreadable: &unreadable,
        elapsed,
    };
    match args.json {
        true => write_all(&mut out, format!("{}\n", json(&report)).as_bytes())?,
        false => write_text(&mut out, &report.text())?,
    }
    let without = evaluated.sides.iter().filter_map(|side| side.failed.as_ref()).map(|(count, _)| *count).max().unwrap_or(0);
    classify::ended(pictures.len(), failed + without, left)
}

/// The files that could not be read with the reasons, and how long it took.
fn evaluate(
    evaluated: &mut Sides,
    pictures: &[Labelled],
    args: &Evaluate,
    opened: &OpenModel,
    output: &mut Tensor,
    stop: &Stop,
) -> Result<(Vec<(PathBuf, String)>, Duration)> {
    // agreement is that of all classes
    let ranked = if evaluated.sessions.len() > 1 { opened.labels.len() } else { TOP };
    let recipes = std::mem::take(&mut evaluated.recipes);
    let inputs = Inputs { spec: &opened.model.input, recipes: &recipes, turn: args.turn() };
    let (mut unreadable, mut progress, begun) = (Vec::new(), Progress::new(pictures.len()), Instant::now());
    let mut done = 0;
    inputs.each(pictures, stop, |number, read| {
        let picture = &pictures[number];
        match read {
            Ok(inputs) => evaluated.run(&inputs, output, picture, ranked)?,
            Err(_) if stop.requested() => return Ok(()),
            Err(error) => {
                progress.erase();
                unreadable.push((picture.path.clone(), error.summary()));
                tracing::error!("{}", Error::failed(format!("cannot evaluate '{}'", picture.path.display())).because(error));
            }
        }
        done += 1;
        let tally = &evaluated.sides[0].tally;
        progress.tell(done, tally.top1, tally.pictures);
        Ok(())
    })?;
    let elapsed = begun.elapsed();
    unreadable.sort();
    Ok((unreadable, elapsed))
}
