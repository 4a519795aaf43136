//! The counters of one stream: the frames that one camera delivered to one engine.

use super::state::STAGES;
use crate::prediction::{Prediction, Stable};
use crate::stats::{Durations, Rate};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The counters of one stream, shared by the threads that update them.
pub struct StreamMetrics {
    camera: Arc<str>,
    region: Option<Arc<str>>,
    model: Arc<str>,
    delivered: AtomicU64,
    dropped: Arc<AtomicU64>,
    book: Mutex<Book>,
}

/// What came of the frames.
#[derive(Default)]
pub(super) struct Book {
    /// Why the latest frame was no use to the stream, if it was none.
    pub misfit: Option<String>,
    pub results: u64,
    pub reused: u64,
    pub failed: u64,
    pub rate: Rate,
    pub latest: Option<Instant>,
    /// The state as of the latest result.
    pub shown: Option<Stable>,
    pub provider: Option<&'static str>,
    pub stages: [Durations; STAGES.len()],
}

impl StreamMetrics {
    /// New counters of a stream of the camera `camera`: of this region of its picture (`None`: the whole one), to the model with this
    /// key.
    pub(super) fn new(camera: Arc<str>, region: Option<Arc<str>>, model: Arc<str>) -> Arc<Self> {
        Arc::new(Self { camera, region, model, delivered: AtomicU64::new(0), dropped: Arc::default(), book: Mutex::default() })
    }

    /// The camera's name.
    pub fn camera(&self) -> &Arc<str> {
        &self.camera
    }

    /// The name of the region of its picture; `None`: the whole one.
    pub fn region(&self) -> Option<&Arc<str>> {
        self.region.as_ref()
    }

    /// The model's key.
    pub fn model(&self) -> &Arc<str> {
        &self.model
    }

    /// The number of frames that were put into the channel.
    pub fn frames(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// The counter of dropped frames, for the channel.
    pub fn dropped_counter(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }

    /// Counts a frame that is put into the channel.
    pub fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a result.
    pub fn record(&self, prediction: &Prediction) {
        let now = Instant::now();
        let timing = &prediction.timing;
        let mut book = self.book();
        book.results += 1;
        book.misfit = None;
        book.rate.tick(now);
        book.latest = Some(now);
        book.provider = Some(prediction.execution_provider);
        book.show(prediction.stable.as_ref());
        book.reused += u64::from(prediction.reused);
        // a reused answer took no inference: a zero would hide how long the model takes
        let inference = (!prediction.reused).then_some(timing.inference);
        let times = [Some(timing.age), Some(timing.wait), Some(timing.preprocess), inference, Some(timing.postprocess)];
        let timed = book.stages.iter_mut().zip(times).filter_map(|(stage, time)| Some((stage, time?)));
        timed.for_each(|(stage, time)| stage.record(time));
    }

    /// The state has changed without a result.
    pub fn show(&self, stable: Option<&Stable>) {
        self.book().show(stable);
    }

    /// The number of changes of the state so far.
    pub fn changes(&self) -> u64 {
        self.book().shown.as_ref().map_or(0, |shown| shown.changes)
    }

    /// Counts a frame whose inference failed.
    pub fn failed(&self) {
        self.book().failed += 1;
    }

    /// Frames do not fit the stream's settings, as `why` says; until the next result, or until the stream is removed.
    pub fn misfit(&self, why: &str) {
        let mut book = self.book();
        if book.misfit.as_deref() != Some(why) {
            book.misfit = Some(why.to_owned());
        }
    }

    /// The stream is removed: what was wrong with its frames is of no interest any more.
    pub fn removed(&self) {
        self.book().misfit = None;
    }

    /// The number of results.
    pub fn results(&self) -> u64 {
        self.book().results
    }

    /// The number of dropped frames.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The number of finished frames: those with a result, and those whose inference failed.
    pub fn finished(&self) -> u64 {
        let book = self.book();
        book.results + book.failed
    }

    /// Whether a frame is waiting for the engine or being processed.
    pub fn is_pending(&self) -> bool {
        self.delivered.load(Ordering::Relaxed) > self.finished() + self.dropped()
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for StreamMetrics {
    /// The camera, and the region of its picture.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "{}, {region}", self.camera),
            None => f.write_str(&self.camera),
        }
    }
}

impl Book {
    /// Copies the state into the existing memory.
    fn show(&mut self, stable: Option<&Stable>) {
        match (&mut self.shown, stable) {
            (Some(shown), Some(stable)) => shown.copy_from(stable),
            (shown, stable) => *shown = stable.cloned(),
        }
    }

    /// Adds the counters of another stream of the same camera, at `now`: counts are summed, and the latest result is kept.
    pub fn add(&mut self, other: &Self, now: Instant) {
        self.results += other.results;
        self.reused += other.reused;
        self.failed += other.failed;
        self.rate.add(&other.rate, now);
        if other.latest > self.latest {
            (self.latest, self.shown, self.provider) = (other.latest, other.shown.clone(), other.provider);
        }
        self.stages.iter_mut().zip(&other.stages).for_each(|(stage, other)| stage.add(other));
    }
}
