//! Talking to systemd (`Type=notify`): READY, STATUS, WATCHDOG, RELOADING, STOPPING. Without a service manager nothing is said.
//!
//! The watchdog is fed by progress alone: whoever calls [`Service::tell`] says whether there is any. A worker that hangs feeds
//! nothing, and systemd acts.

use sd_notify::NotifyState;
use std::time::{Duration, Instant};

/// STATUS and WATCHDOG are sent no more often than this: people read the one, and the other has time.
const EVERY: Duration = Duration::from_secs(1);

/// The service manager.
pub struct Service {
    every: Duration,
    stopping: bool,
    said: Option<(String, Instant)>,
}

impl Default for Service {
    /// The service manager that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    fn default() -> Self {
        // a quarter of the watchdog's time: one late message must not be the end
        let every = sd_notify::watchdog_enabled().map_or(EVERY, |watchdog| (watchdog / 4).min(EVERY));
        Self { every, stopping: false, said: None }
    }
}

impl Service {
    /// How often to tell it something.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Everything is set up; after a reload, again.
    pub fn ready(&self) {
        send(&[NotifyState::Ready]);
    }

    /// The settings are read anew; [`Service::ready`] says when that is done.
    pub fn reloading(&self) {
        let mut states = vec![NotifyState::Reloading];
        states.extend(NotifyState::monotonic_usec_now().ok());
        send(&states);
    }

    /// How things are; `alive` if there was progress. The same words are not said twice within a moment.
    pub fn tell(&mut self, status: &str, alive: bool) {
        let now = Instant::now();
        let news = self.said.as_ref().is_none_or(|(said, at)| said != status || now - *at >= self.every);
        match (self.stopping, alive, news) {
            (true, ..) | (_, false, false) => return,
            (_, true, _) => send(&[NotifyState::Status(status), NotifyState::Watchdog]),
            (_, false, true) => send(&[NotifyState::Status(status)]),
        }
        self.said = Some((status.to_owned(), now));
    }

    /// The service ends; said once.
    pub fn stopping(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            send(&[NotifyState::Stopping, NotifyState::Status("ending")]);
        }
    }
}

fn send(states: &[NotifyState]) {
    if let Err(e) = sd_notify::notify(states) {
        tracing::debug!("systemd does not listen: {e}");
    }
}
