//! The cameras in front of the worker: it takes from those that have a frame, in turn, so that a fast one cannot starve a slow one.

use super::{Classifier, Order};
use crate::channel::{Receiver, Taken, TryRecvError};
use crate::frame::Frame;
use crate::prediction::Prediction;
use crate::publish::Publish;
use crate::tally::Tally;
use crossbeam_channel::{self as queue, Select};
use std::sync::Arc;

/// One camera as the worker sees it.
pub struct Lane {
    frames: Receiver<Frame>,
    /// Its own place, beside those of all cameras: the text on its video.
    place: Option<Box<dyn Publish>>,
    pub(super) tally: Arc<Tally>,
}

impl Lane {
    /// The frames of the camera that `tally` counts for.
    pub fn new(frames: Receiver<Frame>, tally: Arc<Tally>) -> Self {
        Self { frames, place: None, tally }
    }

    /// The same, whose results go to `place` as well.
    pub fn with_place(self, place: Box<dyn Publish>) -> Self {
        Self { place: Some(place), ..self }
    }
}

/// A lane, and its result that is filled in frame after frame.
pub(super) struct Busy {
    lane: Lane,
    /// Its frames have ended.
    over: bool,
    pub tally: Arc<Tally>,
    pub prediction: Prediction,
}

impl Busy {
    fn new(lane: Lane, classifier: &Classifier) -> Self {
        let prediction = classifier.blank(lane.tally.name());
        Self { tally: lane.tally.clone(), lane, over: false, prediction }
    }

    /// Gives the result to the camera's own place. One that fails is left out from then on.
    pub fn show(&mut self) {
        if let Some(place) = &mut self.lane.place
            && let Err(error) = place.publish(&self.prediction)
        {
            tracing::warn!("{}: no more results go to {}: {error}", self.prediction.source, place.name());
            self.lane.place = None;
        }
    }
}

/// What comes next.
pub(super) enum Next<'a> {
    Frame(&'a mut Busy, Taken<Frame>),
    Order(Order),
    End,
}

pub(super) struct Lanes {
    lanes: Vec<Busy>,
    /// Whose turn it is.
    turn: usize,
    /// Whether no more orders come.
    settled: bool,
}

impl Lanes {
    pub fn new(lanes: Vec<Lane>, classifier: &Classifier) -> Self {
        Self { lanes: lanes.into_iter().map(|lane| Busy::new(lane, classifier)).collect(), turn: 0, settled: false }
    }

    pub fn add(&mut self, lane: Lane, classifier: &Classifier) {
        self.lanes.push(Busy::new(lane, classifier));
    }

    /// Takes the cameras of `tallies` out; frames of theirs that wait count as dropped.
    pub fn forget(&mut self, tallies: &[Arc<Tally>]) {
        self.lanes.retain(|busy| !tallies.iter().any(|tally| Arc::ptr_eq(tally, &busy.tally)));
    }

    /// Another classifier: other names of classes, another model's name.
    pub fn renew(&mut self, classifier: &Classifier) {
        for busy in &mut self.lanes {
            busy.prediction = classifier.blank(busy.tally.name());
        }
    }

    /// Waits for the next frame, of the camera whose turn it is if it has one; or for an order, or the end.
    pub fn next(&mut self, orders: &queue::Receiver<Order>, stop: &queue::Receiver<()>) -> Next<'_> {
        loop {
            if stop.try_recv() == Err(TryRecvError::Disconnected) {
                return Next::End;
            }
            match orders.try_recv() {
                Ok(order) => return Next::Order(order),
                Err(TryRecvError::Disconnected) => self.settled = true,
                Err(TryRecvError::Empty) => {}
            }
            if let Some((index, taken)) = self.take() {
                return Next::Frame(&mut self.lanes[index], taken);
            }
            if self.settled && self.lanes.is_empty() {
                return Next::End;
            }
            let mut select = Select::new();
            select.recv(stop);
            self.lanes.iter().for_each(|busy| busy.lane.frames.wake(&mut select));
            if !self.settled {
                select.recv(orders);
            }
            select.ready();
        }
    }

    /// A frame that waits, round robin; lanes without a future go.
    fn take(&mut self) -> Option<(usize, Taken<Frame>)> {
        for step in 0..self.lanes.len() {
            let index = (self.turn + step) % self.lanes.len();
            match self.lanes[index].lane.frames.try_recv() {
                Ok(taken) => {
                    self.turn = index + 1;
                    return Some((index, taken));
                }
                Err(TryRecvError::Disconnected) => self.lanes[index].over = true,
                Err(TryRecvError::Empty) => {}
            }
        }
        self.lanes.retain(|busy| !busy.over);
        None
    }
}
