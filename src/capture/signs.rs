//! Decides whether a live source is lost: checks its frames against its time limits. Pure; the time is a parameter.

use std::fmt;
use std::time::{Duration, Instant};

/// Damaged frames in a row after which the pipeline is rebuilt.
const DAMAGED_IN_A_ROW: u32 = 50;

/// How long only damaged frames may arrive before the pipeline is rebuilt.
const DAMAGED_FOR: Duration = Duration::from_secs(5);

/// How long a live source may go without a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start of the pipeline (PLAYING) to the first frame: a camera may have to warm up, a stream to wait for its next key
    /// frame. Also how long only frames flagged as corrupted may arrive.
    pub start: Duration,
    /// From one frame to the next.
    pub stall: Duration,
}

/// What kind of frame arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A frame that gets a result, or one that repeats the last picture.
    Usable,
    /// A frame that its decoder flagged as corrupted: more of them are likely until the next key frame.
    Corrupted,
    /// A frame that does not match its caps.
    Damaged,
}

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// No usable frame within this time of the start.
    Start(Duration),
    /// No frame for this long.
    Stall(Duration),
    /// Only frames flagged as corrupted for this long.
    Corrupted(Duration),
    /// Only damaged frames: this many in a row.
    Row(u32),
    /// Only damaged frames for this long.
    Damaged(Duration),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(limit) => write!(f, "no frame for {limit:?} after the start (start_timeout)"),
            Self::Stall(limit) => write!(f, "no frame for {limit:?} (stall_timeout)"),
            Self::Corrupted(limit) => write!(f, "only frames flagged as corrupted for {limit:?} (start_timeout)"),
            Self::Row(frames) => write!(f, "{frames} damaged frames in a row"),
            Self::Damaged(limit) => write!(f, "only damaged frames for {limit:?}"),
        }
    }
}

impl Lost {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Start(_) => {
                "If the camera needs longer to start, raise start_timeout in its [[camera]], or --start-timeout.\n\
                 If it never starts: does the same text work with gst-launch-1.0 -v and `fakesink` in place of the appsink?"
            }
            Self::Stall(_) => {
                "If its frames are further apart, raise stall_timeout in its [[camera]], or --stall-timeout.\n\
                 Otherwise the camera or its driver hangs. If that does not end, unplug the camera and plug it in again."
            }
            Self::Corrupted(_) => {
                "The decoder waits for a key frame. If key frames are further apart, raise start_timeout in its [[camera]], or --start-timeout."
            }
            Self::Row(_) | Self::Damaged(_) => {
                "The camera, its driver or an element of the pipeline produces frames that do not match their caps."
            }
        }
    }
}

/// The frames seen so far.
#[derive(Debug, Clone, Copy)]
pub struct Signs {
    /// The start, or the latest usable frame.
    usable: Instant,
    /// The latest frame of any kind.
    latest: Instant,
    flowing: bool,
    /// When a run of damaged frames began, and its length.
    row: Option<(Instant, u32)>,
}

impl Signs {
    /// A pipeline that starts at `now`.
    pub fn new(now: Instant) -> Self {
        Self { usable: now, latest: now, flowing: false, row: None }
    }

    /// Records a frame.
    pub fn see(&mut self, seen: Seen, now: Instant) {
        self.latest = now;
        match seen {
            Seen::Usable => (self.usable, self.flowing, self.row) = (now, true, None),
            // has its own limit: it neither begins nor ends a run of damaged frames
            Seen::Corrupted => {}
            Seen::Damaged => {
                let (since, frames) = self.row.unwrap_or((now, 0));
                self.row = Some((since, frames.saturating_add(1)));
            }
        }
    }

    /// Whether a usable frame has arrived.
    pub fn is_flowing(&self) -> bool {
        self.flowing
    }

