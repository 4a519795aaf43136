//! State shared by GStreamer's threads, which see a pipeline's frames, and the capture thread, which watches the pipeline.

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

/// A frame that gives no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It repeats the last picture (GAP), or is to be decoded and not shown.
    Repeated,
    /// Its decoder says that it is corrupted.
    Corrupted,
    /// It is not what its caps promise.
    Damaged(String),
}

/// Shared by all who see frames of one pipeline: the appsink, and probes in front of it.
pub struct Watch {
    state: Mutex<State>,
    bell: Sender<()>,
    rung: Receiver<()>,
}

struct State {
    signs: Signs,
    /// Where unusable frames are counted.
    counts: Arc<Unusable>,
    /// Damaged frames that were not reported yet, and what was wrong with the latest one.
    damaged: u64,
    why: String,
    disbelief: Option<Disbelief>,
}

impl Watch {
    /// For a pipeline that does not run yet.
    pub fn new() -> Arc<Self> {
        let (bell, rung) = bounded(1);
        let state =
            State { signs: Signs::new(Instant::now()), counts: Arc::default(), damaged: 0, why: String::new(), disbelief: None };
        Arc::new(Self { state: Mutex::new(state), bell, rung })
    }

    /// Counts unusable frames in `counts`.
    pub fn count_in(&self, counts: Arc<Unusable>) {
        self.state().counts = counts;
    }

    /// The pipeline begins to play.
    pub fn begin(&self) {
        self.state().signs = Signs::new(Instant::now());
    }

    /// A frame that gives a result.
    pub fn take(&self) {
        let mut state = self.state();
        let first = !state.signs.is_flowing();
        state.signs.see(Seen::Usable, Instant::now());
        if first {
            self.ring();
        }
    }

    /// A frame that gives none.
    pub fn refuse(&self, refused: Refused) {
        let (mut state, now) = (self.state(), Instant::now());
        let why = match refused {
            Refused::Repeated => {
                state.counts.skipped.fetch_add(1, Ordering::Relaxed);
                state.signs.see(Seen::Usable, now);
                return self.ring();
            }
            Refused::Corrupted => {
                state.signs.see(Seen::Corrupted, now);
                "marked as corrupted by its decoder".to_owned()
            }
            Refused::Damaged(why) => {
                state.signs.see(Seen::Damaged, now);
                why
            }
        };
        state.counts.damaged.fetch_add(1, Ordering::Relaxed);
        state.damaged += 1;
        state.why = why;
        self.ring();
    }

    /// The stream's timestamps are ignored from now on.
    pub fn disbelieve(&self, disbelief: Disbelief) {
        self.state().disbelief = Some(disbelief);
        self.ring();
    }

    /// Wakes when there may be something new.
    pub fn rung(&self) -> &Receiver<()> {
        &self.rung
    }

    fn ring(&self) {
        // a pending wake-up is enough
        let _ = self.bell.try_send(());
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

/// The capture thread's side.
pub struct Watcher<'a> {
    watch: Arc<Watch>,
    live: bool,
    flowing: bool,
    reports: &'a mut Reports,
    changed: &'a mut dyn FnMut(Change),
}

impl<'a> Watcher<'a> {
    /// Watches a pipeline that plays.
    pub fn new(watch: Arc<Watch>, live: bool, reports: &'a mut Reports, changed: &'a mut dyn FnMut(Change)) -> Self {
        Self { watch, live, flowing: false, reports, changed }
    }

    /// Reports what is new, and returns how long to wait; an error if the source is lost.
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

    /// The stream has ended: an error where none of its frames was usable.
    pub fn end(self) -> Result<()> {
        let state = self.watch.state();
        if self.flowing || state.why.is_empty() {
            return Ok(());
        }
        Err(Error::failed("none of its frames can be used").because(state.why.clone()))
    }
}
