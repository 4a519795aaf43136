//! The whole line: the daemon itself, from capture to publishing, with somebody at its end who takes the times.

use super::alone::nowhere;
use super::usage::cpu;
use crate::capture::Turn;
use crate::config::Camera;
use crate::daemon::{self, Outside, Parts};
use crate::engine::Classifier;
use crate::error::{Error, Result};
use crate::event::{Event, Hub, Publisher};
use crate::metrics::Percentiles;
use crate::prediction::milliseconds;
use crate::publish::Stdout;
use crate::stats::Durations;
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crossbeam_channel::Receiver;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the line did, of all cameras together.
#[derive(Clone, Default)]
pub struct Whole {
    /// The stages by their names in `timing`, and what is beyond the inference.
    stages: [(&'static str, Durations); 6],
    /// From the start of the cameras to the first result.
    first: Duration,
    begins: Option<(Instant, f64)>,
    ends: Option<(Instant, f64)>,
    results: u64,
    captured: u64,
    /// Frames that newer ones pushed out; not those that were left over at the end.
    dropped: u64,
}

/// Counts the results, and writes them to nowhere as the daemon would to its standard output.
struct Recorder {
    nowhere: Stdout,
    start: Instant,
    whole: Arc<Mutex<Whole>>,
}

impl Publisher for Recorder {
    fn name(&self) -> &'static str {
        "the bench"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction: result, .. } = event else { return Ok(()) };
        self.nowhere.handle(event)?;
        let (now, used, timing) = (Instant::now(), cpu()?, &result.timing);
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if whole.begins.is_none() {
            whole.first = now - self.start;
            whole.begins = Some((now, used));
        }
        whole.ends = Some((now, used));
        (whole.results, whole.dropped) = (whole.results + 1, whole.dropped + result.dropped);
        let named = [
            ("age_ms", timing.age),
            ("beyond_inference_ms", timing.age.saturating_sub(timing.inference)),
            ("wait_ms", timing.wait),
            ("preprocess_ms", timing.preprocess),
            ("inference_ms", timing.inference),
            ("postprocess_ms", timing.postprocess),
        ];
        for ((name, durations), (stage, time)) in whole.stages.iter_mut().zip(named) {
            *name = stage;
            durations.record(time);
        }
        Ok(())
    }
}

/// Runs `cameras` of `source` for `time`, unless `stop` says otherwise before.
pub fn measure(
    classifier: Classifier,
    (source, turn): (&str, Turn),
    cameras: usize,
    time: Duration,
    (stop, asked): (&Stop, &Receiver<Ask>),
) -> Result<Whole> {
    let camera = |n: usize| Camera { turn, ..Camera::new(format!("camera{n}"), source) };
    let whole = Arc::new(Mutex::new(Whole::default()));
    // its own end; that of the program is heard as well
    let own = Stop::default();
    own.request_after(time)?;
    let recorder = Recorder { nowhere: nowhere()?, start: Instant::now(), whole: whole.clone() };
    let hub = Hub::new().inline(Box::new(recorder));
    let parts = Parts { classifiers: vec![classifier], hub, status_interval: None, limit: None, source: None };
    let outside = Outside { stop: &own, asked, service: Service::default() };
    let done = daemon::run(parts, (0..cameras).map(camera).collect(), Arc::new(|_| {}), outside)?;
    if stop.requested() {
        return Err(Error::failed("ended before it had measured"));
    }
    let mut whole = whole.lock().unwrap_or_else(PoisonError::into_inner).clone();
    whole.captured = done.iter().map(|status| status.counts.captured).sum();
    if whole.results < 2 {
        let said = done.iter().find_map(|status| status.reason.clone()).unwrap_or_else(|| "the source gave no frame".into());
        return Err(Error::failed(format!("there were not two results to measure: {said}")).hint("Give it more --time."));
    }
    Ok(whole)
}

impl Whole {
    /// From the first result to the last: seconds, processor time, and the results after the first.
    fn span(&self) -> (f64, f64, f64) {
        let (Some(begins), Some(ends)) = (self.begins, self.ends) else { return (f64::NAN, f64::NAN, f64::NAN) };
        ((ends.0 - begins.0).as_secs_f64(), ends.1 - begins.1, (self.results - 1) as f64)
    }

    /// Results a second.
    pub fn rate(&self) -> f64 {
        let (seconds, _, results) = self.span();
        results / seconds
    }

    /// Processor time for each result, in milliseconds; `inference_ms` and `source_ms` of it are not the line's own.
    pub fn cpu(&self, inference_ms: f64, source_ms: f64) -> Value {
        let (seconds, used, results) = self.span();
        let (total, rate) = (used / results * 1e3, results / seconds);
        // dropped frames cost their source as much
        let source_ms = source_ms * (self.results + self.dropped) as f64 / self.results as f64;
        let own = total - inference_ms - source_ms;
        json!({
            "total_ms": total, "inference_ms": inference_ms, "source_ms": source_ms, "own_ms": own,
            "total_cores": total * rate / 1e3, "own_cores": own * rate / 1e3,
        })
    }

    pub fn timing(&self) -> Value {
        self.stages.iter().map(|(name, durations)| ((*name).to_owned(), json!(Percentiles::of(durations)))).collect()
    }

    pub fn counts(&self) -> Value {
        json!({"captured": self.captured, "results": self.results, "dropped": self.dropped})
    }

    pub fn first_result_ms(&self) -> f64 {
        milliseconds(self.first)
    }
}
