//! Whether the daemon gets on: the watchdog is fed by progress alone.

use crate::capture::{self, Limits};
use crate::metrics::{Metrics, State};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// What was seen last.
#[derive(Default)]
pub struct Health {
    results: u64,
    signs: HashMap<Arc<str>, (u64, Instant)>,
}

impl Health {
    /// Whether there was progress since the last call, or nothing to be done while a camera is in its known retry: a result; or no
    /// frame that waits, and a camera whose thread has given a sign of life in the time that it may be silent.
    pub fn progress<'a>(&mut self, cameras: impl Iterator<Item = (&'a Metrics, Limits)>, now: Instant) -> bool {
        let (mut results, mut pending, mut in_time) = (0, false, false);
        for (metrics, limits) in cameras {
            let status = metrics.status();
            results += status.results + status.failed;
            pending |= metrics.is_pending();
            let counts = status.counts;
            let sign = counts.captured + counts.damaged + counts.skipped + status.errors + status.restarts;
            let (last, since) = self.signs.entry(metrics.name().clone()).or_insert((sign, now));
            if *last != sign {
                (*last, *since) = (sign, now);
            }
            in_time |= status.state == State::Ended || now.saturating_duration_since(*since) < capture::longest_silence(&limits);
        }
        let worked = std::mem::replace(&mut self.results, results) != results;
        worked || (!pending && in_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    const LIMITS: Limits = Limits { start: Duration::from_secs(30), stall: Duration::from_secs(5) };

    #[test]
    fn a_frame_that_nobody_works_on_is_no_progress() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::default();
        let mut at = |metrics: &Metrics, s| health.progress([(metrics, LIMITS)].into_iter(), start + Duration::from_secs(s));
        assert!(at(&metrics, 0), "a camera that starts has its time");
        metrics.flows();
        metrics.captured();
        assert!(!at(&metrics, 1), "it waits");
        metrics.captured();
        assert!(!at(&metrics, 2), "more of them are no progress of the engine");
    }

    #[test]
    fn a_camera_whose_frames_are_all_left_out_lives() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::default();
        let unusable = metrics.unusable_counter();
        for (n, count) in [&unusable.damaged, &unusable.skipped].into_iter().cycle().take(20).enumerate() {
            count.fetch_add(1, Ordering::Relaxed);
            let now = start + Duration::from_secs(60 * n as u64);
            assert!(health.progress([(&*metrics, LIMITS)].into_iter(), now), "after {n} minutes");
        }
    }

    #[test]
    fn a_camera_that_is_tried_again_and_again_is_progress_and_one_whose_thread_hangs_is_none() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::default();
        let mut at = |metrics: &Metrics, s| health.progress([(metrics, LIMITS)].into_iter(), start + Duration::from_secs(s));
        for s in 0..10 {
            metrics.lost("no such device");
            assert!(at(&metrics, s * 30));
        }
        assert!(!at(&metrics, 270 + capture::longest_silence(&LIMITS).as_secs()));
        metrics.lost("no such device");
        assert!(at(&metrics, 1000), "it has come to itself");
    }
}
