//! `glimpsed bench`: the inference alone, each stage, and the whole line, on this machine, in one run.

use super::line;
use crate::capture;
use crate::cli::Bench;
use crate::config::Camera;
use crate::daemon::{self, Outside, Parts};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::notify::Service;
use crate::prediction::{Prediction, milliseconds};
use crate::preprocess::Preprocessor;
use crate::publish::{Publish, Publishers, write_all};
use crate::rank::Ranker;
use crate::runtime::{self, Execution, Infer};
use crate::shutdown::{Ask, Stop};
use crate::stats::Durations;
use crate::tally::Status;
use crate::tensor::Tensor;
use crate::worker::Classifier;
use crossbeam_channel::Receiver;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Measures, and reports on `out`.
pub fn run(args: &Bench, mut out: File, stop: &Stop, asked: &Receiver<Ask>) -> Result<()> {
    let settings = args.model.settings()?;
    let (model, labels) = settings.read()?;
    let start = Instant::now();
    let open = || -> Result<Box<dyn Infer>> {
        match args.simulate_inference {
            Some(time) => Ok(Box::new(Sleeping::new(time))),
            None => runtime::open(&model, &settings.runtime),
        }
    };
    let session = open()?;
    let opened = start.elapsed();
    let mut bench =
        Line { args, stop, asked, classifier: Some(Classifier::new(&model, labels, session, &settings.preprocess, settings.top)) };
    let mut alone = open()?;
    let floor = floor(&model, alone.as_mut(), args.time)?;
    drop(alone);
    let stages = stages(args, &model, &settings.preprocess, settings.top)?;
    let full = bench.measure(&args.source(false), 1)?;
    bench.classifier = Some(Classifier::new(&model, settings.read()?.1, open()?, &settings.preprocess, settings.top));
    let live = bench.measure(&args.source(true), args.cameras)?;
    let report = json!({
        "program": concat!("glimpsed ", env!("CARGO_PKG_VERSION")),
        "machine": machine(), "model": model.name, "execution": full.execution, "source": args.source(true),
        "cameras": args.cameras, "threads": settings.runtime.threads, "seconds": args.time.as_secs_f64(),
        "session_open_ms": milliseconds(opened),
        "inference_floor": { "per_second": floor.1, "ms": percentiles(&floor.0) },
        "stages": { "preprocess_ms": percentiles(&stages.0), "rank_ms": percentiles(&stages.1) },
        "full_speed": { "per_second": full.rate, "share_of_floor": full.rate / floor.1, "cpu_ms_per_frame": full.cpu_ms, "timing": full.timing },
        "live": {
            "per_second": live.rate, "captured": live.captured, "dropped": live.dropped, "cpu_ms_per_frame": live.cpu_ms,
            "cpu_cores": live.cpu_cores, "timing": live.timing,
        },
        "peak_rss_mib": peak_rss(),
    });
    let text = if args.json { report.to_string() + "\n" } else { text(&report) };
    write_all(&mut out, text.as_bytes())
}

/// A model that takes its time and does nothing: what an NPU looks like to the CPU.
struct Sleeping {
    time: Duration,
    execution: Execution,
}

impl Sleeping {
    fn new(time: Duration) -> Self {
        Self { time, execution: Execution { provider: "CPU", detail: format!("nothing: {time:?} of sleep"), nodes: None } }
    }
}

