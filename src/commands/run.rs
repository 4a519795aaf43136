//! `glimpsed run`: the frames of one pipeline, classified until it ends.

use super::line;
use crate::capture::{self, launch};
use crate::cli::{LimitArgs, Run};
use crate::error::Result;
use crate::notify::{Progress, Service};
use crate::publish::socket::{self, Socket};
use crate::publish::{Publish, Publishers, Stdout};
use crate::shutdown::Stop;
use crate::worker::{self, Classifier};
use std::fs::File;

/// Runs it; results go to `out`.
pub fn run(args: &Run, out: File, stop: &Stop) -> Result<()> {
    let pipeline = pipeline_text(args)?;
    let mut classifier = args.model.settings().classifier()?;
    let service = Service::default();
    let mut publishers = publishers(args, out, &classifier, &service)?;
    let params = capture::Params { stall: args.stall_timeout, ..capture::Params::new(&pipeline) };
    watch(&args.name, &params, &args.limits, &mut classifier, &mut publishers, stop, &service)
}

/// Standard output, unless there is a socket and nobody asked for it; the socket; and the service manager.
fn publishers(args: &Run, out: File, classifier: &Classifier, service: &Service) -> Result<Publishers> {
    let mut places: Vec<Box<dyn Publish>> = Vec::new();
    if let Some(params) = args.socket.params() {
        let execution = classifier.execution();
        let hello = socket::hello(classifier.model(), execution.provider, &execution.detail, &[&args.name], classifier.labels());
        places.push(Box::new(Socket::open(&params, &hello)?));
    }
    if places.is_empty() || args.output.json || args.output.text {
        let format = super::format(&args.output, &out);
        places.push(Box::new(Stdout::new(out, format)));
    }
    Ok(Publishers::new(places).with_witness(Box::new(Progress::new(service))))
}

/// Classifies the frames of one source until it ends, or `limits` or `stop` say so; the log tells what became of them.
pub fn watch(
    name: &str,
    params: &capture::Params,
    limits: &LimitArgs,
    classifier: &mut Classifier,
    publishers: &mut Publishers,
    stop: &Stop,
    service: &Service,
) -> Result<()> {
    if let Some(time) = limits.time {
        stop.request_after(time)?;
    }
    let work = |frames: &_| {
        let work = worker::run(name, frames, classifier, publishers, limits.frames, &|| stop.requested());
        service.stopping();
        work
    };
    let (counts, work) = line::run(name, params, stop, &|change| service.changed(name, change), work)?;
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
