//! A retry policy: pauses that double up to a maximum. It has no clock; times are parameters.

use std::time::Duration;

/// The pauses between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    settled: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses from `first` to `most`. After working for `settled`, the next failure starts again with `first`.
    pub const fn new(first: Duration, most: Duration, settled: Duration) -> Self {
        Self { first, most, settled, next: first }
    }

    /// The longest pause.
    pub const fn most(&self) -> Duration {
        self.most
    }

    /// The pause before the next attempt, after a failure that followed `worked` of success (zero: none).
    pub fn pause(&mut self, worked: Duration) -> Duration {
        if worked >= self.settled {
            self.reset();
        }
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.most);
        pause
    }

    /// Resets after a success: the next pause is the first one.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest_and_start_again_after_long_success() {
        let mut backoff = Backoff::new(SECOND / 2, 10 * SECOND, 60 * SECOND);
        let mut pauses =
            |worked: u32, times: usize| (0..times).map(|_| backoff.pause(worked * SECOND).as_millis()).collect::<Vec<_>>();
        assert_eq!(pauses(0, 7), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(pauses(59, 1), [10000]);
        assert_eq!(pauses(60, 1), [500]);
        assert_eq!(pauses(1, 2), [1000, 2000]);
        backoff.reset();
        assert_eq!(backoff.pause(Duration::ZERO), SECOND / 2);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::MAX, Duration::MAX, Duration::MAX);
        assert_eq!([backoff.pause(SECOND), backoff.pause(SECOND)], [Duration::MAX; 2]);
        let mut none = Backoff::new(Duration::ZERO, Duration::ZERO, SECOND);
        assert_eq!([none.pause(SECOND), none.pause(Duration::ZERO)], [Duration::ZERO; 2]);
    }
}
