//! `max_rate`: which frames are passed on, so that they are evenly spaced and not more than so many a second. Pure; times are parameters.

use crate::frame::FrameInfo;
use std::time::{Duration, Instant};

/// How much of each new interval between frames enters the average.
const WEIGHT: u32 = 8;

/// Selects frames at an average interval. Due times are a fixed grid, and the frame nearest to each is taken: with a grid from the last
/// frame on, a camera of 25 frames/s that is limited to 10 would give 8.3.
#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    /// When the next frame is due; `None` before the first.
    due: Option<Duration>,
    /// The time of the last frame, taken or not.
    last: Duration,
    /// The average interval between frames.
    between: Duration,
}

impl Pace {
    /// At most one frame in `interval` on average.
    pub fn new(interval: Duration) -> Self {
        Self { interval, due: None, last: Duration::ZERO, between: Duration::ZERO }
    }

    /// Whether the frame captured at `time` is passed on. Times may be of any origin; after a jump they begin again.
    pub fn takes(&mut self, time: Duration) -> bool {
        let passed = time.saturating_sub(self.last).min(self.interval);
        self.last = time;
        let Some(due) = self.due else {
            self.due = Some(time.saturating_add(self.interval));
            return true;
        };
        self.between = if self.between.is_zero() { passed } else { (self.between * (WEIGHT - 1) + passed) / WEIGHT };
        let jumped_back = time.saturating_add(self.interval * 2) < due;
        if !jumped_back && time.saturating_add(self.between / 2) < due {
            return false;
        }
        // after a pause or a jump the grid begins at this frame
        let paused = time > due.saturating_add(self.interval);
        let grid = if jumped_back || paused { time } else { due };
        self.due = Some(grid.saturating_add(self.interval));
        true
    }
}

/// The frames of one run of a pipeline that are passed on.
pub struct Gate {
    pace: Option<Pace>,
    began: Instant,
}

impl Gate {
    /// At most one frame in `interval` on average, or all of them.
    pub fn new(interval: Option<Duration>) -> Self {
        Self { pace: interval.map(Pace::new), began: Instant::now() }
    }

    /// Whether the frame of `info` is passed on: by its capture time if it is live, otherwise by its PTS. One of a film without a PTS is.
    pub fn takes(&mut self, info: &FrameInfo) -> bool {
        let time = if info.live { Some(info.captured.saturating_duration_since(self.began)) } else { info.pts };
        self.pace.as_mut().zip(time).is_none_or(|(pace, time)| pace.takes(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// The times of the frames that are taken from `times`, in seconds, at `limit` a second.
    fn taken(limit: f64, times: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut pace = Pace::new(seconds(1.0 / limit));
        times.into_iter().filter(|time| pace.takes(seconds(*time))).collect()
    }

    /// A minute of a camera with `rate` frames a second, each up to `jitter` seconds late.
    fn minute(rate: u32, jitter: f64) -> impl Iterator<Item = f64> {
        let late = move |n: u32| jitter * f64::from(n.wrapping_mul(2_654_435_761) >> 16) / f64::from(u16::MAX);
        (0..60 * rate).map(move |n| f64::from(n) / f64::from(rate) + late(n))
    }

    #[test]
    fn the_average_is_the_limit() {
        for (rate, limit, expected) in
            [(30, 5.0, 300), (25, 10.0, 600), (30, 7.0, 420), (30, 29.0, 1740), (60, 0.5, 30), (30, 30.0, 1800), (15, 30.0, 900)]
        {
            for jitter in [0.0, 0.3 / f64::from(rate)] {
                let count = taken(limit, minute(rate, jitter)).len() as i64;
                assert!((count - expected).abs() <= 1, "{rate}/s with at most {limit}/s and jitter {jitter}: {count}");
            }
        }
    }

    #[test]
    fn frames_are_evenly_spaced() {
        for (rate, limit) in [(30, 5.0), (25, 10.0), (30, 7.0), (30, 29.0)] {
            let times = taken(limit, minute(rate, 0.0));
            let widest = times.windows(2).map(|pair| (pair[1] - pair[0] - 1.0 / limit).abs()).fold(0.0, f64::max);
            assert!(widest <= 1.0 / f64::from(rate), "{rate}/s with at most {limit}/s: {widest} s off");
        }
        let times = taken(10.0, minute(25, 0.0));
        let steps: Vec<_> = times.windows(2).take(4).map(|pair| ((pair[1] - pair[0]) * 1e3).round()).collect();
        assert_eq!(steps, [80.0, 120.0, 80.0, 120.0]);
    }

    #[test]
    fn a_pause_saves_up_no_frames() {
        let times = (0..30).map(|n| f64::from(n) / 30.0).chain((0..30).map(|n| 100.0 + f64::from(n) / 30.0));
        assert_eq!(taken(5.0, times).len(), 10);
    }

    #[test]
    fn a_film_that_starts_again_does_not_wait_for_its_old_time() {
        let times = (0..60).map(|n| f64::from(n) / 30.0).chain((0..60).map(|n| f64::from(n) / 30.0));
        assert_eq!(taken(5.0, times).len(), 20);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_has_more_than_the_limit_and_two(
            gaps in prop::collection::vec(0.0_f64..2.0, 1..300),
            limit in 0.1_f64..100.0,
        ) {
            let mut time = 0.0;
            let times = gaps.iter().map(|gap| { time += gap * gap; time });
            let taken = taken(limit, times);
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let most = (to - from) * limit + 2.0;
                    prop_assert!((last - first) as f64 <= most + 1e-6, "{} frames in {} s", last - first + 1, to - from);
                }
            }
        }
    }
}
