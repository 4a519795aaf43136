//! A publisher on its own thread, behind a bounded queue of results.
//!
//! When the queue is full, the oldest result is dropped and counted; the count is passed with the next result (`missed`). A result of a
//! source that is not live waits for room instead.

use super::events::{Event, Publisher};
use crate::error::{Error, Result};
use crate::prediction::Prediction;
use crate::threads::{self, Watched};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The maximum number of results in the queue.
pub const CAPACITY: usize = 64;
/// How long writing the queued results may take on shutdown.
const END: Duration = Duration::from_secs(1);
/// The minimum interval between log messages about losses.
const REPORT: Duration = Duration::from_secs(60);

/// The queue, and the thread that empties it.
pub struct Queue {
    name: &'static str,
    shared: Arc<Shared>,
    thread: Watched<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Signalled when something is queued, or nothing more will be.
    filled: Condvar,
    /// Signalled when there is room, the publisher has finished, or waiting ends.
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    results: VecDeque<Prediction>,
    /// Results that were published, for reuse of their memory.
    spare: Vec<Prediction>,
    /// The number of results dropped since the last published one.
    missed: u64,
    /// The number of results dropped since the last log message, and its time.
    unreported: u64,
    reported: Option<Instant>,
    /// No more results will be queued.
    closed: bool,
    /// Senders no longer wait for room.
    no_waiting: bool,
    /// The outcome of the publisher.
    finished: Option<Result<()>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Starts the thread of `publisher`.
    pub fn start(publisher: Box<dyn Publisher>) -> Result<Self> {
        let (name, shared) = (publisher.name(), Arc::<Shared>::default());
        let own = shared.clone();
        let thread = threads::spawn("publish", move || {
            let mut finished = Finished(&own, None);
            finished.1 = Some(run(publisher, &own));
        })?;
        Ok(Self { name, shared, thread })
    }

    /// Queues a result; other events are ignored. An error if the publisher has failed.
    pub fn push(&self, event: &Event) -> Result<()> {
        let Event::Result { prediction, .. } = *event else { return Ok(()) };
        let mut state = self.shared.lock();
        while !prediction.info.live && state.results.len() >= CAPACITY && !state.no_waiting && state.finished.is_none() {
            state = self.shared.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(finished) = &state.finished {
            return finished.clone();
        }
        if state.results.len() >= CAPACITY {
            state.drop_oldest();
        }
        let slot = match state.spare.pop() {
            Some(mut slot) => {
                slot.copy_from(prediction);
                slot
            }
            None => prediction.clone(),
        };
        state.results.push_back(slot);
        let losses = state.losses_to_report(Instant::now());
        drop(state);
        self.shared.filled.notify_one();
        if let Some(losses) = losses {
            self.report(losses);
        }
        Ok(())
    }

    /// From now on senders do not wait for room in the queue.
    pub fn stop_waiting(&self) {
        self.shared.lock().no_waiting = true;
        self.shared.emptied.notify_all();
    }

    /// Waits until everything queued is published, or for at most [`END`] if senders no longer wait. Returns the outcome of the
    /// publisher.
    pub fn end(&self) -> Result<()> {
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.filled.notify_one();
        while state.finished.is_none() && !state.no_waiting {
            state = self.shared.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let deadline = Instant::now() + END;
        while state.finished.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // the publisher has one more
                let losses = state.unreported + state.results.len() as u64 + 1;
                drop(state);
                self.report(losses);
                return Ok(());
            }
            state = self.shared.emptied.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let (finished, losses) = (state.finished.clone(), std::mem::take(&mut state.unreported));
        drop(state);
        if losses > 0 {
            self.report(losses);
        }
        finished.unwrap_or(Ok(()))
    }

    /// The panic of the publisher, if it ended by one.
    pub fn fault(&self) -> Option<Error> {
        self.thread.outcome()?.as_ref().err().cloned()
    }

    fn report(&self, losses: u64) {
        let results = if losses == 1 { "1 result was".to_owned() } else { format!("{losses} results were") };
        tracing::warn!("{} is not read fast enough: {results} dropped", self.name);
    }
}

impl State {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.results.pop_front() {
            self.spare.push(oldest);
            self.missed += 1;
            self.unreported += 1;
        }
    }

    /// The losses to log now.
    fn losses_to_report(&mut self, now: Instant) -> Option<u64> {
        let due = self.reported.is_none_or(|at| now.saturating_duration_since(at) >= REPORT);
        if self.unreported == 0 || !due {
            return None;
        }
        self.reported = Some(now);
        Some(std::mem::take(&mut self.unreported))
    }
}

/// Publishes queued results until there will be no more.
fn run(mut publisher: Box<dyn Publisher>, shared: &Shared) -> Result<()> {
    loop {
        let mut state = shared.lock();
        while state.results.is_empty() && !state.closed {
            state = shared.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(prediction) = state.results.pop_front() else { break };
        let missed = std::mem::take(&mut state.missed);
        drop(state);
        shared.emptied.notify_all();
        publisher.handle(&Event::Result { prediction: &prediction, missed })?;
        shared.lock().spare.push(prediction);
    }
    publisher.handle(&Event::End)
}

/// Stores the outcome of the publisher, also after a panic.
struct Finished<'a>(&'a Shared, Option<Result<()>>);

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        let outcome = self.1.take().unwrap_or_else(|| Err(Error::failed("the publisher panicked")));
        self.0.lock().finished = Some(outcome);
        self.0.emptied.notify_all();
    }
}

#[cfg(test)]
mod tests;
