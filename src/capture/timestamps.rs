//! The age of a frame from a live source, from its timestamp, which is used only while it is plausible. Pure; all times are
//! parameters.

use std::fmt;
use std::time::Duration;

/// How far in the future a timestamp may be: some elements stamp a frame with its end, and driver clocks differ slightly.
const AHEAD: Duration = Duration::from_millis(200);

/// Why the timestamps of a stream are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disbelief {
    /// A frame has none, or one outside its segment.
    Missing,
    /// A frame's timestamp is this much earlier than the one before.
    Back(Duration),
    /// A frame's timestamp is this far ahead of the clock.
    Future(Duration),
}

impl fmt::Display for Disbelief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its frames have no timestamp"),
            Self::Back(by) => write!(f, "its timestamps go back by {by:.1?}"),
            Self::Future(by) => write!(f, "its timestamps are {by:.1?} ahead of the clock"),
        }
    }
}

/// The timestamp of a frame, in the running time of its pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// When it was captured; `None` if it has no timestamp, or one outside its segment.
    pub taken: Option<Duration>,
    /// The current time; `None` if the pipeline has no clock.
    pub now: Option<Duration>,
    /// Whether it begins a new segment.
    pub new_segment: bool,
}

/// The timestamps of one stream.
#[derive(Debug, Default)]
pub struct Timestamps {
    /// The timestamp of the previous frame in the same segment.
    last: Option<Duration>,
    disbelieved: bool,
}

impl Timestamps {
    /// The age of a frame, zero if its timestamp is ignored; and the reason, if it is new. A late frame has its true age.
    /// After an implausible timestamp, all are ignored until the next segment.
    pub fn age(&mut self, claim: Claim) -> (Duration, Option<Disbelief>) {
        if claim.new_segment {
            *self = Self::default();
        }
        if self.disbelieved {
            return (Duration::ZERO, None);
        }
        let Some(now) = claim.now else { return (Duration::ZERO, None) };
        let found = match (claim.taken, self.last) {
            (None, _) => Some(Disbelief::Missing),
            (Some(taken), Some(last)) if taken < last => Some(Disbelief::Back(last - taken)),
            (Some(taken), _) if taken > now.saturating_add(AHEAD) => Some(Disbelief::Future(taken - now)),
            _ => None,
        };
        self.disbelieved = found.is_some();
        self.last = claim.taken;
        match (found, claim.taken) {
            (None, Some(taken)) => (now.saturating_sub(taken), None),
            _ => (Duration::ZERO, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// The ages of frames (their timestamp and the clock's, in milliseconds) of one segment, and the reasons for ignoring them.
    fn ages(frames: &[(Option<u64>, u64)]) -> (Vec<u128>, Vec<Disbelief>) {
        let (mut times, mut found) = (Timestamps::default(), Vec::new());
        let mut age = |(taken, now): &(Option<u64>, u64)| {
            let (age, disbelief) = times.age(Claim { taken: taken.map(ms), now: Some(ms(*now)), new_segment: false });
            found.extend(disbelief);
            age.as_millis()
        };
        (frames.iter().map(&mut age).collect(), found)
    }

    #[test]
    fn a_late_frame_keeps_its_true_age() {
        assert_eq!(ages(&[(Some(0), 5), (Some(33), 40), (Some(66), 9_000), (Some(66), 9_010)]), (vec![5, 7, 8_934, 8_944], vec![]));
    }

    #[test]
    fn slightly_in_the_future_is_age_zero_and_plausible() {
        assert_eq!(ages(&[(Some(40), 0), (Some(80), 90)]), (vec![0, 10], vec![]));
    }

    #[test]
    fn an_implausible_timestamp_is_reported_once_and_all_later_ones_are_ignored() {
        let late = (Some(100), 5_000);
        let back = ages(&[(Some(1_000), 1_010), (Some(0), 1_040), (Some(1_050), 1_060), late]);
        assert_eq!(back, (vec![10, 0, 0, 0], vec![Disbelief::Back(ms(1_000))]));
        assert_eq!(ages(&[(Some(5_000), 0), (Some(10), 20), late]), (vec![0; 3], vec![Disbelief::Future(ms(5_000))]));
        assert_eq!(ages(&[(Some(0), 10), (None, 20), (Some(30), 40), late]), (vec![10, 0, 0, 0], vec![Disbelief::Missing]));
        let (ages, found) = ages(&[(Some(u64::MAX / 1_000_000), 0), late]);
        assert!(ages == [0, 0] && matches!(found[..], [Disbelief::Future(_)]));
    }

    #[test]
    fn a_new_segment_is_used_again() {
        let mut times = Timestamps::default();
        let mut age = |taken, now, new_segment| times.age(Claim { taken: Some(ms(taken)), now: Some(ms(now)), new_segment });
        assert_eq!(age(100, 110, true), (ms(10), None));
        assert_eq!(age(20, 120, true), (ms(100), None), "earlier, as the new segment allows");
        assert_eq!(age(10, 130, false).1, Some(Disbelief::Back(ms(10))));
        assert_eq!(age(20, 140, false), (ms(0), None));
        assert_eq!(age(130, 150, true), (ms(20), None));
    }

    #[test]
    fn without_a_clock_every_frame_is_new() {
        let claim = Claim { taken: Some(ms(5)), now: None, new_segment: false };
        assert_eq!(Timestamps::default().age(claim), (Duration::ZERO, None));
    }
}
