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
#[derive(Default)]
pub struct Health {
    /// By the engines' keys.
    engines: HashMap<Arc<str>, Progress>,
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
    /// Whether each engine has made progress since the last call: a result; or no waiting frame, while a camera's thread has shown
    /// activity within its time limit.
    pub fn progress<'a>(&mut self, cameras: impl Iterator<Item = (&'a Metrics, Limits)>, now: Instant) -> bool {
        let (mut seen, mut in_time) = (HashMap::new(), false);
        for (metrics, limits) in cameras {
            for stream in metrics.all_streams() {
                let (finished, pending) = seen.entry(stream.model().clone()).or_insert((0, false));
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
        let mut all = in_time || !seen.is_empty();
        for (key, (finished, pending)) in seen {
            let engine = self.engines.entry(key).or_default();
            let worked = std::mem::replace(&mut engine.finished, finished) != finished;
            engine.stalled = if pending && !worked { engine.stalled.or(Some(now)) } else { None };
            all &= worked || (!pending && in_time);
        }
        all
    }

    /// For how long the engine `key` has not been responding, if it is not.
    pub fn silence(&self, key: &str, now: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(self.engines.get(key)?.stalled?);
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
        let mut health = Health::default();
        let mut at = |metrics: &Metrics, s| health.progress([(metrics, LIMITS)].into_iter(), start + Duration::from_secs(s));
        assert!(at(&metrics, 0), "a camera may take its time to start");
        metrics.flows();
        let capture = |metrics: &Metrics| {
            metrics.captured();
            metrics.stream(None, &"a".into()).delivered();
        };
        capture(&metrics);
        assert!(!at(&metrics, 1), "a frame is waiting");
        capture(&metrics);
        assert!(!at(&metrics, 2), "more waiting frames are not progress");
    }

    #[test]
    fn a_hanging_engine_is_named_and_stops_the_watchdog_while_another_works() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::default();
        metrics.flows();
        let [a, b] = ["a", "b"].map(|model| metrics.stream(None, &model.into()));
        let second = |n: u64| start + Duration::from_secs(n);
        for n in 0..=20 {
            [&a, &b].iter().for_each(|stream| stream.delivered());
            a.failed();
            // the other one is done with its first five frames
            if n < 5 {
                b.failed();
            }
            metrics.captured();
            let progress = health.progress([(&*metrics, LIMITS)].into_iter(), second(n));
            assert_eq!(progress, n < 5, "at {n} s");
            assert_eq!(health.silence("a", second(n)), None);
            assert_eq!(
                health.silence("b", second(n)),
                n.checked_sub(15).map(|more| SILENCE + Duration::from_secs(more)),
                "at {n} s"
            );
        }
        b.failed();
        assert!(health.progress([(&*metrics, LIMITS)].into_iter(), second(21)), "the first one has nothing to do");
        assert_eq!(health.silence("b", second(21)), None, "it works again");
    }

    #[test]
    fn a_camera_whose_frames_are_all_discarded_is_alive() {
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
    fn retries_of_a_camera_are_progress_and_a_hanging_thread_is_not() {
        let (metrics, start) = (Metrics::new("front"), Instant::now());
        let mut health = Health::default();
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
