//! Reports the changes of a camera's state: to the log, its counters and the main thread.

use super::hook::Hook;
use crate::capture::Change;
use crate::config;
use crate::metrics::Metrics;
use crossbeam_channel::Sender;
use std::sync::Arc;
use std::time::Instant;

/// Wakes the main thread.
pub fn wake(main: &Sender<()>) {
    // if it is full, the main thread has yet to wake up
    let _ = main.try_send(());
}

/// Logs each change once, counts it, and runs the command of `on_stuck` when the camera stays lost.
pub struct StateReporter {
    name: Arc<str>,
    /// The counters of the camera.
    pub metrics: Arc<Metrics>,
    main: Sender<()>,
    stuck: Option<config::Stuck>,
    hook: Hook,
    lost: Option<(Instant, String)>,
    /// The number of losses in a row.
    losses: usize,
}

impl StateReporter {
    /// Reports the changes of the camera of `settings`; `main` wakes the main thread.
    pub fn new(settings: &config::Camera, metrics: Arc<Metrics>, main: Sender<()>, hook: Hook) -> Self {
        Self { name: settings.name.clone(), metrics, main, stuck: settings.stuck.clone(), hook, lost: None, losses: 0 }
    }

    /// Reports one change.
    pub fn report(&mut self, change: &Change) {
        let name = &self.name;
        match change {
            Change::Damaged(damage) => return tracing::warn!("{name}: {damage}"),
            Change::Untimed { why } => {
                return tracing::warn!("{name}: {why}; the time of arrival is used until the next segment");
            }
            Change::Flows { .. } | Change::Lost { .. } => {}
        }
        match (change, self.lost.take()) {
            (Change::Damaged(_) | Change::Untimed { .. }, _) => {}
            (Change::Flows { live }, before) => {
                match before {
                    None => tracing::debug!("{name}: frames flow, {}", if *live { "live" } else { "not live" }),
                    Some((since, _)) => tracing::info!("{name}: frames again, after {:.1?}", since.elapsed()),
                }
                self.losses = 0;
                self.metrics.flows();
                wake(&self.main);
            }
            (Change::Lost { why, pause }, before) => {
                let (summary, why) = (why.summary(), why.to_string());
                match &before {
                    Some((_, known)) if *known == why => tracing::debug!("{name}: still lost; next attempt in {pause:.1?}"),
                    Some(_) => tracing::warn!("{name} is still lost, now: {why}"),
                    None => tracing::warn!("{name} is lost and will be retried until it is back: {why}"),
                }
                let since = before.map_or_else(Instant::now, |(since, _)| since);
                self.metrics.lost(&summary);
                wake(&self.main);
                self.lost = Some((since, why));
                self.losses += 1;
                if let Some(stuck) = self.stuck.as_ref().filter(|stuck| self.losses.is_multiple_of(stuck.after)) {
                    tracing::warn!("{name} was lost {} times in a row; running: {}", self.losses, stuck.command);
                    self.hook.start(&stuck.command);
                }
            }
        }
    }
}
