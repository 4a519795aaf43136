//! The loop: take a frame, preprocess, infer, rank, publish, count. The daemon in one screen.

mod ahead;
mod classifier;
mod failures;
mod lanes;

pub use classifier::Classifier;
pub use lanes::Lane;

use crate::error::{Kind, Result};
use crate::publish::Publishers;
use crate::runtime::Execution;
use crate::tally::Tally;
use ahead::Ahead;
use crossbeam_channel::{Receiver, Sender};
use lanes::{Lanes, Next, Ticket};
use std::sync::{Arc, Mutex, PoisonError};

/// What the worker may be told while it works.
pub enum Order {
    /// A camera more. One goes by itself, when its frames end.
    Lane(Lane),
    /// Cameras less, by their figures: not even a frame that waits still gives a result. Then the sender is dropped.
    Without(Vec<Arc<Tally>>, Sender<()>),
    /// Another model, from the next frame on; the old one comes back, for its end may take a while.
    Classifier(Box<Classifier>, Sender<Box<Classifier>>),
}

/// Classifies what the cameras of `lanes` bring, in turn among those that have a frame, until no more can come (all frames have
/// ended, and so have `orders`), `limit` results are out, or `stop` is closed. What runs the model is told in `execution`.
pub fn run(
    lanes: Vec<Lane>,
    classifier: Box<Classifier>,
    publishers: &mut Publishers,
    orders: &Receiver<Order>,
    stop: &Receiver<()>,
    limit: Option<u64>,
    execution: &Mutex<Execution>,
) -> Result<()> {
    let lanes = Lanes::new(lanes, &classifier);
    let mut worker = Worker { lanes, classifier, ahead: Ahead::start()?, publishers, execution, left: limit };
    while worker.left != Some(0) {
        match worker.next(orders, stop)? {
            Work::Frame(ticket) => {
                worker.look_ahead();
                worker.classify(&ticket)?;
            }
            Work::Order(order) => worker.obey(order)?,
            Work::End => break,
        }
    }
    worker.clear(|_| true)
}

/// What the worker does next.
enum Work {
    /// A frame that is prepared at the classifier's desk.
    Frame(Ticket),
    Order(Order),
    End,
}

struct Worker<'a> {
    lanes: Lanes,
    classifier: Box<Classifier>,
    ahead: Ahead,
    publishers: &'a mut Publishers,
    execution: &'a Mutex<Execution>,
    /// Results that are still wanted; `None` is without end.
    left: Option<u64>,
}

impl Worker<'_> {
    /// Orders come first, then the frame that was taken ahead, then whoever has one.
    fn next(&mut self, orders: &Receiver<Order>, stop: &Receiver<()>) -> Result<Work> {
        let next = match self.lanes.urgent(orders, stop) {
            Some(urgent) => urgent,
            None => match self.ahead.finish()? {
                None => self.lanes.next(orders, stop),
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
            Next::Order(order) => Work::Order(order),
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
        lane.show();
        self.publishers.publish(&lane.prediction)?;
        lane.tally.record(&lane.prediction);
        self.left = self.left.map(|left| left - 1);
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Lane(lane) => self.lanes.add(lane, &self.classifier),
            Order::Without(tallies, done) => {
                self.clear(|ticket| tallies.iter().any(|tally| Arc::ptr_eq(tally, &ticket.tally)))?;
                self.lanes.forget(&tallies);
                drop(done);
            }
            Order::Classifier(new, back) => {
                self.clear(|_| false)?;
                let old = std::mem::replace(&mut self.classifier, new);
                self.lanes.renew(&self.classifier);
                // whoever asked may have given up: then it ends here
                let _ = back.send(old);
            }
        }
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
