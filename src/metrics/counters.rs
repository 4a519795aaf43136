//! The counters and the state of one camera.

use super::state::State;
use super::status::{Percentiles, Status, StreamStatus};
use super::stream::{Book, StreamMetrics};
use crate::prediction::Stable;
use crate::stats::{Counts, Unusable};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

/// The counters of one camera: of its frames and its state here, of the results in its streams.
pub struct Metrics {
    name: Arc<str>,
    captured: AtomicU64,
    unusable: Arc<Unusable>,
    course: Mutex<Course>,
    streams: Mutex<Vec<Arc<StreamMetrics>>>,
}

struct Course {
    state: State,
    reason: Option<String>,
    errors: u64,
    restarts: u64,
}

impl Metrics {
    /// The counters of the camera `name`, all at zero.
    pub fn new(name: &str) -> Arc<Self> {
        let course = Course { state: State::Starting, reason: None, errors: 0, restarts: 0 };
        Arc::new(Self {
            name: name.into(),
            captured: AtomicU64::new(0),
            unusable: Arc::default(),
            course: Mutex::new(course),
            streams: Mutex::default(),
        })
    }

    /// The camera's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The counters of its stream of `region` (`None`: the whole picture) to the model with the key `model`. A stream that comes back
    /// after a reload goes on counting.
    pub fn stream(&self, region: Option<&Arc<str>>, model: &Arc<str>) -> Arc<StreamMetrics> {
        let mut streams = self.streams();
        if let Some(known) = streams.iter().find(|stream| stream.region() == region && stream.model() == model) {
            return known.clone();
        }
        let stream = StreamMetrics::new(self.name.clone(), region.cloned(), model.clone());
        streams.push(stream.clone());
        stream
    }

    /// The counters of all streams that it has or had.
    pub fn all_streams(&self) -> Vec<Arc<StreamMetrics>> {
        self.streams().clone()
    }

    /// The counters of unusable frames, for the capture.
    pub fn unusable_counter(&self) -> Arc<Unusable> {
        self.unusable.clone()
    }

    /// Counts a usable frame, and returns its number, from 0.
    pub fn captured(&self) -> u64 {
        self.captured.fetch_add(1, Ordering::Relaxed)
    }

    /// Frames are arriving, for the first time or again.
    pub fn flows(&self) {
        let mut course = self.course();
        course.restarts += u64::from(course.state == State::Lost);
        (course.state, course.reason) = (State::Flowing, None);
    }

    /// The camera was lost, or an attempt to reopen it failed; `why` on one line.
    pub fn lost(&self, why: &str) {
        let mut course = self.course();
        course.errors += 1;
        (course.state, course.reason) = (State::Lost, Some(why.to_owned()));
    }

    /// The camera has ended; `why`, on one line, if it failed.
    pub fn ended(&self, why: Option<&str>) {
        let mut course = self.course();
        course.errors += u64::from(why.is_some());
        (course.state, course.reason) = (State::Ended, why.map(str::to_owned));
    }

    /// The camera's state.
    pub fn state(&self) -> State {
        self.course().state
    }

    /// The counts of its frames; dropped frames are counted in each stream.
    pub fn counts(&self) -> Counts {
        Counts {
            captured: self.captured.load(Ordering::Relaxed),
            dropped: self.streams().iter().map(|stream| stream.dropped()).sum(),
            damaged: self.unusable.damaged.load(Ordering::Relaxed),
            skipped: self.unusable.skipped.load(Ordering::Relaxed),
        }
    }

    /// The current status; results are those of all streams together, and of each.
    pub fn status(&self) -> Status {
        let streams = self.all_streams();
        let each: Vec<_> = streams.iter().map(|stream| StreamStatus::of(stream)).collect();
        match &streams[..] {
            // the usual case copies no histogram
            [only] => self.status_of(&only.book(), each),
            streams => {
                let mut sum = Book::default();
                let now = Instant::now();
                streams.iter().for_each(|stream| sum.add(&stream.book(), now));
                self.status_of(&sum, each)
            }
        }
    }

    fn status_of(&self, book: &Book, streams: Vec<StreamStatus>) -> Status {
        let misfit = streams.iter().find_map(|stream| Some(format!("{}: {}", stream.region.as_deref()?, stream.misfit.as_ref()?)));
        let (counts, course) = (self.counts(), self.course());
        Status {
            source: self.name.clone(),
            timestamp: SystemTime::now(),
            state: course.state,
            reason: course.reason.clone().or(misfit),
            provider: book.provider,
            nodes: None,
            counts,
            results: book.results,
            reused: book.reused,
            failed: book.failed,
            errors: course.errors,
            restarts: course.restarts,
            rate: book.rate.at(Instant::now()),
            shown: book.shown.as_ref().map(Stable::to_string),
            stages: book.stages.each_ref().map(Percentiles::of),
            streams,
        }
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Arc<StreamMetrics>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_a_camera() {
        let metrics = Metrics::new("front");
        assert_eq!(metrics.status().headline(), "front: starting");
        metrics.flows();
        metrics.lost("it was unplugged");
        metrics.lost("no such device");
        assert_eq!(metrics.status().headline(), "front is lost: no such device");
        metrics.flows();
        let status = metrics.status();
        assert_eq!((status.errors, status.restarts, status.state), (2, 1, State::Flowing));
        assert_eq!(status.headline(), "front: running");
    }

    #[test]
    fn each_stream_counts_for_itself_and_the_camera_gives_the_sum() {
        let metrics = Metrics::new("front");
        let [first, second] = ["a", "b"].map(|model| metrics.stream(None, &model.into()));
        assert!(Arc::ptr_eq(&first, &metrics.stream(None, &"a".into())), "one that is known");
        assert_eq!(metrics.captured(), 0);
        first.delivered();
        second.delivered();
        assert!(first.is_pending() && second.is_pending());
        first.failed();
        assert!(!first.is_pending() && second.is_pending());
        second.dropped_counter().fetch_add(1, Ordering::Relaxed);
        assert!(!second.is_pending());
        let status = metrics.status();
        assert_eq!((status.counts.captured, status.counts.dropped, status.failed), (1, 1, 1));
        let each = status.streams.iter().map(|stream| (&*stream.model, stream.frames, stream.dropped, stream.failed));
        assert_eq!(each.collect::<Vec<_>>(), [("a", 1, 0, 1), ("b", 1, 1, 0)]);
        assert_eq!(metrics.captured(), 1, "a number for each frame");
    }
}
