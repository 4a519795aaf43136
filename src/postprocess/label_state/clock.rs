//! The time of a stream as its frames tell it: how long since the last one, and whether that was a gap.

use std::time::Duration;

/// A pause of at least this long is a gap, whatever the rate.
const SHORTEST_GAP: Duration = Duration::from_secs(2);

/// How many of the usual intervals make a gap, in a stream that is slower than [`SHORTEST_GAP`] allows for.
const INTERVALS: u32 = 3;

/// The frames of one stream on its time line.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    last: Option<Duration>,
    /// The latest intervals. Their median is the usual one: a single pause or a single burst does not change it.
    intervals: [Duration; 3],
    next: usize,
}

/// What a frame means for the time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The first frame, or the first after a gap.
    Anew,
    /// This long after the previous frame; 0 where its time is not later.
    After(Duration),
}

impl Clock {
    /// A frame at `at`. One that is not later than the previous one counts as simultaneous.
    pub fn step(&mut self, at: Duration) -> Step {
        let Some(last) = self.last else {
            self.last = Some(at);
            return Step::Anew;
        };
        let elapsed = at.saturating_sub(last);
        let gap = self.gap();
        self.last = Some(last.max(at));
        self.intervals[self.next] = elapsed;
        self.next = (self.next + 1) % self.intervals.len();
        if elapsed >= gap { Step::Anew } else { Step::After(elapsed) }
    }

    /// When a stream without further frames is in a gap; `None` before its first frame.
    pub fn deadline(&self) -> Option<Duration> {
        self.last.map(|last| last + self.gap())
    }

    fn gap(&self) -> Duration {
        let mut sorted = self.intervals;
        sorted.sort_unstable();
        SHORTEST_GAP.max(sorted[1] * INTERVALS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn two_seconds_without_a_frame_are_a_gap() {
        let mut clock = Clock::default();
        assert_eq!((clock.deadline(), clock.step(ms(1000))), (None, Step::Anew));
        assert_eq!(clock.step(ms(1033)), Step::After(ms(33)));
        assert_eq!(clock.deadline(), Some(ms(3033)));
        assert_eq!(clock.step(ms(3033)), Step::Anew);
        assert_eq!(clock.step(ms(3066)), Step::After(ms(33)), "a single pause does not make the next one longer");
        assert_eq!(clock.step(ms(5066)), Step::Anew);
    }

    #[test]
    fn a_slow_stream_has_a_longer_one() {
        let mut clock = Clock::default();
        let steps: Vec<_> = (0..5).map(|n| clock.step(ms(5_000 * n))).collect();
        assert_eq!(steps[3..], [Step::After(ms(5_000)); 2], "known after two intervals");
        assert_eq!(clock.deadline(), Some(ms(35_000)));
    }

    #[test]
    fn time_that_runs_backwards_stands_still() {
        let mut clock = Clock::default();
        clock.step(ms(100));
        assert_eq!(clock.step(ms(40)), Step::After(ms(0)));
        assert_eq!(clock.step(ms(140)), Step::After(ms(40)), "from the latest time on");
    }
}