    /// The limit that is reached at `now`, or the time until the next one may be.
    pub fn check(&self, limits: &Limits, now: Instant) -> Result<Duration, Lost> {
        let since = |then: Instant| now.saturating_duration_since(then);
        if let Some((began, frames)) = self.row {
            if frames >= DAMAGED_IN_A_ROW {
                return Err(Lost::Row(DAMAGED_IN_A_ROW));
            }
            if self.latest.saturating_duration_since(began) >= DAMAGED_FOR {
                return Err(Lost::Damaged(DAMAGED_FOR));
            }
        }
        let to_start = limits.start.saturating_sub(since(self.usable));
        if !self.flowing {
            return if to_start.is_zero() { Err(Lost::Start(limits.start)) } else { Ok(to_start) };
        }
        let to_stall = limits.stall.saturating_sub(since(self.latest));
        if to_stall.is_zero() {
            return Err(Lost::Stall(limits.stall));
        }
        // only unusable frames since the latest usable one
        if self.latest > self.usable && to_start.is_zero() {
            return Err(Lost::Corrupted(limits.start));
        }
        Ok(to_stall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { start: Duration::from_secs(30), stall: Duration::from_secs(5) };

    /// Simulates frames at the given seconds, checks every second until `until`, and returns the first loss.
    fn course(frames: &[(f64, Seen)], until: u32) -> Option<(u32, Lost)> {
        let start = Instant::now();
        let mut signs = Signs::new(start);
        let mut frames = frames.iter().peekable();
        (0..=until).find_map(|second| {
            let now = start + Duration::from_secs(second.into());
            while let Some((at, seen)) = frames.next_if(|(at, _)| *at <= f64::from(second)) {
                signs.see(*seen, start + Duration::from_secs_f64(*at));
            }
            signs.check(&LIMITS, now).err().map(|lost| (second, lost))
        })
    }

    fn every(step: f64, from: f64, to: f64, seen: Seen) -> Vec<(f64, Seen)> {
        (0..).map(|n| from + f64::from(n) * step).take_while(|at| *at < to).map(|at| (at, seen)).collect()
    }

    #[test]
    fn the_first_frame_has_its_own_limit() {
        assert_eq!(course(&[], 100), Some((30, Lost::Start(LIMITS.start))));
        assert_eq!(course(&every(1.0, 29.0, 100.0, Seen::Usable), 90), None, "a camera that needs 29 s to start");
        assert_eq!(course(&[(6.0, Seen::Usable)], 100), Some((11, Lost::Stall(LIMITS.stall))));
    }

    #[test]
    fn corrupted_frames_count_as_alive_until_the_start_limit() {
        let joined = [every(0.1, 0.0, 20.0, Seen::Corrupted), every(0.1, 20.0, 60.0, Seen::Usable)].concat();
        assert_eq!(course(&joined, 60), None, "a stream that is joined 20 s before its next key frame");
        assert_eq!(course(&every(0.1, 0.0, 60.0, Seen::Corrupted), 60), Some((30, Lost::Start(LIMITS.start))));
        let broken = [every(0.1, 0.0, 10.0, Seen::Usable), every(0.1, 10.0, 90.0, Seen::Corrupted)].concat();
        assert_eq!(course(&broken, 90), Some((40, Lost::Corrupted(LIMITS.start))));
    }

    #[test]
    fn only_damaged_frames_mean_that_the_source_is_lost() {
        let each_tenth = every(0.1, 0.0, 60.0, Seen::Usable).into_iter().enumerate();
        let each_tenth: Vec<_> = each_tenth.map(|(n, (at, seen))| (at, if n % 10 == 9 { Seen::Damaged } else { seen })).collect();
        assert_eq!(course(&each_tenth, 60), None);
        assert_eq!(course(&every(0.01, 0.0, 60.0, Seen::Damaged), 60), Some((1, Lost::Row(50))));
        assert_eq!(course(&every(0.5, 0.0, 60.0, Seen::Damaged), 60), Some((5, Lost::Damaged(DAMAGED_FOR))));
        // a slow camera with one damaged frame is not lost
        let slow = [(0.0, Seen::Usable), (4.0, Seen::Damaged), (8.0, Seen::Usable)];
        assert_eq!(course(&slow, 12), None);
    }

    #[test]
    fn damaged_frames_reset_the_stall_limit() {
        let frames = [(1.0, Seen::Usable), (5.0, Seen::Damaged), (9.0, Seen::Usable), (13.0, Seen::Usable)];
        assert_eq!(course(&frames, 17), None);
    }
}
