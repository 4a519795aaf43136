//! Signals. Ending: the first SIGINT or SIGTERM asks, the second one forces. A daemon also hears SIGHUP (reload) and SIGUSR1 (report).

use crate::error::{Cause, Error, Result};
use crate::system::logging;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, after, bounded, select};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Whether the program is to end; all copies speak of the same end.
#[derive(Clone)]
pub struct Stop {
    open: Arc<Mutex<Option<Sender<()>>>>,
    closed: Receiver<()>,
    opening: Arc<Mutex<Option<Receiver<()>>>>,
}

/// Work that cannot be asked to end goes on while this lives: see [`Stop::opening`].
pub struct Opening {
    stop: Stop,
    /// Dropped with it.
    _done: Sender<()>,
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.stop.set_opening(None);
    }
}

impl Default for Stop {
    fn default() -> Self {
        let (open, closed) = bounded(0);
        Self { open: Arc::new(Mutex::new(Some(open))), closed, opening: Arc::default() }
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

    /// Says that the program opens something that cannot be interrupted and may take a minute: a session, GStreamer's plugins. A signal
    /// that comes while the returned value lives does not wait for it: the program ends as it is. Where there is an NPU, the call gets
    /// [`NPU_GRACE`] to come back first, because an interrupted one costs memory of the NPU until the next boot.
    pub fn opening(&self) -> Opening {
        let (done, opened) = bounded(0);
        self.set_opening(Some(opened));
        Opening { stop: self.clone(), _done: done }
    }

    fn set_opening(&self, opening: Option<Receiver<()>>) {
        *self.opening.lock().unwrap_or_else(PoisonError::into_inner) = opening;
    }

    /// Ends the program with `status` if it is still opening something after `grace`.
    fn leave(&self, grace: Duration, status: i32) {
        let Some(opened) = self.opening.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let left = spawn("leave", move || {
            if opened.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
                logging::flush();
                signal_hook::low_level::exit(status);
            }
        });
        if left.is_err() {
            signal_hook::low_level::exit(status);
        }
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

/// The device of the NPU on Qualcomm's boards.
const NPU: &str = "/dev/fastrpc-cdsp";

/// How long a call into the NPU at start may take to come back after a signal; less than systemd's TimeoutStopSec.
pub const NPU_GRACE: Duration = Duration::from_secs(5);

/// How long a command that is no daemon may take to end after the first signal. (A daemon has its own deadline.)
const LONGEST_END: Duration = Duration::from_secs(5);

/// Requests that wait at the most; more of the same say nothing new.
const ASKED: usize = 4;

/// From now on signals are heard by one thread of their own. Call it in `main` before any other thread starts: all threads that
/// come later, GStreamer's and the engine among them, have the signals blocked, so that none interrupts a call into the NPU.
///
/// SIGUSR1, and with `reloads` SIGHUP, come out of the receiver where it is a `daemon`; in other commands they do what they always do.
pub fn on_signals(daemon: bool, reloads: bool) -> Result<(Stop, Receiver<Ask>)> {
    let cannot = |e: Cause| Error::failed("cannot listen to signals").because(e);
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
    mask.thread_block().map_err(|e| cannot(e.into()))?;
    let mut signals = Signals::new(heard).map_err(|e| cannot(e.into()))?;
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
                // the second one: at once, without waiting for anything (`_exit`: no exit handler of a library runs)
                _ if asked.requested() => signal_hook::low_level::exit(128 + signal),
                _ => {
                    // first of all: whatever else there is to do may wait for somebody
                    asked.request();
                    tracing::info!("ending; once more ends at once");
                    let grace = if Path::new(NPU).exists() { NPU_GRACE } else { Duration::ZERO };
                    // a daemon that is asked to end ends well; another command did not do what it was started for
                    asked.leave(grace, if daemon { 0 } else { 128 + signal });
                    if !daemon {
                        end_within(LONGEST_END, 128 + signal);
                    }
                }
            }
        }
    })?;
    Ok((stop, asks))
}

/// Ends the program with `status` once `limit` has passed, whatever it does: it may be waiting for somebody to read its output.
fn end_within(limit: Duration, status: i32) {
    let ending = spawn("end", move || {
        thread::sleep(limit);
        logging::flush();
        signal_hook::low_level::exit(status);
    });
    if ending.is_err() {
        signal_hook::low_level::exit(status);
    }
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
