//! Signals. The first SIGINT or SIGTERM requests shutdown, the second one forces it. A daemon also handles SIGHUP (reload) and SIGUSR1
//! (report).

use crate::error::{Cause, Error, Result};
use crate::system::logging;
use crate::terminal::window;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, after, bounded, select};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The shutdown request; all clones share it.
#[derive(Clone)]
pub struct Stop {
    open: Arc<Mutex<Option<Sender<()>>>>,
    closed: Receiver<()>,
    opening: Arc<Mutex<Option<Receiver<()>>>>,
}

/// Exists while work that cannot be interrupted is in progress: see [`Stop::opening`].
pub struct Opening {
    stop: Stop,
    /// Its drop signals the end of the work.
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
    /// Requests shutdown.
    pub fn request(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether shutdown was requested.
    pub fn requested(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Disconnected once shutdown is requested; nothing is ever sent.
    pub fn receiver(&self) -> &Receiver<()> {
        &self.closed
    }

    /// Marks work that cannot be interrupted and may take a minute: opening a session, loading GStreamer's plugins. A signal during the
    /// lifetime of the returned value does not wait for it: the process exits. If there is an NPU, the call first gets [`NPU_GRACE`] to
    /// return, because an interrupted one leaks memory of the NPU until the next boot.
    pub fn opening(&self) -> Opening {
        let (done, opened) = bounded(0);
        self.set_opening(Some(opened));
        Opening { stop: self.clone(), _done: done }
    }

    fn set_opening(&self, opening: Option<Receiver<()>>) {
        *self.opening.lock().unwrap_or_else(PoisonError::into_inner) = opening;
    }

    /// Exits with `status` if the program is still opening something after `grace`.
    fn leave(&self, grace: Duration, status: i32) {
        let Some(opened) = self.opening.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let left = spawn("leave", move || {
            if opened.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
                exit(status);
            }
        });
        if left.is_err() {
            exit(status);
        }
    }

    /// Requests shutdown after `time`.
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

/// Other requests to a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Reload the configuration (SIGHUP).
    Reload,
    /// Report the statistics (SIGUSR1).
    Report,
}

/// The NPU's device on Qualcomm boards.
const NPU: &str = "/dev/fastrpc-cdsp";

/// How long a call into the NPU during startup may take to return after a signal; less than systemd's TimeoutStopSec.
pub const NPU_GRACE: Duration = Duration::from_secs(5);

/// How long a command other than the daemon may take to end after the first signal. (The daemon has its own deadline.)
const LONGEST_END: Duration = Duration::from_secs(5);

/// The maximum number of waiting requests; further ones add nothing.
const ASKED: usize = 4;

/// Starts the thread that handles signals. Call it in `main` before any other thread starts: all later threads, including GStreamer's
/// and the engine's, inherit the blocked signals, so that none interrupts a call into the NPU.
///
/// For a `daemon`, the receiver delivers SIGUSR1, and with `reloads` SIGHUP; in other commands these keep their default action.
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
            tracing::error!("cannot unblock signals: {e}");
        }
        for signal in signals.forever() {
            match signal {
                // a request that is already waiting is enough
                SIGHUP => drop(ask.try_send(Ask::Reload)),
                SIGUSR1 => drop(ask.try_send(Ask::Report)),
                // the second signal: exit at once (`_exit`: no exit handler of a library runs)
                _ if asked.requested() => {
                    window::close();
                    signal_hook::low_level::exit(128 + signal)
                }
                _ => {
                    // first, because the steps below may block
                    asked.request();
                    tracing::info!("shutting down; signal again to exit immediately");
                    let grace = if Path::new(NPU).exists() { NPU_GRACE } else { Duration::ZERO };
                    // for a daemon this is a normal end; another command did not finish its work
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

/// Exits with `status` after `limit` in any case: the program may be blocked on a reader of its output.
fn end_within(limit: Duration, status: i32) {
    let ending = spawn("end", move || {
        thread::sleep(limit);
        exit(status);
    });
    if ending.is_err() {
        exit(status);
    }
}

/// Exits at once, with the log written and the terminal as it was.
fn exit(status: i32) {
    window::close();
    logging::flush();
    signal_hook::low_level::exit(status);
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = thread::Builder::new().name(name.into()).spawn(work);
    started.map(drop).map_err(|e| Error::failed(format!("cannot start the thread '{name}'")).because(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_wakes_every_clone() {
        let stop = Stop::default();
        let copy = stop.clone();
        let waiting = thread::spawn(move || copy.receiver().recv().is_err() && copy.requested());
        assert!(!stop.requested());
        stop.request();
        stop.request();
        assert!(waiting.join().unwrap());
    }
}
