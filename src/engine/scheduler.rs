//! The scheduler of an engine: takes frames from the streams in turn, so that a fast camera cannot starve a slow one.

use super::active_stream::ActiveStream;
use super::classifier::{Classifier, InputSlot};
use super::offer::Offer;
use super::stream::{Stream, StreamId};
use crate::channel::{Taken, TryRecvError};
use crate::frame::{Crop, Frame, Outside};
use crate::prediction::StateChange;
use crossbeam_channel::{self as queue, Select};
use std::time::Instant;

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

    /// Removes `streams`. Their queued frames are dropped and counted. The changes of the states that this ends are left to publish.
    pub fn remove(&mut self, streams: &[StreamId]) {
        for mut active in self.streams.extract_if(.., |active| streams.contains(&active.stream.id)) {
            active.end_state();
            active.metrics.removed();
            self.last_changes.append(&mut active.changes);
        }
    }

    /// After a change of the classifier: sets the labels, the model's name and the state. The changes of the states that this ends are
    /// left to publish.
    pub fn renew(&mut self, classifier: &Classifier) {
        self.streams.iter_mut().for_each(|active| active.renew(classifier));
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
                active.note_changes();
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
            // the end of a film changes nothing
            if has_ended && active.state.is_live() {
                active.end_state();
                self.last_changes.append(&mut active.changes);
            }
            !has_ended
        });
        None
    }
}
