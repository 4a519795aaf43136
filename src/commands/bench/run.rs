//! `glimpsed bench`: the inference alone, each stage, and the whole line, on this machine, in one run.

use super::alone::{Floor, Sleeping, Stages, frame_of, source_cpu_ms};
use super::{report, usage, whole};
use crate::capture::{self, Pipeline};
use crate::cli::Bench;
use crate::config::ModelSettings;
use crate::error::{Error, Result};
use crate::metrics::Percentiles;
use crate::prediction::milliseconds;
use crate::publish::{write_all, write_text};
use crate::runtime::{self, Infer};
use crate::secrets::redact;
use crate::startup::{self, OpenModel, Opened};
use crate::system::signals::{Ask, Stop};
use crossbeam_channel::Receiver;
use serde_json::{Value, json};
use std::fs::File;
use std::time::Instant;

/// Measures, and reports on `out`.
pub fn run(args: &Bench, mut out: File, stop: &Stop, asked: &Receiver<Ask>) -> Result<()> {
    let (opened, given) = open(args)?;
    let (model, settings) = (&opened.model, &opened.settings);
    // at full speed, and live
    let sources = match given {
        None => [Some(args.picture(false)), Some(args.picture(true))],
        Some(given) if Pipeline::build(&given)?.may_be_live() => [None, Some(given)],
        Some(given) => [Some(given), None],
    };
    if args.cameras > 1 && sources[1].is_none() {
        return Err(Error::usage("--cameras has no effect: this source is not live, and is measured once, at full speed"));
    }
    let mut report = json!({
        "machine": usage::machine(),
        "versions": versions(settings),
        "settings": told(args, &opened, &sources),
        "model": model.name,
    });
    // before the rest: it soon tells whether the source can be had
    let source_ms =
        |source: &Option<String>, cameras| source.as_ref().map_or(Ok(0.0), |source| source_cpu_ms(source, cameras, args.time / 4));
    let source_ms = [source_ms(&sources[0], 1)?, source_ms(&sources[1], args.cameras)?];
    let start = Instant::now();
    let mut session = session_of(args, &opened)?;
    report["session_open_ms"] = milliseconds(start.elapsed()).into();
    report["execution"] = session.execution().detail.clone().into();
    let floor = Floor::measure(model, session.as_mut(), args.time)?;
    drop(session);
    report["inference_floor"] = json!({"per_second": floor.rate, "ms": Percentiles::of(&floor.times), "cpu_ms": floor.cpu_ms});
    let picture = sources.iter().flatten().next().cloned().unwrap_or_default();
    let stages = Stages::measure(&frame_of(&picture, stop)?, &opened, args.time / 4)?;
    report["stages"] = json!({
        "preprocess_ms": Percentiles::of(&stages.preprocess),
        "rank_ms": Percentiles::of(&stages.rank),
        "publish_ms": Percentiles::of(&stages.publish),
    });
    for (part, cameras, source, source_ms) in
        [("full_speed", 1, &sources[0], source_ms[0]), ("live", args.cameras, &sources[1], source_ms[1])]
    {
        let Some(source) = source else { continue };
        let classifier = opened.classifier_of(session_of(args, &opened)?);
        let whole = whole::measure(classifier, (source, args.turn()), cameras, args.time, (stop, asked))?;
        report[part] = json!({
            "per_second": whole.rate(), "counts": whole.counts(),
            "timing": whole.timing(), "cpu": whole.cpu(floor.cpu_ms, source_ms),
        });
        if part == "full_speed" {
            report[part]["share_of_floor"] = (whole.rate() / floor.rate).into();
        }
        report["first_result_ms"] = whole.first_result_ms().into();
    }
    report["peak_rss_mib"] = usage::peak_rss().into();
    match args.json {
        true => write_all(&mut out, format!("{report}\n").as_bytes()),
        false => write_text(&mut out, &report::table(&report)),
    }
}

/// The model, and the pipeline where one is given.
fn open(args: &Bench) -> Result<(OpenModel, Option<String>)> {
    let Some(reading) = args.reading()? else { return Ok((startup::model(args.settings()?)?, None)) };
    let Opened { settings, mut models } = startup::open(reading)?;
    let model = models.remove(0);
    if !models.is_empty() {
        return Err(Error::usage("bench measures one model, and the configuration has several").hint("--model FILE names it."));
    }
    let pipeline = settings.cameras.into_iter().next().map(|camera| camera.pipeline);
    Ok((model, pipeline.filter(|_| args.names_source())))
}

fn session_of(args: &Bench, opened: &OpenModel) -> Result<Box<dyn Infer>> {
    match args.simulate_inference {
        Some(time) => Ok(Box::new(Sleeping::new(time))),
        None => opened.session_on(opened.settings.runtime.provider),
    }
}

fn versions(settings: &ModelSettings) -> Value {
    // a simulated model does without ONNX Runtime; one that is wanted and missing is told when it is opened
    let onnxruntime = runtime::onnxruntime(&settings.runtime).map(|(_, version)| version).ok();
    json!({"glimpsed": env!("CARGO_PKG_VERSION"), "onnxruntime": onnxruntime, "gstreamer": capture::version().ok()})
}

/// All that decides how fast it is.
fn told(args: &Bench, opened: &OpenModel, sources: &[Option<String>]) -> Value {
    let (settings, recipe) = (&opened.settings, &opened.recipe);
    json!({
        "source": sources.iter().flatten().last().map(|source| redact(source)),
        "cameras": args.cameras,
        "seconds": args.time.as_secs_f64(),
        "threads": settings.runtime.threads,
        "provider": format!("{:?}", settings.runtime.provider).to_lowercase(),
        "resize": format!("{:?}", recipe.fit.value).to_lowercase(),
        "filter": format!("{:?}", recipe.filter.value).to_lowercase(),
        "top": settings.top,
        "simulate_inference_ms": args.simulate_inference.map(milliseconds),
    })
}
