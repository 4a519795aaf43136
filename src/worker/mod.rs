//! The loop: take a frame, preprocess, infer, rank, publish, count. The daemon in one screen.

mod classifier;
mod lanes;

pub use classifier::Classifier;
pub use lanes::Lane;

use crate::error::{Kind, Result};
use crate::publish::Publishers;
use crate::runtime::Execution;
use crate::tally::Tally;
use crossbeam_channel::{Receiver, Sender};
use lanes::{Lanes, Next};
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
    mut classifier: Box<Classifier>,
    publishers: &mut Publishers,
    orders: &Receiver<Order>,
    stop: &Receiver<()>,
    limit: Option<u64>,
    execution: &Mutex<Execution>,
) -> Result<()> {
    let mut lanes = Lanes::new(lanes, &classifier);
    let mut results = 0;
    while limit.is_none_or(|limit| results < limit) {
        match lanes.next(orders, stop) {
            Next::Frame(lane, taken) => {
                let classified = classifier.classify(&taken.frame, &mut lane.prediction);
                drop(taken.frame);
                observe(&classifier, execution);
                match classified {
                    Err(error) if error.kind() == Kind::Passing => {
                        lane.tally.failed();
                        tracing::debug!("{}: no result of this frame: {error}", lane.tally.name());
                        continue;
                    }
                    classified => classified?,
                }
                lane.prediction.seq = lane.tally.results();
                lane.prediction.dropped = taken.dropped;
                lane.show();
                publishers.publish(&lane.prediction)?;
                lane.tally.record(&lane.prediction);
                results += 1;
            }
            Next::Order(Order::Lane(lane)) => lanes.add(lane, &classifier),
            Next::Order(Order::Without(tallies, done)) => {
                lanes.forget(&tallies);
                drop(done);
            }
            Next::Order(Order::Classifier(new, back)) => {
                let old = std::mem::replace(&mut classifier, new);
                lanes.renew(&classifier);
                // whoever asked may have given up: then it ends here
                let _ = back.send(old);
            }
            Next::End => break,
        }
    }
    Ok(())
}

/// Tells what runs the model, if it has changed.
fn observe(classifier: &Classifier, execution: &Mutex<Execution>) {
    let mut known = execution.lock().unwrap_or_else(PoisonError::into_inner);
    if *known != *classifier.execution() {
        *known = classifier.execution().clone();
    }
}
