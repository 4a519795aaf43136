//! `glimpsed run`: the frames of one pipeline, classified until it ends.

use super::line;
use crate::capture::{self, launch};
use crate::cli::{LimitArgs, Run};
use crate::error::Result;
use crate::publish::socket::Socket;
use crate::publish::{Publish, Publishers, Stdout};
use crate::shutdown::Stop;
use crate::worker::{self, Classifier};
use std::fs::File;

/// Runs it; results go to `out`.
pub fn run(args: &Run, out: File, stop: &Stop) -> Result<()> {
    let pipeline = pipeline_text(args)?;
    let mut classifier = args.model.settings().classifier()?;
    let mut publishers = publishers(args, out, &classifier)?;
    let params = capture::Params { stall: args.stall_timeout, ..capture::Params::new(&pipeline) };
    watch(&args.name, &params, &args.limits, &mut classifier, &mut publishers, stop)
}

/// Standard output, unless there is a socket and nobody asked for it; and the socket.
fn publishers(args: &Run, out: File, classifier: &Classifier) -> Result<Publishers> {
    let mut places: Vec<Box<dyn Publish>> = Vec::new();
    if let Some(params) = args.socket.params() {
        places.push(Box::new(Socket::open(&params, &classifier.hello(&[&args.name]))?));
    }
    if places.is_empty() || args.output.json || args.output.text {
        let format = super::format(&args.output, &out);
        places.push(Box::new(Stdout::new(out, format)));
    }
    Ok(Publishers::new(places))
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
