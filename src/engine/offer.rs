//! Changes to the engine that can be withdrawn until it has taken them.
//!
//! A reload must never report one thing and do another. So a change lies in a shared slot: either the engine takes it out, between two
//! frames, and answers; or whoever offered it takes it back, and then nothing of it has happened.

use super::classifier::Classifier;
use super::stream::{Stream, StreamId};
use crate::message::Hello;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::{Arc, Mutex, PoisonError};

/// What is to change; all of it, between two frames.
#[derive(Default)]
pub struct Change {
    /// Another model, from the next frame on.
    pub classifier: Option<Box<Classifier>>,
    /// Streams to remove. Frames of theirs that are still queued are dropped and counted.
    pub remove: Vec<StreamId>,
    /// Streams to add. One is removed by itself when its frames end.
    pub add: Vec<Stream>,
    /// What publishers are told once the change has been made.
    pub hello: Option<Hello>,
}

/// A change, as the engine receives it.
pub struct Offer {
    slot: Arc<Mutex<Option<Change>>>,
    answer: Sender<Option<Box<Classifier>>>,
}

/// A change, as the one who offered it sees it.
pub struct Pending {
    slot: Arc<Mutex<Option<Change>>>,
    answer: Receiver<Option<Box<Classifier>>>,
}

/// Offers `change`.
pub fn offer(change: Change) -> (Offer, Pending) {
    let slot = Arc::new(Mutex::new(Some(change)));
    let (answer, answered) = bounded(1);
    (Offer { slot: slot.clone(), answer }, Pending { slot, answer: answered })
}

impl Offer {
    /// Takes the change, unless it has been withdrawn.
    pub fn take(&self) -> Option<Change> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The change has been made; a replaced classifier goes back, since ending its session may take a while.
    pub fn done(self, replaced: Option<Box<Classifier>>) {
        // if nobody waits for the answer, the classifier ends here
        let _ = self.answer.send(replaced);
    }
}

impl Pending {
    /// Receives the replaced classifier, if there is one, once the change has been made. Disconnected if the engine has ended.
    pub fn answer(&self) -> &Receiver<Option<Box<Classifier>>> {
        &self.answer
    }

    /// Takes the change back. `None`: the engine has taken it already, and the change is made or being made.
    pub fn withdraw(&self) -> Option<Change> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_either_taken_or_withdrawn() {
        let (taken, pending) = offer(Change::default());
        assert!(pending.withdraw().is_some());
        assert!(taken.take().is_none(), "nothing is left for the engine");

        let (taken, pending) = offer(Change::default());
        assert!(taken.take().is_some());
        assert!(pending.withdraw().is_none(), "it is too late to withdraw");
        taken.done(None);
        assert!(pending.answer().recv().unwrap().is_none());
    }
}
