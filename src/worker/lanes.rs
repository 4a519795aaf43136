//! The cameras in front of the worker: it takes from those that have a frame, in turn, so that a fast one cannot starve a slow one.

use super::Offer;
use super::classifier::{Classifier, Desk};
use super::failures::Failures;
use crate::channel::{Receiver, Taken, TryRecvError};
use crate::error::Error;
use crate::event::{Event, Publisher};
use crate::frame::Frame;
use crate::prediction::Prediction;
use crate::tally::Tally;
use crossbeam_channel::{self as queue, Select};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Identifies a stream for as long as the process lives. A stream that replaces another one has an id of its own, even if it goes on
/// with the other one's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(u64);

impl StreamId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One camera as the worker sees it.
pub struct Lane {
    id: StreamId,
    frames: Receiver<Frame>,
    /// Its own place, beside those of all cameras: the text on its video.
    place: Option<Box<dyn Publisher>>,
    pub(super) tally: Arc<Tally>,
}

impl Lane {
    /// The frames of the camera that `tally` counts for.
    pub fn new(frames: Receiver<Frame>, tally: Arc<Tally>) -> Self {
        Self { id: StreamId::next(), frames, place: None, tally }
    }

    /// The same, whose results go to `place` as well.
    pub fn with_place(self, place: Box<dyn Publisher>) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Its identity.
    pub fn id(&self) -> StreamId {
        self.id
    }
}

/// A lane, and its result that is filled in frame after frame.
pub(super) struct Busy {
    lane: Lane,
    /// Its frames have ended.
    over: bool,
    /// Frames of its that were taken and are not classified yet.
    open: usize,
    failures: Failures,
    pub tally: Arc<Tally>,
    pub prediction: Prediction,
}

impl Busy {
    fn new(lane: Lane, classifier: &Classifier) -> Self {
        let prediction = classifier.blank(lane.tally.name());
        Self { tally: lane.tally.clone(), lane, over: false, open: 0, failures: Failures::default(), prediction }
    }

    /// Counts a frame without a result.
    pub fn fail(&mut self, error: &Error) {
        self.tally.failed();
        match self.failures.add(error, Instant::now()) {
            Some(text) => tracing::warn!("{}: {text}", self.tally.name()),
            None => tracing::debug!("{}: no result of this frame: {error}", self.tally.name()),
        }
    }

    /// Gives the result to the camera's own place. One that fails is left out from then on.
    pub fn show(&mut self, live: bool) {
        if let Some(place) = &mut self.lane.place
            && let Err(error) = place.handle(&Event::Result { prediction: &self.prediction, live, missed: 0 })
        {
            tracing::warn!("{}: no more results go to {}: {error}", self.prediction.source, place.name());
            self.lane.place = None;
        }
    }
}

/// A frame, and the camera that it is of.
pub(super) struct Turn {
    stream: StreamId,
    taken: Taken<Frame>,
}

/// What is left of a frame that is prepared: its pixels go back to the camera at once.
pub(super) struct Ticket {
    pub stream: StreamId,
    /// Frames that were dropped for it.
    pub dropped: u64,
    pub live: bool,
}

impl Turn {
    /// Prepares the frame, and lets go of it.
    pub fn prepare(self, desk: &mut Desk) -> Ticket {
        desk.prepare(&self.taken.frame);
        Ticket { stream: self.stream, dropped: self.taken.dropped, live: self.taken.live }
    }
}

/// What comes next.
pub(super) enum Next {
    Turn(Turn),
    Change(Offer),
    End,
}

pub(super) struct Lanes {
    lanes: Vec<Busy>,
    /// Whose turn it is.
    turn: usize,
    /// Whether no more changes come.
    settled: bool,
}

impl Lanes {
    pub fn new(lanes: Vec<Lane>, classifier: &Classifier) -> Self {
        Self { lanes: lanes.into_iter().map(|lane| Busy::new(lane, classifier)).collect(), turn: 0, settled: false }
    }

    pub fn add(&mut self, lane: Lane, classifier: &Classifier) {
        self.lanes.push(Busy::new(lane, classifier));
    }

    /// Removes `streams`. Their frames that are still queued are dropped and counted.
    pub fn remove(&mut self, streams: &[StreamId]) {
        self.lanes.retain(|busy| !streams.contains(&busy.lane.id));
    }

    /// Another classifier: other names of classes, another model's name.
    pub fn renew(&mut self, classifier: &Classifier) {
        for busy in &mut self.lanes {
            busy.prediction = classifier.blank(busy.tally.name());
        }
    }

    fn of(&mut self, ticket: &Ticket) -> Option<&mut Busy> {
        self.lanes.iter_mut().find(|busy| busy.lane.id == ticket.stream)
    }

    /// The camera of a frame that is classified now, unless it has been taken out.
    pub fn finish(&mut self, ticket: &Ticket) -> Option<&mut Busy> {
        let busy = self.of(ticket)?;
        busy.open -= 1;
        Some(busy)
    }

    /// A frame comes to nothing.
    pub fn lose(&mut self, ticket: &Ticket) {
        if let Some(busy) = self.finish(ticket) {
            busy.lane.frames.lose();
        }
    }

    /// The newer frame of the same camera, if one waits by now and the older one may be lost for it.
    pub fn overtake(&mut self, ticket: &Ticket) -> Option<Turn> {
        let busy = self.of(ticket).filter(|_| ticket.live)?;
        busy.lane.frames.newer(ticket.dropped).map(|taken| Turn { stream: ticket.stream, taken })
    }

    /// What goes before any frame: the end, and changes.
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

    /// Waits for the next frame, of the camera whose turn it is if it has one; or for a change, or the end.
    pub fn next(&mut self, changes: &queue::Receiver<Offer>, stop: &queue::Receiver<()>) -> Next {
        loop {
            if let Some(urgent) = self.urgent(changes, stop) {
                return urgent;
            }
            if let Some(turn) = self.take() {
                return Next::Turn(turn);
            }
            if self.settled && self.lanes.is_empty() {
                return Next::End;
            }
            let mut select = Select::new();
            select.recv(stop);
            self.lanes.iter().for_each(|busy| busy.lane.frames.wake(&mut select));
            if !self.settled {
                select.recv(changes);
            }
            select.ready();
        }
    }

    /// A frame that waits, round robin; lanes without a future go.
    pub fn take(&mut self) -> Option<Turn> {
        for step in 0..self.lanes.len() {
            let index = (self.turn + step) % self.lanes.len();
            let busy = &mut self.lanes[index];
            match busy.lane.frames.try_recv() {
                Ok(taken) => {
                    self.turn = index + 1;
                    busy.open += 1;
                    return Some(Turn { stream: busy.lane.id, taken });
                }
                Err(TryRecvError::Disconnected) => busy.over = true,
                Err(TryRecvError::Empty) => {}
            }
        }
        self.lanes.retain(|busy| !busy.over || busy.open > 0);
        None
    }
}
