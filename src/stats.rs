//! Statistics of fixed size: a histogram of durations, and the rate of results.

use hdrhistogram::Histogram;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// A histogram of durations from 1 µs to 60 s with a precision of 0.1 %; longer ones count as 60 s.
#[derive(Debug, Clone)]
pub struct Durations {
    microseconds: Histogram<u32>,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            microseconds: Histogram::new_with_bounds(1, 60_000_000, 3)
                .expect("1 µs to 60 s in 3 digits is within the histogram's bounds"),
        }
    }
}

impl Durations {
    /// Counts `duration`.
    pub fn record(&mut self, duration: Duration) {
        self.microseconds.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// Adds the durations of `other`.
    pub fn add(&mut self, other: &Self) {
        // both have the same bounds
        let _ = self.microseconds.add(&other.microseconds);
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.microseconds.len()
    }

    /// The mean.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos((self.microseconds.mean() * 1e3) as u64)
    }

    /// The duration that `percent` of the durations do not exceed.
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.microseconds.value_at_quantile(percent / 100.0))
    }
}

/// Without a result for this long the rate is 0, unless results are further apart.
const QUIET: Duration = Duration::from_secs(3);

/// Results per second, over about the last two seconds.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    since: Option<Instant>,
    latest: Option<Instant>,
    count: u32,
    /// Whether two seconds have been counted.
    settled: bool,
    per_second: f64,
}

impl Rate {
    /// The rate at `now`: 0 without a result for 3 s, or for two intervals if that is longer.
    pub fn at(&self, now: Instant) -> f64 {
        let apart = self.per_second.max(f64::MIN_POSITIVE).recip();
        let patience = QUIET.max(Duration::try_from_secs_f64(2.0 * apart).unwrap_or(QUIET));
        let quiet = self.latest.is_none_or(|latest| now.saturating_duration_since(latest) > patience);
        if quiet { 0.0 } else { self.per_second }
    }

    /// Adds the rate of `other` at `now`, to be read and not counted on.
    pub fn add(&mut self, other: &Self, now: Instant) {
        self.per_second += other.at(now);
        self.latest = self.latest.max(other.latest);
    }

    /// Counts one result at `now` and returns the current rate.
    pub fn tick(&mut self, now: Instant) -> f64 {
        self.latest = Some(now);
        let Some(since) = self.since else {
            self.since = Some(now);
            return 0.0;
        };
        self.count += 1;
        let passed = now.duration_since(since).as_secs_f64();
        // in the first seconds, an estimate that improves with each result, but not from results that arrive together
        if passed >= 2.0 || (!self.settled && passed >= 0.25) {
            self.per_second = f64::from(self.count) / passed;
        }
        if passed >= 2.0 {
            (self.since, self.count, self.settled) = (Some(now), 0, true);
        }
        self.per_second
    }
}

/// Counts of the frames of one source. Once it has ended, each captured frame got a result, failed or was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Usable frames from the source.
    pub captured: u64,
    /// Frames replaced by newer ones, or remaining at the end.
    pub dropped: u64,
    /// Frames discarded because they are corrupted or do not match their caps.
    pub damaged: u64,
    /// Frames discarded because they repeat the previous one, or exceed `max_rate`.
    pub skipped: u64,
}

/// Counters of the frames discarded before the channel.
#[derive(Debug, Default)]
pub struct Unusable {
    /// See [`Counts::damaged`].
    pub damaged: AtomicU64,
    /// See [`Counts::skipped`].
    pub skipped: AtomicU64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_one_to_a_hundred() {
        let mut durations = Durations::default();
        (1..=100).for_each(|n| durations.record(Duration::from_millis(n)));
        assert_eq!(durations.count(), 100);
        assert!((durations.mean().as_secs_f64() - 0.0505).abs() < 1e-4, "{:?}", durations.mean());
        assert!((durations.percentile(50.0).as_secs_f64() - 0.050).abs() < 1e-4);
        assert!((durations.percentile(99.0).as_secs_f64() - 0.099).abs() < 2e-4);
    }

    #[test]
    fn durations_and_rates_of_two_add_up() {
        let (mut first, mut second) = (Durations::default(), Durations::default());
        (1..=50).for_each(|n| first.record(Duration::from_millis(n)));
        (51..=100).for_each(|n| second.record(Duration::from_millis(n)));
        first.add(&second);
        assert_eq!(first.count(), 100);
        assert!((first.percentile(99.0).as_secs_f64() - 0.099).abs() < 2e-4);
        let start = Instant::now();
        let ten = || {
            let mut rate = Rate::default();
            (0..=90).for_each(|n| {
                rate.tick(start + Duration::from_millis(n * 100));
            });
            rate
        };
        let mut both = ten();
        let end = start + Duration::from_secs(9);
        both.add(&ten(), end);
        assert!((both.at(end) - 20.0).abs() < 0.01);
        assert_eq!(both.at(end + Duration::from_secs(4)), 0.0);
    }

    #[test]
    fn a_slow_camera_is_not_quiet_between_its_results() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        for n in 0..=4 {
            rate.tick(start + Duration::from_secs(n * 10));
        }
        let after = |seconds: u64| rate.at(start + Duration::from_secs(40 + seconds));
        assert_eq!((after(9), after(20), after(21)), (0.1, 0.1, 0.0));
    }

    #[test]
    fn an_hour_counts_as_a_minute_and_does_not_panic() {
        let mut durations = Durations::default();
        durations.record(Duration::from_secs(3600));
        assert_eq!(durations.percentile(100.0).as_secs(), 60);
    }

    #[test]
    fn the_rate_follows_the_last_seconds() {
        let start = Instant::now();
        let mut rate = Rate::default();
        let mut last = 0.0;
        (0..=90).for_each(|n| last = rate.tick(start + Duration::from_millis(n * 100)));
        assert!((last - 10.0).abs() < 0.01, "{last}");
        let mut young = Rate::default();
        assert_eq!([0, 1, 2].map(|n| young.tick(start + Duration::from_millis(n))), [0.0; 3], "too soon to tell");
        assert!((young.tick(start + Duration::from_millis(1000)) - 3.0).abs() < 0.01);
    }
}
