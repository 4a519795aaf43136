//! The pauses between attempts to bring a lost camera back.

use std::time::Duration;

/// How long to wait before a lost camera is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause; each further one is twice as long...
    pub first: Duration,
    /// ...up to this.
    pub most: Duration,
    /// A source that ran for so long starts over with the first pause.
    pub settled: Duration,
    next: Duration,
}

impl Default for Backoff {
    /// 0.5 s, doubling to 10 s; a minute of frames starts over.
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(10), Duration::from_secs(60))
    }
}

impl Backoff {
    /// Pauses from `first` to `most`; a source that ran for `settled` starts over.
    pub fn new(first: Duration, most: Duration, settled: Duration) -> Self {
        Self { first, most, settled, next: first }
    }

    /// The pause after a run that gave frames for `ran`.
    pub(super) fn pause(&mut self, ran: Duration) -> Duration {
        if ran >= self.settled {
            self.next = self.first;
        }
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_to_ten_seconds_and_a_minute_of_frames_starts_over() {
        let mut backoff = Backoff::default();
        let mut pauses =
            |ran: u64, times: usize| (0..times).map(|_| backoff.pause(Duration::from_secs(ran)).as_millis()).collect::<Vec<_>>();
        assert_eq!(pauses(0, 7), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(pauses(59, 1), [10000]);
        assert_eq!(pauses(60, 1), [500]);
        assert_eq!(pauses(1, 2), [1000, 2000]);
    }
}
