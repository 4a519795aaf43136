//! What each camera has done and how it is, in figures of fixed size: counted where it happens, told to whoever asks.

use super::state::{STAGES, State};
use super::status::{Percentiles, Status};
use crate::labels::Labels;
use crate::prediction::Prediction;
use crate::stats::{Counts, Durations, Rate, Unusable};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The figures of one camera, shared by the threads that count.
pub struct Metrics {
    name: Arc<str>,
    captured: AtomicU64,
    dropped: Arc<AtomicU64>,
    unusable: Arc<Unusable>,
    book: Mutex<Book>,
}

struct Book {
    state: State,
    reason: Option<String>,
    errors: u64,
    restarts: u64,
    results: u64,
    failed: u64,
    rate: Rate,
    latest: Option<Instant>,
    best: Option<(Arc<Labels>, usize, f32)>,
    provider: Option<&'static str>,
    stages: [Durations; STAGES.len()],
}

impl Metrics {
    /// The figures of the camera `name`, all at nothing.
    pub fn new(name: &str) -> Arc<Self> {
        let book = Book {
            state: State::Starting,
            reason: None,
            errors: 0,
            restarts: 0,
            results: 0,
            failed: 0,
            rate: Rate::default(),
            latest: None,
            best: None,
            provider: None,
            stages: Default::default(),
        };
        Arc::new(Self {
            name: name.into(),
            captured: AtomicU64::new(0),
            dropped: Arc::default(),
            unusable: Arc::default(),
            book: Mutex::new(book),
        })
    }

    /// The camera's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Counts the frames that are dropped; for the channel.
    pub fn dropped_counter(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }

    /// Counts the frames that are left out; for the capture.
    pub fn unusable_counter(&self) -> Arc<Unusable> {
        self.unusable.clone()
    }

    /// A usable frame came; gives its number, from 0.
    pub fn captured(&self) -> u64 {
        self.captured.fetch_add(1, Ordering::Relaxed)
    }

    /// Frames come, for the first time or again.
    pub fn flows(&self) {
        let mut book = self.book();
        book.restarts += u64::from(book.state == State::Lost);
        (book.state, book.reason) = (State::Flowing, None);
    }

    /// The camera was lost, or lost again while it was being tried; `why` in one line.
    pub fn lost(&self, why: &str) {
        let mut book = self.book();
        book.errors += 1;
        (book.state, book.reason) = (State::Lost, Some(why.to_owned()));
    }

    /// No more frames come; `why`, in one line, if it is a failure.
    pub fn ended(&self, why: Option<&str>) {
        let mut book = self.book();
        book.errors += u64::from(why.is_some());
        (book.state, book.reason) = (State::Ended, why.map(str::to_owned));
    }

    /// A result came of it.
    pub fn record(&self, prediction: &Prediction) {
        let now = Instant::now();
        let timing = &prediction.timing;
        let mut book = self.book();
        book.results += 1;
        book.rate.tick(now);
        book.latest = Some(now);
        book.provider = Some(prediction.execution_provider);
        book.best = prediction.top.first().map(|score| (prediction.labels.clone(), score.index, score.confidence));
        let times = [timing.age, timing.wait, timing.preprocess, timing.inference, timing.postprocess];
        book.stages.iter_mut().zip(times).for_each(|(stage, time)| stage.record(time));
    }

    /// A frame whose inference failed.
    pub fn failed(&self) {
        self.book().failed += 1;
    }

    /// How many results there were.
    pub fn results(&self) -> u64 {
        self.book().results
    }

    /// How the camera is.
    pub fn state(&self) -> State {
        self.book().state
    }

    /// What became of its frames so far.
    pub fn counts(&self) -> Counts {
        Counts {
            captured: self.captured.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            damaged: self.unusable.damaged.load(Ordering::Relaxed),
            skipped: self.unusable.skipped.load(Ordering::Relaxed),
        }
    }

    /// Whether frames wait for the engine, or one is being worked on.
    pub fn is_pending(&self) -> bool {
        let status = self.status();
        status.counts.captured > status.results + status.failed + status.counts.dropped
    }

    /// Everything as of now.
    pub fn status(&self) -> Status {
        let book = self.book();
        let quiet = book.latest.is_none_or(|latest| latest.elapsed() > Duration::from_secs(3));
        Status {
            source: self.name.clone(),
            timestamp: SystemTime::now(),
            state: book.state,
            reason: book.reason.clone(),
            provider: book.provider,
            nodes: None,
            counts: self.counts(),
            results: book.results,
            failed: book.failed,
            errors: book.errors,
            restarts: book.restarts,
            rate: if quiet { 0.0 } else { book.rate.per_second() },
            best: book.best.as_ref().map(|(labels, index, confidence)| (labels.name(*index).to_owned(), *confidence)),
            stages: book.stages.each_ref().map(Percentiles::of),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_of_a_camera() {
        let metrics = Metrics::new("front");
        assert_eq!(metrics.status().headline(), "front: starting");
        metrics.flows();
        metrics.lost("it was unplugged");
        metrics.lost("no such device");
        assert_eq!(metrics.status().headline(), "front is lost: no such device");
        metrics.flows();
        let status = metrics.status();
        assert_eq!((status.errors, status.restarts, status.state), (2, 1, State::Flowing));
        assert_eq!(status.headline(), "front: frames come");
        assert!(!metrics.is_pending());
        metrics.captured();
        assert!(metrics.is_pending());
    }
}
