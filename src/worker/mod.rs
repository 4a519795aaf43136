//! The loop: take a frame, preprocess, infer, rank, publish, count. The daemon in one screen.

mod ahead;
mod classifier;
mod failures;
mod lanes;
mod offer;

pub use classifier::Classifier;
pub use lanes::{Lane, StreamId};
pub use offer::{Change, Offer, Pending, offer};

use crate::error::{Kind, Result};
use crate::event::{Event, Hub};
use crate::runtime::Execution;
use ahead::Ahead;
use crossbeam_channel::Receiver;
use lanes::{Lanes, Next, Ticket};
use std::sync::{Mutex, PoisonError};

/// Classifies what the cameras of `lanes` bring, in turn among those that have a frame, until no more can come (all frames have
/// ended, and so have `changes`), `limit` results are out, or `stop` is closed. What runs the model is told in `execution`.
pub fn run(
    lanes: Vec<Lane>,
    classifier: Box<Classifier>,
    hub: &Hub,
    changes: &Receiver<Offer>,
    stop: &Receiver<()>,
    limit: Option<u64>,
    execution: &Mutex<Execution>,
) -> Result<()> {
    let lanes = Lanes::new(lanes, &classifier);
    let mut worker = Worker { lanes, classifier, ahead: Ahead::start()?, hub, execution, left: limit };
    while worker.left != Some(0) {
        match worker.next(changes, stop)? {
            Work::Frame(ticket) => {
                worker.look_ahead();
                worker.classify(&ticket)?;
            }
            Work::Change(offer) => worker.change(offer)?,
            Work::End => break,
        }
    }
    worker.clear(|_| true)
}

/// What the worker does next.
enum Work {
    /// A frame that is prepared at the classifier's desk.
    Frame(Ticket),
    Change(Offer),
    End,
}

struct Worker<'a> {
    lanes: Lanes,
    classifier: Box<Classifier>,
    ahead: Ahead,
    hub: &'a Hub,
    execution: &'a Mutex<Execution>,
    /// Results that are still wanted; `None` is without end.
    left: Option<u64>,
}

impl Worker<'_> {
    /// Changes come first, then the frame that was taken ahead, then whoever has one.
    fn next(&mut self, changes: &Receiver<Offer>, stop: &Receiver<()>) -> Result<Work> {
        let next = match self.lanes.urgent(changes, stop) {
            Some(urgent) => urgent,
            None => match self.ahead.finish()? {
                None => self.lanes.next(changes, stop),
                Some((ticket, desk)) => {
                    self.classifier.seat(desk);
                    // what was taken ahead must not be older than what would be taken now
                    match self.lanes.overtake(&ticket) {
                        Some(newer) => Next::Turn(newer),
                        None => return Ok(Work::Frame(ticket)),
                    }
                }
            },
        };
        Ok(match next {
            Next::Turn(turn) => Work::Frame(turn.prepare(self.classifier.desk())),
            Next::Change(offer) => Work::Change(offer),
            Next::End => Work::End,
        })
    }

    /// Has the next frame prepared meanwhile, if one waits and is wanted.
    fn look_ahead(&mut self) {
        if self.left == Some(1) {
            return;
        }
        if let Some(desk) = self.classifier.spare() {
            match self.lanes.take() {
                Some(turn) => self.ahead.begin(turn, desk),
                None => self.classifier.keep(desk),
            }
        }
    }

    /// Classifies the frame that is prepared, and publishes the result.
    fn classify(&mut self, ticket: &Ticket) -> Result<()> {
        let Some(lane) = self.lanes.finish(ticket) else { return Ok(()) };
        let classified = self.classifier.finish(&mut lane.prediction);
        observe(&self.classifier, self.execution);
        match classified {
            Err(error) if error.kind() == Kind::Passing => {
                lane.fail(&error);
                return Ok(());
            }
            classified => classified?,
        }
        lane.prediction.seq = lane.tally.results();
        lane.prediction.dropped = ticket.dropped;
        lane.show(ticket.live);
        self.hub.send(&Event::Result { prediction: &lane.prediction, live: ticket.live, missed: 0 })?;
        lane.tally.record(&lane.prediction);
        self.left = self.left.map(|left| left - 1);
        Ok(())
    }

    /// Makes a change, unless it has been withdrawn.
    fn change(&mut self, offer: Offer) -> Result<()> {
        let Some(change) = offer.take() else { return Ok(()) };
        self.clear(|ticket| change.remove.contains(&ticket.stream))?;
        self.lanes.remove(&change.remove);
        let replaced = change.classifier.map(|new| std::mem::replace(&mut self.classifier, new));
        if replaced.is_some() {
            self.lanes.renew(&self.classifier);
        }
        for lane in change.add {
            self.lanes.add(lane, &self.classifier);
        }
        if let Some(hello) = &change.hello {
            self.hub.send(&Event::Hello(hello))?;
        }
        offer.done(replaced);
        Ok(())
    }

    /// No frame stays taken ahead: it is classified now, or dropped where it is one of the `unwanted`.
    fn clear(&mut self, unwanted: impl Fn(&Ticket) -> bool) -> Result<()> {
        let Some((ticket, desk)) = self.ahead.finish()? else { return Ok(()) };
        self.classifier.seat(desk);
        if unwanted(&ticket) {
            self.lanes.lose(&ticket);
            return Ok(());
        }
        self.classify(&ticket)
    }
}

/// Tells what runs the model, if it has changed.
fn observe(classifier: &Classifier, execution: &Mutex<Execution>) {
    let mut known = execution.lock().unwrap_or_else(PoisonError::into_inner);
    if *known != *classifier.execution() {
        *known = classifier.execution().clone();
    }
}
