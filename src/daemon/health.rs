//! Whether the daemon gets on: the watchdog is fed by progress alone.

use crate::capture::{self, Limits};
use crate::tally::{State, Tally};
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
    pub fn progress<'a>(&mut self, cameras: impl Iterator<Item = (&'a Tally, Limits)>, now: Instant) -> bool {
        let (mut results, mut pending, mut in_time) = (0, false, false);
        for (tally, limits) in cameras {
            let status = tally.status();
            results += status.results + status.failed;
            pending |= tally.is_pending();
            let counts = status.counts;
            let sign = counts.captured + counts.damaged + counts.skipped + status.errors + status.restarts;
            let (last, since) = self.signs.entry(tally.name().clone()).or_insert((sign, now));
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
        let (tally, start) = (Tally::new("front"), Instant::now());
        let mut health = Health::default();
        let mut at = |tally: &Tally, s| health.progress([(tally, LIMITS)].into_iter(), start + Duration::from_secs(s));
        assert!(at(&tally, 0), "a camera that starts has its time");
        tally.flows();
        tally.captured();
        assert!(!at(&tally, 1), "it waits");
        tally.captured();
        assert!(!at(&tally, 2), "more of them are no progress of the worker");
    }

    #[test]
    fn a_camera_whose_frames_are_all_left_out_lives() {
        let (tally, start) = (Tally::new("front"), Instant::now());
        let mut health = Health::default();
        let unusable = tally.unusable_counter();
        for (n, count) in [&unusable.damaged, &unusable.skipped].into_iter().cycle().take(20).enumerate() {
            count.fetch_add(1, Ordering::Relaxed);
            let now = start + Duration::from_secs(60 * n as u64);
            assert!(health.progress([(&*tally, LIMITS)].into_iter(), now), "after {n} minutes");
        }
    }

    #[test]
    fn a_camera_that_is_tried_again_and_again_is_progress_and_one_whose_thread_hangs_is_none() {
        let (tally, start) = (Tally::new("front"), Instant::now());
        let mut health = Health::default();
        let mut at = |tally: &Tally, s| health.progress([(tally, LIMITS)].into_iter(), start + Duration::from_secs(s));
        for s in 0..10 {
            tally.lost("no such device");
            assert!(at(&tally, s * 30));
        }
        assert!(!at(&tally, 270 + capture::longest_silence(&LIMITS).as_secs()));
        tally.lost("no such device");
        assert!(at(&tally, 1000), "it has come to itself");
    }
}
