//! The scheduler of an engine: takes frames from the streams in turn, so that a fast camera cannot starve a slow one.

use super::classifier::{Classifier, InputSlot, outside};
use super::failures::Failures;
use super::offer::Offer;
use super::still::Still;
use super::stream::{Stream, StreamId};
use crate::channel::{Taken, TryRecvError};
use crate::error::Error;
use crate::event::Event;
use crate::frame::{Crop, Frame, Outside};
use crate::metrics::StreamMetrics;
use crate::postprocess::label_state::StreamState;
use crate::prediction::{Prediction, StateChange};
use crossbeam_channel::{self as queue, Select};
use std::sync::Arc;
use std::time::Instant;

/// A stream with its reusable result.
pub(super) struct ActiveStream {
    stream: Stream,
    /// Its frames have ended.
    over: bool,
    /// The number of its frames that were taken and are not classified yet.
    open: usize,
    failures: Failures,
    /// Frames dropped before frames that then got no result: they count for the next result.
    dropped: u64,
    pub metrics: Arc<StreamMetrics>,
    pub prediction: Prediction,
    /// The latest run of the model, if its answer may stand for later frames.
    pub still: Option<Still>,
    state: StreamState,
    /// Changes of the state that are not published yet.
    pub changes: Vec<StateChange>,
}

