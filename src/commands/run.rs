//! `glimpsed run`: the frames of one pipeline, classified until it ends.

use super::line;
use crate::capture::{self, launch};
use crate::cli::{LimitArgs, Run};
use crate::error::Result;
use crate::publish::{Publishers, Stdout};
use crate::shutdown::Stop;
use crate::worker::{self, Classifier};
use std::fs::File;

/// Runs it; results go to `out`.
pub fn run(args: &Run, out: File, stop: &Stop) -> Result<()> {
    let pipeline = pipeline_text(args)?;
    let mut classifier = args.model.settings().classifier()?;
    let format = super::format(&args.output, &out);
    let mut publishers = Publishers::new(vec![Box::new(Stdout::new(out, format))]);
    let params = capture::Params { stall: args.stall_timeout, ..capture::Params::new(&pipeline) };
    watch(&args.name, &params, &args.limits, &mut classifier, &mut publishers, stop)
}

/// Classifies the frames of one source until it ends, or `limits` or `stop` say so; the log tells what became of them.
pub fn watch(
    name: &str,
    params: &capture::Params,
    limits: &LimitArgs,
    classifier: &mut Classifier,
    publishers: &mut Publishers,
    stop: &Stop,
) -> Result<()> {
    if let Some(time) = limits.time {
        stop.request_after(time)?;
    }
    let work = |frames: &_| worker::run(name, frames, classifier, publishers, limits.frames, &|| stop.requested());
    let (counts, work) = line::run(name, params, stop, work)?;
    tracing::info!(
        "{name}: {} frames, {} results, {} dropped; inference p50 {:.1?}, p99 {:.1?}; age p50 {:.1?}, p99 {:.1?}",
        counts.captured,
        work.results,
        counts.dropped,
        work.inference.percentile(50.0),
        work.inference.percentile(99.0),
        work.age.percentile(50.0),
        work.age.percentile(99.0)
    );
    Ok(())
}

fn pipeline_text(args: &Run) -> Result<String> {
    let lookup = |name: &str| {
        let set = args.vars.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        set.or_else(|| std::env::var(name).ok())
    };
    match &args.pipeline {
        Some(path) => launch::read(path, &lookup),
        None => launch::expand(&launch::from_words(&args.launch), "after --", &lookup),
    }
}
