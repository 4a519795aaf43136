//! Terminates an inference that takes too long. If it does not react (a hung driver), that is logged, and the service's watchdog acts.

use crate::threads::{self, Watched};
use ort::session::{NoSelectedOutputs, RunOptions};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Enforces the time limit of one session's runs.
pub struct Deadline {
    limit: Duration,
    shared: Arc<Shared>,
    thread: Watched<()>,
}

struct Shared {
    options: RunOptions<NoSelectedOutputs>,
    run: Mutex<Run>,
    /// Wakes the watcher while it waits for a run; deadlines need no wake-up.
    begun: Condvar,
}

#[derive(Default)]
struct Run {
    /// The deadline of the current run; `None` between runs.
    due: Option<Instant>,
    /// The run was terminated.
    over: bool,
    /// The watcher must be woken when a run begins.
    wake: bool,
    /// The session was dropped.
    closed: bool,
}

impl Deadline {
    /// Limits each run to `limit`.
    pub fn new(limit: Duration) -> Result<Self, String> {
        let options = RunOptions::new().map_err(|e| e.to_string())?;
        let shared = Arc::new(Shared { options, run: Mutex::default(), begun: Condvar::new() });
        let watched = shared.clone();
        let thread = threads::spawn("deadline", move || watched.watch(limit)).map_err(|e| e.to_string())?;
        Ok(Self { limit, shared, thread })
    }

    /// The options to pass to the run.
    pub fn options(&self) -> &RunOptions<NoSelectedOutputs> {
        &self.shared.options
    }

    /// Call it when a run begins.
    pub fn begin(&self) {
        let mut run = self.shared.run();
        (run.due, run.over) = (Instant::now().checked_add(self.limit), false);
        // a watcher that still waits for an earlier deadline then finds this one: most runs need no wake-up
        if run.wake {
            self.shared.begun.notify_one();
        }
    }

    /// Call it when a run has ended; an error if it was terminated, or if the watcher's thread has ended.
    pub fn end(&self) -> Result<(), String> {
        if self.thread.outcome().is_some() {
            return Err("the thread 'deadline', which enforces its time limit, has ended".into());
        }
        let mut run = self.shared.run();
        run.due = None;
        if run.over {
            self.shared.options.unterminate().map_err(|e| e.to_string())?;
            return Err(format!("it took longer than {:.1?}", self.limit));
        }
        Ok(())
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.shared.run().closed = true;
        self.shared.begun.notify_one();
    }
}

impl Shared {
    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The body of the watcher's thread.
    fn watch(&self, limit: Duration) {
        let mut run = self.run();
        while !run.closed {
            let now = Instant::now();
            run = match run.due {
                None => self.wait_for_the_next(run, None),
                Some(due) if now < due => self.wait(run, due - now),
                Some(_) if !run.over => {
                    // under the lock: this terminates the current run, never the next one
                    run.over = self.options.terminate().is_ok();
                    self.wait_for_the_next(run, Some(limit.max(Duration::from_secs(1))))
                }
                Some(_) => {
                    tracing::error!("an inference does not end: it was terminated after {limit:.1?}");
                    // if it ends later, the session can still be used
                    self.wait_for_the_next(run, None)
                }
            }
        }
    }

    fn wait<'a>(&self, run: MutexGuard<'a, Run>, time: Duration) -> MutexGuard<'a, Run> {
        self.begun.wait_timeout(run, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits for a run to begin, for at most `at_most`.
    fn wait_for_the_next<'a>(&self, mut run: MutexGuard<'a, Run>, at_most: Option<Duration>) -> MutexGuard<'a, Run> {
        run.wake = true;
        run = match at_most {
            Some(time) => self.wait(run, time),
            None => self.begun.wait(run).unwrap_or_else(PoisonError::into_inner),
        };
        run.wake = false;
        run
    }
}
