//! The time line of a stream: when each of its frames was, on a clock that does not run backwards.

use super::clock::SHORTEST_GAP;
use crate::frame::FrameInfo;
use crate::prediction::Moment;
use std::time::{Duration, Instant};

/// The time line of one stream. A film has its own time (its timestamps); a camera has the time of capture.
#[derive(Debug, Clone, Default)]
pub(super) struct TimeLine {
    /// The time of capture of the first frame.
    origin: Option<Instant>,
    is_live: bool,
    /// Whether frames have the time of their timestamps.
    is_film: bool,
    /// The time of the latest frame as its source gives it.
    latest: Duration,
    /// What is added to the source's times, after they have jumped back.
    offset: Duration,
}

impl TimeLine {
    /// The time of a frame. After a jump back, as in a film that begins again, time goes on behind a gap.
    pub fn moment(&mut self, frame: &FrameInfo) -> Moment {
        let origin = *self.origin.get_or_insert_with(|| {
            self.is_live = frame.live;
            self.is_film = !frame.live && frame.pts.is_some();
            frame.captured
        });
        let raw = if self.is_film { frame.pts.unwrap_or(self.latest) } else { frame.captured.saturating_duration_since(origin) };
        if let Some(back) = self.latest.checked_sub(raw).filter(|back| *back >= SHORTEST_GAP) {
            self.offset += back + SHORTEST_GAP;
        }
        self.latest = raw;
        Moment { at: raw + self.offset, timestamp: frame.timestamp, pts: frame.pts }
    }

    /// Whether the source is live, as far as is known.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// The instant of `moment`; `None` for a source that is not live, whose frames come when they are wanted.
    pub fn instant(&self, moment: Moment) -> Option<Instant> {
        let origin = self.origin.filter(|_| self.is_live)?;
        origin.checked_add(moment.at.saturating_sub(self.offset))
    }

    /// The time that `now` is on this line.
    pub fn at(&self, now: Instant) -> Option<Duration> {
        let origin = self.origin.filter(|_| self.is_live)?;
        Some(now.saturating_duration_since(origin) + self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Picture, PixelFormat};

    fn frame(live: bool, captured: Instant, pts: Option<u64>) -> FrameInfo {
        let info = FrameInfo::new(Picture::new(PixelFormat::Gray8, 1, 1));
        FrameInfo { live, captured, pts: pts.map(Duration::from_millis), ..info }
    }

    #[test]
    fn a_film_has_its_own_time_and_a_camera_that_of_capture() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut film, mut camera) = (TimeLine::default(), TimeLine::default());
        let mut both = |captured, pts| {
            let [film, camera] = [(&mut film, false), (&mut camera, true)]
                .map(|(line, live)| line.moment(&frame(live, at(captured), pts)).at.as_millis());
            (film, camera)
        };
        assert_eq!(both(0, Some(5_000)), (5_000, 0));
        assert_eq!(both(10, Some(6_000)), (6_000, 10));
        assert_eq!(both(20, None), (6_000, 20), "time stands still");
        assert_eq!(both(30, Some(100)), (8_000, 30), "the film begins again, behind a gap");
        assert_eq!(both(40, Some(200)), (8_100, 40));
        assert_eq!((film.instant(Moment::ZERO), camera.instant(Moment::ZERO)), (None, Some(start)));
        assert_eq!(camera.at(at(70)), Some(Duration::from_millis(70)));
    }

    #[test]
    fn a_file_without_timestamps_has_the_time_of_its_reading() {
        let (start, mut line) = (Instant::now(), TimeLine::default());
        line.moment(&frame(false, start, None));
        assert_eq!(line.moment(&frame(false, start + Duration::from_millis(7), Some(3))).at, Duration::from_millis(7));
    }
}
