//! Changes to engines that can be withdrawn until they are taken.
//!
//! A reload must never report one thing and do another. So a change is offered to all engines concerned, and either all of them accept it
//! or none: an engine that reaches its offer, between two frames, waits until the others have reached theirs. Until then the change can
//! be withdrawn, and nothing has changed. Once it is accepted, each engine applies its part, and none continues before all have applied
//! theirs and the publishers have received their `hello`. An engine that must end does not wait for the others.

use super::classifier::Classifier;
use super::stream::{Stream, StreamId};
use crate::error::Result;
use crate::message::Hello;
use crossbeam_channel::{Receiver, Sender, bounded, select};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The changes of one engine, all applied between two frames.
#[derive(Default)]
pub struct Change {
    /// The new model, from the next frame on.
    pub classifier: Option<Box<Classifier>>,
    /// Streams to remove. Their queued frames are dropped and counted.
    pub remove: Vec<StreamId>,
    /// Streams to add. A stream is removed automatically when its frames end.
    pub add: Vec<Stream>,
}

impl Change {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.classifier.is_none() && self.remove.is_empty() && self.add.is_empty()
    }
}

/// A change, as one engine receives it.
pub struct Offer(Part);

/// A change that all engines have taken; this one is to make its part.
pub struct Taken(Part);

/// The offering side of a change.
pub struct Pending {
    shared: Arc<Shared>,
    answer: Receiver<Replaced>,
}

/// The classifiers that were replaced.
pub type Replaced = Vec<Box<Classifier>>;

struct Part {
    shared: Arc<Shared>,
    index: usize,
    answer: Sender<Replaced>,
}

struct Shared {
    state: Mutex<State>,
    /// Disconnected once the change is accepted or withdrawn.
    decided: Receiver<()>,
    /// Disconnected once all engines have applied their part.
    finished: Receiver<()>,
}

struct State {
    changes: Vec<Option<Change>>,
    hello: Option<Hello>,
    /// The number of engines that have not reached their offer.
    missing: usize,
    /// The number of engines that have not applied their part.
    unfinished: usize,
    taken: bool,
    replaced: Replaced,
    undecided: Option<Sender<()>>,
    unannounced: Option<Sender<()>>,
}

/// Offers each engine its change, in the same order; publishers are sent `hello` once all have applied theirs.
pub fn offer(changes: Vec<Change>, hello: Option<Hello>) -> (Vec<Offer>, Pending) {
    let ((undecided, decided), (unannounced, finished), (answer, answered)) = (bounded(0), bounded(0), bounded(1));
    let count = changes.len();
    let state = State {
        changes: changes.into_iter().map(Some).collect(),
        hello,
        missing: count,
        unfinished: count,
        taken: false,
        replaced: Vec::new(),
        undecided: Some(undecided),
        unannounced: Some(unannounced),
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), decided, finished });
    let part = |index| Offer(Part { shared: shared.clone(), index, answer: answer.clone() });
    ((0..count).map(part).collect(), Pending { shared: shared.clone(), answer: answered })
}

impl Offer {
    /// Accepts the change once all engines have reached their offer, unless it is withdrawn or `stop` is closed first.
    pub fn take(self, stop: &Receiver<()>) -> Option<(Change, Taken)> {
        let Self(part) = self;
        let mut state = part.shared.lock();
        state.missing -= 1;
        if state.missing == 0 {
            state.decide(true);
        }
        drop(state);
        wait(&part.shared.decided, stop);
        let mut state = part.shared.lock();
        // undecided only after a stop
        state.decide(false);
        let change = if state.taken { state.changes[part.index].take() } else { None };
        drop(state);
        change.map(|change| (change, Taken(part)))
    }
}

impl Taken {
    /// This engine has applied its part, which may have replaced a classifier. The last one calls `announce`; the others wait for that,
    /// unless `stop` is closed. Replaced classifiers are returned, since closing a session may take a while.
    pub fn done(
        self,
        replaced: Option<Box<Classifier>>,
        stop: &Receiver<()>,
        announce: impl FnOnce(&Hello) -> Result<()>,
    ) -> Result<()> {
        let Self(part) = self;
        let mut state = part.shared.lock();
        state.replaced.extend(replaced);
        state.unfinished -= 1;
        if state.unfinished > 0 {
            drop(state);
            wait(&part.shared.finished, stop);
            return Ok(());
        }
        let (hello, replaced) = (state.hello.take(), std::mem::take(&mut state.replaced));
        drop(state);
        let announced = hello.map_or(Ok(()), |hello| announce(&hello));
        // if nobody waits for the answer, the classifiers end here
        let _ = part.answer.send(replaced);
        announced
    }
}

