//! Talking to systemd (`Type=notify`): READY, STATUS, WATCHDOG, STOPPING. Without a service manager nothing is said.
//!
//! The watchdog is fed by progress alone: by a result, or by the capture's own retry when a camera is away. A worker that hangs feeds
//! nothing, and systemd acts.

use crate::capture::Change;
use crate::error::Result;
use crate::prediction::Prediction;
use crate::publish::Publish;
use crate::stats::Rate;
use sd_notify::NotifyState;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// STATUS and WATCHDOG are sent no more often than this: people read the one, and the other has time.
const EVERY: Duration = Duration::from_secs(1);

/// The service manager; all copies are one.
#[derive(Clone)]
pub struct Service {
    state: Arc<Mutex<State>>,
}

struct State {
    every: Duration,
    ready: bool,
    stopping: bool,
    told: Option<Instant>,
}

impl Default for Service {
    /// The service manager that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    fn default() -> Self {
        // a quarter of the watchdog's time: one late message must not be the end
        let every = sd_notify::watchdog_enabled().map_or(EVERY, |watchdog| (watchdog / 4).min(EVERY));
        Self { state: Arc::new(Mutex::new(State { every, ready: false, stopping: false, told: None })) }
    }
}

impl Service {
    /// A source has changed its state: the first time the service is ready, whether a camera is there or not.
    pub fn changed(&self, name: &str, change: &Change) {
        match change {
            Change::Flows { .. } => self.alive(&format!("{name}: frames come"), true),
            Change::Lost { why, .. } => {
                let why = why.to_string();
                self.alive(&format!("{name} is lost: {}", why.lines().next().unwrap_or_default()), true);
            }
        }
    }

    /// The service ends; said once.
    pub fn stopping(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.stopping, true) {
            send(&[NotifyState::Stopping, NotifyState::Status("ending")]);
        }
    }

    /// There is progress; `status` says what it is. Not sent more often than need be, unless it is `news`.
    fn alive(&self, status: &str, news: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.stopping || (!news && state.told.is_some_and(|told| now - told < state.every)) {
            return;
        }
        state.told = Some(now);
        if !std::mem::replace(&mut state.ready, true) {
            send(&[NotifyState::Ready]);
        }
        send(&[NotifyState::Status(status), NotifyState::Watchdog]);
    }
}

fn send(states: &[NotifyState]) {
    if let Err(e) = sd_notify::notify(states) {
        tracing::debug!("systemd does not listen: {e}");
    }
}

/// Each result as progress: `front: common iguana 37 %, 29.9/s, QNN`.
pub struct Progress {
    service: Service,
    rate: Rate,
}

impl Progress {
    /// Feeds `service`.
    pub fn new(service: &Service) -> Self {
        Self { service: service.clone(), rate: Rate::default() }
    }
}

impl Publish for Progress {
    fn name(&self) -> &'static str {
        "the service manager"
    }

    fn publish(&mut self, prediction: &Prediction) -> Result<()> {
        let rate = self.rate.tick(Instant::now());
        if let Some((label, confidence)) = prediction.best() {
            let (source, provider) = (&prediction.source, prediction.execution_provider);
            self.service.alive(&format!("{source}: {label} {:.0} %, {rate:.1}/s, {provider}", confidence * 100.0), false);
        }
        Ok(())
    }
}