impl ActiveStream {
    fn new(stream: Stream, classifier: &Classifier) -> Self {
        let prediction = blank(classifier, &stream.metrics);
        Self {
            metrics: stream.metrics.clone(),
            still: stream.unchanged.map(Still::new),
            stream,
            over: false,
            open: 0,
            failures: Failures::default(),
            dropped: 0,
            prediction,
            state: classifier.state(),
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

    /// Numbers the result, before whose frame `dropped` were dropped.
    pub fn number(&mut self, dropped: u64) {
        self.prediction.seq = self.metrics.results();
        self.prediction.dropped = std::mem::take(&mut self.dropped) + dropped;
    }

    /// Sets the state of the result, of which these are the `probabilities` of all classes.
    pub fn settle(&mut self, probabilities: &[f32]) {
        self.state.update(&mut self.prediction, probabilities, &mut self.changes);
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

/// A frame with its stream.
pub(super) struct QueuedFrame {
    stream: StreamId,
    crop: Option<Crop>,
    taken: Taken<Frame>,
}

/// A prepared frame without its pixels, which are returned to the camera at once.
pub(super) struct PreparedFrame {
    pub stream: StreamId,
    /// The number of frames dropped before it.
    pub dropped: u64,
    pub live: bool,
    /// Why it could not be prepared.
    pub misfit: Option<Outside>,
}

impl QueuedFrame {
    /// Prepares the frame and releases its pixels.
    pub fn prepare(self, slot: &mut InputSlot) -> PreparedFrame {
        let misfit = slot.prepare(&self.taken.frame, self.crop).err();
        PreparedFrame { stream: self.stream, dropped: self.taken.dropped, live: self.taken.frame.info.live, misfit }
    }
}

/// The next event.
pub(super) enum Next {
    QueuedFrame(QueuedFrame),
    Change(Offer),
    /// A state has ended without a frame; the change is left to publish.
    StateEnded,
    End,
}

pub(super) struct Scheduler {
    streams: Vec<ActiveStream>,
    /// The stream whose turn it is.
    turn: usize,
    /// Whether there will be no more changes.
    settled: bool,
    /// Changes of the states of streams that have ended, which are not published yet.
    last_changes: Vec<StateChange>,
}

impl Scheduler {
    pub fn new(streams: Vec<Stream>, classifier: &Classifier) -> Self {
        Self {
            streams: streams.into_iter().map(|stream| ActiveStream::new(stream, classifier)).collect(),
            turn: 0,
            settled: false,
            last_changes: Vec::new(),
        }
    }

    pub fn add(&mut self, stream: Stream, classifier: &Classifier) {
        self.streams.push(ActiveStream::new(stream, classifier));
    }

    /// Removes `streams`. Their queued frames are dropped and counted.
    pub fn remove(&mut self, streams: &[StreamId]) {
        self.streams.retain(|active| !streams.contains(&active.stream.id));
    }

    /// After a change of the classifier: sets the labels, the model's name and the state. The changes of the states that this ends are
    /// left to publish.
    pub fn renew(&mut self, classifier: &Classifier) {
        for active in &mut self.streams {
            active.state.end(&mut active.prediction, &mut active.changes);
            (active.prediction, active.state) = (blank(classifier, &active.metrics), classifier.state());
            active.still = active.stream.unchanged.map(Still::new);
        }
    }

    /// When the first state ends, if no further frame of its stream comes.
    fn deadline(&self) -> Option<Instant> {
        self.streams.iter().filter_map(|active| active.state.deadline()).min()
    }

    /// Ends the states of streams that have had no result for too long at `now`. The changes are left to publish.
    pub fn expire(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            for active in &mut self.streams {
                active.state.expire(now, &mut active.prediction, &mut active.changes);
                active.metrics.show(active.prediction.stable.as_ref());
            }
        }
    }

    /// All changes of states that are not published yet.
    pub fn changes(&mut self) -> impl Iterator<Item = StateChange> {
        self.streams.iter_mut().flat_map(|active| active.changes.drain(..)).chain(self.last_changes.drain(..))
    }

    fn of(&mut self, prepared: &PreparedFrame) -> Option<&mut ActiveStream> {
        self.streams.iter_mut().find(|active| active.stream.id == prepared.stream)
    }

    /// The stream of a frame that is classified now, unless it has been removed.
    pub fn finish(&mut self, prepared: &PreparedFrame) -> Option<&mut ActiveStream> {
        let active = self.of(prepared)?;
        active.open -= 1;
        Some(active)
    }

    /// Drops a prepared frame and counts it.
    pub fn lose(&mut self, prepared: &PreparedFrame) {
        if let Some(active) = self.finish(prepared) {
            active.lose();
        }
    }

    /// A newer frame of the same stream, if one is waiting and the older one may be dropped.
    pub fn overtake(&mut self, prepared: &PreparedFrame) -> Option<QueuedFrame> {
        let active = self.of(prepared).filter(|_| prepared.live)?;
        let crop = active.stream.crop;
        active.stream.frames.newer(prepared.dropped).map(|taken| QueuedFrame { stream: prepared.stream, crop, taken })
    }

    /// Events that take precedence over frames: the end, and changes.
    pub fn urgent(&mut self, changes: &queue::Receiver<Offer>, stop: &queue::Receiver<()>) -> Option<Next> {
        if stop.try_recv() == Err(TryRecvError::Disconnected) {
            return Some(Next::End);
        }
        match changes.try_recv() {
            Ok(offer) => return Some(Next::Change(offer)),
            Err(TryRecvError::Disconnected) => self.settled = true,
            Err(TryRecvError::Empty) => {}
        }
        None
    }

    /// Waits for the next frame, preferably of the stream whose turn it is; or for a change, or the end.
    pub fn next(&mut self, changes: &queue::Receiver<Offer>, stop: &queue::Receiver<()>) -> Next {
        loop {
            if let Some(urgent) = self.urgent(changes, stop) {
                return urgent;
            }
            if let Some(turn) = self.take() {
                return Next::QueuedFrame(turn);
            }
            if !self.last_changes.is_empty() {
                return Next::StateEnded;
            }
            if self.settled && self.streams.is_empty() {
                return Next::End;
            }
            let mut select = Select::new();
            select.recv(stop);
            self.streams.iter().for_each(|active| active.stream.frames.wake(&mut select));
            if !self.settled {
                select.recv(changes);
            }
            match self.deadline() {
                None => drop(select.ready()),
                Some(deadline) if select.ready_deadline(deadline).is_ok() => {}
                Some(deadline) => {
                    self.expire(deadline);
                    return Next::StateEnded;
                }
            }
        }
    }

    /// The next queued frame, round robin over the streams. Streams that have ended are removed.
    pub fn take(&mut self) -> Option<QueuedFrame> {
        for step in 0..self.streams.len() {
            let index = (self.turn + step) % self.streams.len();
            let active = &mut self.streams[index];
            match active.stream.frames.try_recv() {
                Ok(taken) => {
                    self.turn = index + 1;
                    active.open += 1;
                    return Some(QueuedFrame { stream: active.stream.id, crop: active.stream.crop, taken });
                }
                Err(TryRecvError::Disconnected) => active.over = true,
                Err(TryRecvError::Empty) => {}
            }
        }
        self.streams.retain_mut(|active| {
            let has_ended = active.over && active.open == 0;
            if has_ended {
                active.state.end_of_frames(&mut active.prediction, &mut self.last_changes);
            }
            !has_ended
        });
        None
    }
}
