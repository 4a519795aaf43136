//! Whether the daemon makes progress, which feeds the watchdog. All engines must make progress: if one hangs, the watchdog is not fed
//! even while another works.

use crate::capture::{self, Limits};
use crate::metrics::{Metrics, State};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An engine with waiting frames and no result for this long is not responding.
const SILENCE: Duration = Duration::from_secs(10);

/// The last observed values.
pub struct Health {
    engines: Vec<Progress>,
    signs: HashMap<Arc<str>, (u64, Instant)>,
}

/// One engine.
#[derive(Clone, Default)]
struct Progress {
    finished: u64,
    /// Since when frames have been waiting without one being finished.
    stalled: Option<Instant>,
}

impl Health {
    /// For a daemon with `engines` engines.
    pub fn new(engines: usize) -> Self {
        Self { engines: vec![Progress::default(); engines], signs: HashMap::new() }
    }

    /// Whether each engine has made progress since the last call: a result; or no waiting frame, while a camera's thread has shown
    /// activity within its time limit.
    pub fn progress<'a>(&mut self, cameras: impl Iterator<Item = (&'a Metrics, Limits)>, now: Instant) -> bool {
        let (mut seen, mut in_time) = (vec![(0, false); self.engines.len()], false);
        for (metrics, limits) in cameras {
            for (index, (finished, pending)) in seen.iter_mut().enumerate() {
                let stream = metrics.stream(index);
                *finished += stream.finished();
                *pending |= stream.is_pending();
            }
            let status = metrics.status();
            let counts = status.counts;
            let sign = counts.captured + counts.damaged + counts.skipped + status.errors + status.restarts;
            let (last, since) = self.signs.entry(metrics.name().clone()).or_insert((sign, now));
            if *last != sign {
                (*last, *since) = (sign, now);
            }
            in_time |= status.state == State::Ended || now.saturating_duration_since(*since) < capture::longest_silence(&limits);
        }
        let mut all = true;
        for (engine, (finished, pending)) in self.engines.iter_mut().zip(seen) {
            let worked = std::mem::replace(&mut engine.finished, finished) != finished;
            engine.stalled = if pending && !worked { engine.stalled.or(Some(now)) } else { None };
            all &= worked || (!pending && in_time);
        }
        all
    }

    /// For how long engine number `index` has not been responding, if it is not.
    pub fn silence(&self, index: usize, now: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(self.engines.get(index)?.stalled?);
        Some(silence).filter(|silence| *silence >= SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    const LIMITS: Limits = Limits { start: Duration::from_secs(30), stall: Duration::from_secs(5) };

    #[test]
    fn an_unprocessed_frame_is_not_progress() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::new(1);
        let mut at = |metrics: &Metrics, s| health.progress([(metrics, LIMITS)].into_iter(), start + Duration::from_secs(s));
        assert!(at(&metrics, 0), "a camera may take its time to start");
        metrics.flows();
        let capture = |metrics: &Metrics| {
            metrics.captured();
            metrics.stream(0).delivered();
        };
        capture(&metrics);
        assert!(!at(&metrics, 1), "a frame is waiting");
        capture(&metrics);
        assert!(!at(&metrics, 2), "more waiting frames are not progress");
    }

    #[test]
    fn a_hanging_engine_is_named_and_stops_the_watchdog_while_another_works() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::new(2);
        metrics.flows();
        let second = |n: u64| start + Duration::from_secs(n);
        for n in 0..=20 {
            (0..2).for_each(|engine| metrics.stream(engine).delivered());
            metrics.stream(0).failed();
            // the other one is done with its first five frames
            if n < 5 {
                metrics.stream(1).failed();
            }
            metrics.captured();
            let progress = health.progress([(&*metrics, LIMITS)].into_iter(), second(n));
            assert_eq!(progress, n < 5, "at {n} s");
            assert_eq!(health.silence(0, second(n)), None);
            assert_eq!(health.silence(1, second(n)), n.checked_sub(15).map(|more| SILENCE + Duration::from_secs(more)), "at {n} s");
        }
        metrics.stream(1).failed();
        assert!(health.progress([(&*metrics, LIMITS)].into_iter(), second(21)), "the first one has nothing to do");
        assert_eq!(health.silence(1, second(21)), None, "it works again");
    }

    #[test]
    fn a_camera_whose_frames_are_all_discarded_is_alive() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::new(1);
        let unusable = metrics.unusable_counter();
        for (n, count) in [&unusable.damaged, &unusable.skipped].into_iter().cycle().take(20).enumerate() {
            count.fetch_add(1, Ordering::Relaxed);
            let now = start + Duration::from_secs(60 * n as u64);
            assert!(health.progress([(&*metrics, LIMITS)].into_iter(), now), "after {n} minutes");
        }
    }

    #[test]
    fn retries_of_a_camera_are_progress_and_a_hanging_thread_is_not() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::new(1);
        let mut at = |metrics: &Metrics, s| health.progress([(metrics, LIMITS)].into_iter(), start + Duration::from_secs(s));
        for s in 0..10 {
            metrics.lost("no such device");
            assert!(at(&metrics, s * 30));
        }
        assert!(!at(&metrics, 270 + capture::longest_silence(&LIMITS).as_secs()));
        metrics.lost("no such device");
        assert!(at(&metrics, 1000), "it works again");
    }
}
