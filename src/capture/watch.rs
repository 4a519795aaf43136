//! State shared by GStreamer's threads, which see a pipeline's frames, and the capture thread, which supervises the pipeline.

use super::change::{Change, Damage};
use super::signs::{Limits, Lost, Seen, Signs};
use super::spell::{Report, Spell};
use super::timestamps::Disbelief;
use crate::error::{Error, Result};
use crate::stats::Unusable;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a frame gets no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It repeats the last picture (GAP), or is decoded only as a reference.
    Repeated,
    /// Its decoder flagged it as corrupted.
    Corrupted,
    /// It does not match its caps.
    Damaged(String),
}

/// Shared by the appsink of a pipeline and the probes in front of it.
pub struct Watch {
    state: Mutex<State>,
    wake: Sender<()>,
    woken: Receiver<()>,
}

struct State {
    signs: Signs,
    /// Where unusable frames are counted.
    counts: Arc<Unusable>,
    /// The number of damaged frames not reported yet, and what was wrong with the latest one.
    damaged: u64,
    why: String,
    disbelief: Option<Disbelief>,
}

impl Watch {
    /// For a pipeline that is not running yet.
    pub fn new() -> Arc<Self> {
        let (wake, woken) = bounded(1);
        let state =
            State { signs: Signs::new(Instant::now()), counts: Arc::default(), damaged: 0, why: String::new(), disbelief: None };
        Arc::new(Self { state: Mutex::new(state), wake, woken })
    }

    /// Counts unusable frames in `counts`.
    pub fn count_in(&self, counts: Arc<Unusable>) {
        self.state().counts = counts;
    }

    /// Called when the pipeline starts.
    pub fn begin(&self) {
        self.state().signs = Signs::new(Instant::now());
    }

    /// Records a usable frame.
    pub fn take(&self) {
        let mut state = self.state();
        let first = !state.signs.is_flowing();
        state.signs.see(Seen::Usable, Instant::now());
        if first {
            self.wake();
        }
    }

    /// Records a usable frame beyond `max_rate`.
    pub fn skip(&self) {
        let mut state = self.state();
        state.counts.skipped.fetch_add(1, Ordering::Relaxed);
        state.signs.see(Seen::Usable, Instant::now());
    }

    /// Records a frame that gets no result.
    pub fn refuse(&self, refused: Refused) {
        let (mut state, now) = (self.state(), Instant::now());
        let why = match refused {
            Refused::Repeated => {
                state.counts.skipped.fetch_add(1, Ordering::Relaxed);
                state.signs.see(Seen::Usable, now);
                return self.wake();
            }
            Refused::Corrupted => {
                state.signs.see(Seen::Corrupted, now);
                "flagged as corrupted by its decoder".to_owned()
            }
            Refused::Damaged(why) => {
                state.signs.see(Seen::Damaged, now);
                why
            }
        };
        state.counts.damaged.fetch_add(1, Ordering::Relaxed);
        state.damaged += 1;
        state.why = why;
        self.wake();
    }

    /// Records that the stream's timestamps are ignored from now on.
    pub fn disbelieve(&self, disbelief: Disbelief) {
        self.state().disbelief = Some(disbelief);
        self.wake();
    }

    /// Receives a message when there may be something new.
    pub fn woken(&self) -> &Receiver<()> {
        &self.woken
    }

    fn wake(&self) {
        // a pending wake-up is enough
        let _ = self.wake.try_send(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports of a camera that are limited to one a minute, across rebuilds of its pipeline.
#[derive(Default)]
pub struct Reports {
    damage: Spell,
    time: Spell,
}

/// The capture thread's side of a [`Watch`].
pub struct Watcher<'a> {
    watch: Arc<Watch>,
    live: bool,
    flowing: bool,
    reports: &'a mut Reports,
    changed: &'a mut dyn FnMut(Change),
}

impl<'a> Watcher<'a> {
    /// For a running pipeline.
    pub fn new(watch: Arc<Watch>, live: bool, reports: &'a mut Reports, changed: &'a mut dyn FnMut(Change)) -> Self {
        Self { watch, live, flowing: false, reports, changed }
    }

    /// Reports changes, and returns how long to wait; an error if the source is lost.
    pub fn look(&mut self, limits: &Limits, now: Instant) -> Result<Option<Duration>> {
        let (signs, damaged, why, disbelief) = {
            let mut state = self.watch.state();
            let damaged = std::mem::take(&mut state.damaged);
            (state.signs, damaged, state.why.clone(), state.disbelief.take())
        };
        if signs.is_flowing() && !std::mem::replace(&mut self.flowing, true) {
            (self.changed)(Change::Flows { live: self.live });
        }
        let Reports { damage, time } = &mut *self.reports;
        damage.count(damaged);
        if let Some(report) = damage.report(now) {
            let Report { times: frames, goes_on } = report;
            (self.changed)(Change::Damaged(Damage { frames, goes_on, why: why.clone() }));
        }
        time.count(disbelief.is_some().into());
        if let (Some(_), Some(disbelief)) = (time.report(now), disbelief) {
            (self.changed)(Change::Untimed { why: disbelief });
        }
        let next = damage.next(now);
        match signs.check(limits, now) {
            Ok(wait) if self.live => Ok(Some(next.map_or(wait, |next| next.min(wait)))),
            // a film has no time limits; but one that never delivers a usable frame ends
            Err(lost) if self.live || matches!(lost, Lost::Row(_)) && !signs.is_flowing() => {
                let error = Error::failed(lost.to_string()).hint(lost.hint());
                Err(if matches!(lost, Lost::Row(_) | Lost::Damaged(_)) { error.because(why) } else { error })
            }
            _ => Ok(next),
        }
    }

    /// Called at the end of the stream: an error if none of its frames was usable.
    pub fn end(self) -> Result<()> {
        let state = self.watch.state();
        if self.flowing || state.why.is_empty() {
            return Ok(());
        }
        Err(Error::failed("none of its frames is usable").because(state.why.clone()))
    }
}