impl Infer for Sleeping {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        std::thread::sleep(self.time);
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

/// The session alone, on a tensor that is ready: each run's time, and runs a second.
fn floor(model: &Model, session: &mut dyn Infer, time: Duration) -> Result<(Durations, f64)> {
    let (input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    // the first runs set up what the others use
    (0..3).try_for_each(|_| session.infer(&input, &mut output))?;
    let (mut times, start) = (Durations::default(), Instant::now());
    while start.elapsed() < time {
        let before = Instant::now();
        session.infer(&input, &mut output)?;
        times.record(before.elapsed());
    }
    let rate = times.count() as f64 / start.elapsed().as_secs_f64();
    Ok((times, rate))
}

/// Preprocess and rank alone, on one frame of the source.
fn stages(args: &Bench, model: &Model, params: &crate::preprocess::Params, top: usize) -> Result<(Durations, Durations)> {
    let frame = line::run(&capture::Params::new(&args.source(false)), &Stop::default(), |frames| {
        frames.recv().map(|taken| taken.frame).ok_or_else(|| Error::failed("the source gave no frame"))
    })?;
    let (mut preprocessor, mut ranker) = (Preprocessor::new(&model.input, params), Ranker::new(&model.output));
    let (mut input, output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    let (mut best, mut preprocess, mut rank) = (Vec::new(), Durations::default(), Durations::default());
    let start = Instant::now();
    preprocessor.run(&frame, &mut input);
    while start.elapsed() < args.time / 2 {
        let before = Instant::now();
        preprocessor.run(&frame, &mut input);
        preprocess.record(before.elapsed());
        let before = Instant::now();
        ranker.rank(&output, top, &mut best);
        rank.record(before.elapsed());
    }
    Ok((preprocess, rank))
}

/// The daemon itself, from capture to publishing.
struct Line<'a> {
    args: &'a Bench,
    stop: &'a Stop,
    asked: &'a Receiver<Ask>,
    classifier: Option<Classifier>,
}

/// What the line did.
struct Done {
    rate: f64,
    captured: u64,
    dropped: u64,
    cpu_ms: f64,
    cpu_cores: f64,
    timing: Value,
    execution: String,
}

/// Somewhere to publish to, at no cost.
struct Nowhere;

impl Publish for Nowhere {
    fn name(&self) -> &'static str {
        "nowhere"
    }

    fn publish(&mut self, _: &Prediction) -> Result<()> {
        Ok(())
    }
}

impl Line<'_> {
    fn measure(&mut self, source: &str, cameras: usize) -> Result<Done> {
        let classifier = self.classifier.take().ok_or_else(|| Error::failed("the session is gone"))?;
        let execution = classifier.execution().detail.clone();
        let camera = |n: usize| Camera {
            name: format!("camera{n}").into(),
            pipeline: source.to_owned(),
            stall: Duration::from_secs(5),
            stuck: None,
        };
        let parts = Parts {
            classifier,
            publishers: Publishers::new(vec![Box::new(Nowhere)]),
            socket: None,
            status_interval: None,
            limit: None,
            source: None,
        };
        // its own end; that of the program is heard as well
        let own = Stop::default();
        own.request_after(self.args.time)?;
        let (start, before) = (Instant::now(), cpu()?);
        let outside = Outside { stop: &own, asked: self.asked, service: Service::default() };
        let done = daemon::run(parts, (0..cameras).map(camera).collect(), Arc::new(|_| {}), outside)?;
        let (seconds, used) = (start.elapsed().as_secs_f64(), cpu()? - before);
        if self.stop.requested() {
            return Err(Error::failed("ended before it had measured"));
        }
        let results = done.iter().map(|status| status.results).sum::<u64>().max(1);
        Ok(Done {
            rate: results as f64 / seconds,
            captured: done.iter().map(|status| status.counts.captured).sum(),
            dropped: done.iter().map(|status| status.counts.dropped).sum(),
            cpu_ms: used / results as f64 * 1e3,
            cpu_cores: used / seconds,
            timing: timing(&done)?,
            execution,
        })
    }
}

/// The times of the first camera; with several, they differ little.
fn timing(done: &[Status]) -> Result<Value> {
    let status = done.first().ok_or_else(|| Error::failed("no camera ran"))?;
    let mut status = serde_json::to_value(status).map_err(|e| Error::failed("cannot read the figures").because(e))?;
    Ok(status["timing"].take())
}

/// Processor time of this process so far, in seconds.
fn cpu() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(|e| Error::failed("cannot read the processor's time").because(e))?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn peak_rss() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores, {}", named.unwrap_or_else(|| "a processor without a name".into()), std::env::consts::ARCH)
}

fn percentiles(durations: &Durations) -> Value {
    let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| milliseconds(durations.percentile(percent)));
    json!({"p50": p50, "p95": p95, "p99": p99})
}

fn text(report: &Value) -> String {
    let number = |path: &str| report.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let three = |path: &str| {
        let [p50, p95, p99] = ["p50", "p95", "p99"].map(|percent| number(&format!("{path}/{percent}")));
        format!("{p50:>8.3} {p95:>8.3} {p99:>8.3}")
    };
    let word = |path: &str| report.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut lines = vec![
        format!("{} on {}; {}", word("/model"), word("/execution"), word("/machine")),
        format!("source  {}", word("/source")),
        format!("{:<34}{:>8} {:>8} {:>8}", "milliseconds", "p50", "p95", "p99"),
        format!(
            "{:<34}{}   {:.1}/s",
            "the inference alone (the floor)",
            three("/inference_floor/ms"),
            number("/inference_floor/per_second")
        ),
        format!("{:<34}{}", "preprocess alone", three("/stages/preprocess_ms")),
        format!("{:<34}{}", "rank alone", three("/stages/rank_ms")),
    ];
    let lined = |lines: &mut Vec<String>, part: &str, title: String| {
        lines.push(title);
        for stage in ["age", "wait", "preprocess", "inference", "postprocess"] {
            lines.push(format!("  {stage:<32}{}", three(&format!("/{part}/timing/{stage}_ms"))));
        }
    };
    let full = format!(
        "the line at full speed: {:.1}/s, {:.2} of the floor, {:.2} ms of processor time a frame",
        number("/full_speed/per_second"),
        number("/full_speed/share_of_floor"),
        number("/full_speed/cpu_ms_per_frame")
    );
    lined(&mut lines, "full_speed", full);
    let live = format!(
        "live, {} cameras: {:.1}/s, {} of {} frames dropped, {:.2} ms of processor time a frame ({:.0} % of a core)",
        report["cameras"],
        number("/live/per_second"),
        report["live"]["dropped"],
        report["live"]["captured"],
        number("/live/cpu_ms_per_frame"),
        number("/live/cpu_cores") * 100.0
    );
    lined(&mut lines, "live", live);
    lines.push(format!(
        "session opened in {:.1} ms; at most {:.1} MiB of memory",
        number("/session_open_ms"),
        number("/peak_rss_mib")
    ));
    lines.join("\n") + "\n"
}
