//! The time of a stream as its frames tell it: how long since the last one, and whether that was a gap.

use crate::prediction::Moment;
use std::time::Duration;

/// A pause of at least this long is a gap, whatever the rate.
pub(super) const SHORTEST_GAP: Duration = Duration::from_secs(2);

/// How many of the usual intervals make a gap, in a stream that is slower than [`SHORTEST_GAP`] allows for.
const INTERVALS: u32 = 3;

/// The frames of one stream on its time line.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    last: Option<Moment>,
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
    /// A frame at `now`. One that is not later than the previous one counts as simultaneous.
    pub fn step(&mut self, now: Moment) -> Step {
        let Some(last) = self.last else {
            self.last = Some(now);
            return Step::Anew;
        };
        let elapsed = now.at.saturating_sub(last.at);
        let gap = self.gap();
        self.last = Some(last.max(now));
        self.intervals[self.next] = elapsed;
        self.next = (self.next + 1) % self.intervals.len();
        if elapsed >= gap { Step::Anew } else { Step::After(elapsed) }
    }

    /// When a stream without further frames is in a gap; `None` before its first frame.
    pub fn deadline(&self) -> Option<Moment> {
        self.last.map(|last| last.later(self.gap()))
    }

    /// The time of the latest frame.
    pub fn last(&self) -> Option<Moment> {
        self.last
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

    fn moment(n: u64) -> Moment {
        Moment::ZERO.later(ms(n))
    }

    fn at(moment: Option<Moment>) -> Option<Duration> {
        moment.map(|moment| moment.at)
    }

    #[test]
    fn two_seconds_without_a_frame_are_a_gap() {
        let mut clock = Clock::default();
        assert_eq!((at(clock.deadline()), clock.step(moment(1000))), (None, Step::Anew));
        assert_eq!(clock.step(moment(1033)), Step::After(ms(33)));
        assert_eq!(at(clock.deadline()), Some(ms(3033)));
        assert_eq!(clock.step(moment(3033)), Step::Anew);
        assert_eq!(clock.step(moment(3066)), Step::After(ms(33)), "a single pause does not make the next one longer");
        assert_eq!(clock.step(moment(5066)), Step::Anew);
    }

    #[test]
    fn a_slow_stream_has_a_longer_one() {
        let mut clock = Clock::default();
        let steps: Vec<_> = (0..5).map(|n| clock.step(moment(5_000 * n))).collect();
        assert_eq!(steps[3..], [Step::After(ms(5_000)); 2], "known after two intervals");
        assert_eq!(at(clock.deadline()), Some(ms(35_000)));
    }

    #[test]
    fn time_that_runs_backwards_stands_still() {
        let mut clock = Clock::default();
        clock.step(moment(100));
        assert_eq!(clock.step(moment(40)), Step::After(ms(0)));
        assert_eq!(clock.step(moment(140)), Step::After(ms(40)), "from the latest time on");
    }
}
