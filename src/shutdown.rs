//! Signals. Ending: the first SIGINT or SIGTERM asks, the second one forces. A daemon also hears SIGHUP (reload) and SIGUSR1 (report).

use crate::error::{Error, Result};
use crossbeam_channel::{Receiver, Sender, after, bounded, select};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Whether the program is to end; all copies speak of the same end.
#[derive(Clone)]
pub struct Stop {
    open: Arc<Mutex<Option<Sender<()>>>>,
    closed: Receiver<()>,
}

impl Default for Stop {
    fn default() -> Self {
        let (open, closed) = bounded(0);
        Self { open: Arc::new(Mutex::new(Some(open))), closed }
    }
}

impl Stop {
    /// Asks the program to end.
    pub fn request(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether it was asked to.
    pub fn requested(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Disconnected from the moment of the request on; nothing is ever sent.
    pub fn receiver(&self) -> &Receiver<()> {
        &self.closed
    }

    /// Asks the program to end once `time` has passed.
    pub fn request_after(&self, time: Duration) -> Result<()> {
        let stop = self.clone();
        spawn("timer", move || {
            select! {
                recv(stop.receiver()) -> _ => {}
                recv(after(time)) -> _ => stop.request(),
            }
        })
    }
}

/// What else a daemon may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Read the settings anew (SIGHUP).
    Reload,
    /// Tell the statistics (SIGUSR1).
    Report,
}

/// Requests that wait at the most; more of the same say nothing new.
const ASKED: usize = 4;

/// From now on signals are heard by one thread of their own. Call it in `main` before any other thread starts: all threads that
/// come later, GStreamer's and the worker among them, have the signals blocked, so that none interrupts a call into the NPU.
///
/// SIGUSR1, and with `reloads` SIGHUP, come out of the receiver where it is a `daemon`; in other commands they do what they always do.
pub fn on_signals(daemon: bool, reloads: bool) -> Result<(Stop, Receiver<Ask>)> {
    let cannot = |e: &dyn std::fmt::Display| Error::failed("cannot listen to signals").because(e);
    let mut heard = vec![SIGINT, SIGTERM];
    let mut mask: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    if daemon {
        heard.push(SIGUSR1);
        mask.add(Signal::SIGUSR1);
    }
    if daemon && reloads {
        heard.push(SIGHUP);
        mask.add(Signal::SIGHUP);
    }
    mask.thread_block().map_err(|e| cannot(&e))?;
    let mut signals = Signals::new(heard).map_err(|e| cannot(&e))?;
    let stop = Stop::default();
    let (ask, asks) = bounded(ASKED);
    let asked = stop.clone();
    spawn("signals", move || {
        if let Err(e) = mask.thread_unblock() {
            tracing::error!("signals are not heard: {e}");
        }
        for signal in signals.forever() {
            match signal {
                // one that waits already will be answered as well
                SIGHUP => drop(ask.try_send(Ask::Reload)),
                SIGUSR1 => drop(ask.try_send(Ask::Report)),
                // the second one: at once, without waiting for anything
                _ if asked.requested() => signal_hook::low_level::exit(128 + signal),
                _ => {
                    tracing::info!("ending; once more ends at once");
                    asked.request();
                }
            }
        }
    })?;
    Ok((stop, asks))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = thread::Builder::new().name(name.into()).spawn(work);
    started.map(drop).map_err(|e| Error::failed(format!("cannot start the thread '{name}'")).because(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_wakes_every_copy() {
        let stop = Stop::default();
        let copy = stop.clone();
        let waiting = thread::spawn(move || copy.receiver().recv().is_err() && copy.requested());
        assert!(!stop.requested());
        stop.request();
        stop.request();
        assert!(waiting.join().unwrap());
    }
}
