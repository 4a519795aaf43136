//! A stream at work in an engine: its result, its state, and what is counted of it.

use super::classifier::{Classifier, outside};
use super::failures::Failures;
use super::still::Still;
use super::stream::Stream;
use crate::error::Error;
use crate::event::Event;
use crate::frame::Outside;
use crate::metrics::StreamMetrics;
use crate::postprocess::label_state::StreamState;
use crate::prediction::{Prediction, StateChange};
use std::sync::Arc;
use std::time::Instant;

/// A stream with its reusable result.
pub struct ActiveStream {
    pub stream: Stream,
    /// Its frames have ended.
    pub over: bool,
    /// The number of its frames that were taken and are not classified yet.
    pub open: usize,
    failures: Failures,
    /// Frames dropped before frames that then got no result: they count for the next result.
    dropped: u64,
    pub metrics: Arc<StreamMetrics>,
    pub prediction: Prediction,
    /// The latest run of the model, if its answer may stand for later frames.
    pub still: Option<Still>,
    pub state: StreamState,
    /// Changes of the state that are not published yet.
    pub changes: Vec<StateChange>,
}

impl ActiveStream {
    pub fn new(stream: Stream, classifier: &Classifier) -> Self {
        let prediction = blank(classifier, &stream.metrics);
        Self {
            metrics: stream.metrics.clone(),
            still: stream.unchanged.map(Still::new),
            state: classifier.state().after(stream.metrics.changes()),
            stream,
            over: false,
            open: 0,
            failures: Failures::default(),
            dropped: 0,
            prediction,
            changes: Vec::new(),
        }
    }

    /// Counts a frame without a result, before which `dropped` were dropped.
    pub fn fail(&mut self, error: &Error, dropped: u64) {
        self.dropped += dropped;
        self.metrics.failed();
        match self.failures.add(error, Instant::now()) {
            Some(text) => tracing::warn!("{}: {text}", self.metrics),
            None => tracing::debug!("{}: no result for this frame: {error}", self.metrics),
        }
    }

    /// The same for a frame that does not contain the stream's region.
    pub fn misfit(&mut self, why: Outside, dropped: u64) {
        let error = outside(why);
        self.metrics.misfit(&error.summary());
        self.fail(&error, dropped);
    }

    /// After a change of the classifier: ends the state, and begins with blank results. The changes are left to publish.
    pub fn renew(&mut self, classifier: &Classifier) {
        self.end_state();
        self.prediction = blank(classifier, &self.metrics);
        self.state = classifier.state().after(self.metrics.changes());
        self.still = self.stream.unchanged.map(Still::new);
    }

    /// Numbers the result, before whose frame `dropped` were dropped.
    pub fn number(&mut self, dropped: u64) {
        self.prediction.seq = self.metrics.results();
        self.prediction.dropped = std::mem::take(&mut self.dropped) + dropped;
    }

    /// Sets the state of the result, of which these are the `probabilities` of all classes.
    pub fn settle(&mut self, probabilities: &[f32]) {
        self.state.update(&mut self.prediction, probabilities, &mut self.changes);
    }

    /// Ends the state with the latest frame. The changes are left to publish.
    pub fn end_state(&mut self) {
        self.state.end(&mut self.prediction, &mut self.changes);
        self.note_changes();
    }

    /// Tells the counters of changes that no result made.
    pub fn note_changes(&self) {
        if !self.changes.is_empty() {
            self.metrics.show(self.prediction.stable.as_ref());
        }
    }

    /// Drops and counts a frame that was taken.
    pub fn lose(&self) {
        self.stream.frames.lose();
    }

    /// Sends the result to the camera's own publisher. If it fails, it gets no more.
    pub fn show(&mut self) {
        if let Some(place) = &mut self.stream.place
            && let Err(error) = place.handle(&Event::result(&self.prediction))
        {
            tracing::warn!("{}: no more results go to {}: {error}", self.prediction.source, place.name());
            self.stream.place = None;
        }
    }
}

/// A reusable result of the stream that is counted in `metrics`.
fn blank(classifier: &Classifier, metrics: &StreamMetrics) -> Prediction {
    Prediction { region: metrics.region().cloned(), ..classifier.blank(metrics.camera()) }
}