impl Pending {
    /// Receives the replaced classifiers once the change is applied. Disconnected if an engine has ended instead.
    pub fn answer(&self) -> &Receiver<Replaced> {
        &self.answer
    }

    /// Withdraws the change. `None`: all engines have already accepted it, and it is applied or being applied.
    pub fn withdraw(&self) -> Option<Vec<Change>> {
        let mut state = self.shared.lock();
        state.decide(false);
        (!state.taken).then(|| state.changes.iter_mut().filter_map(Option::take).collect())
    }
}

impl Drop for Part {
    /// An engine that ends without applying its part does not block the others.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.decide(false);
        state.unannounced = None;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Accepts or withdraws the change, if it is undecided.
    fn decide(&mut self, take: bool) {
        if self.undecided.take().is_some() {
            self.taken = take;
        }
    }
}

fn wait(gate: &Receiver<()>, stop: &Receiver<()>) {
    select! {
        recv(gate) -> _ => {}
        recv(stop) -> _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    fn empty(count: usize) -> Vec<Change> {
        std::iter::repeat_with(Change::default).take(count).collect()
    }

    #[test]
    fn a_change_is_either_accepted_or_withdrawn() {
        let (_open, stop) = bounded(0);
        let (mut offers, pending) = offer(empty(1), None);
        assert!(pending.withdraw().is_some());
        assert!(offers.remove(0).take(&stop).is_none(), "nothing is left for the engine");

        let (mut offers, pending) = offer(empty(1), None);
        let (_, taken) = offers.remove(0).take(&stop).unwrap();
        assert!(pending.withdraw().is_none(), "it is too late to withdraw");
        taken.done(None, &stop, |_| Ok(())).unwrap();
        assert!(pending.answer().recv().unwrap().is_empty());
    }

    /// Takes part in a change on its own thread; reports whether it was accepted.
    fn engine(offer: Offer, stop: &Receiver<()>) -> Receiver<bool> {
        let (say, made) = bounded(1);
        let stop = stop.clone();
        thread::spawn(move || {
            let taken = offer.take(&stop);
            let is_taken = taken.is_some();
            taken.into_iter().for_each(|(_, taken)| taken.done(None, &stop, |_| Ok(())).unwrap());
            say.send(is_taken).unwrap();
        });
        made
    }

    #[test]
    fn all_engines_accept_a_change_or_none() {
        let (_open, stop) = bounded(0);
        let (mut offers, pending) = offer(empty(2), None);
        let (second, first) = (offers.pop().unwrap(), engine(offers.pop().unwrap(), &stop));
        assert!(first.recv_timeout(SOON).is_err(), "it waits for the second");
        let second = engine(second, &stop);
        assert_eq!((first.recv_timeout(LONG), second.recv_timeout(LONG)), (Ok(true), Ok(true)));
        assert!(pending.answer().recv_timeout(LONG).unwrap().is_empty());

        let (mut offers, pending) = offer(empty(2), None);
        let (hanging, first) = (offers.pop().unwrap(), engine(offers.pop().unwrap(), &stop));
        assert!(first.recv_timeout(SOON).is_err());
        assert_eq!(pending.withdraw().map(|changes| changes.len()), Some(2));
        assert_eq!(first.recv_timeout(LONG), Ok(false));
        assert!(hanging.take(&stop).is_none(), "it is too late");
    }

    #[test]
    fn an_engine_that_ends_does_not_block_the_others() {
        let (open, stop) = bounded(0);
        let (mut offers, pending) = offer(empty(2), None);
        drop(offers.pop());
        assert_eq!(engine(offers.pop().unwrap(), &stop).recv_timeout(LONG), Ok(false));
        assert!(pending.answer().recv_timeout(LONG).is_err());

        let (mut offers, pending) = offer(empty(2), None);
        let (_hanging, first) = (offers.pop().unwrap(), engine(offers.pop().unwrap(), &stop));
        drop(open);
        assert_eq!(first.recv_timeout(LONG), Ok(false), "its end is requested while it waits");
        assert!(pending.withdraw().is_some());
    }
}
