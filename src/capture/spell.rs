//! Rate-limits reports about frames: one at once, then one a minute while the condition lasts. Pure; the time is a parameter.

use std::time::{Duration, Instant};

/// The interval between reports; a spell ends when nothing happens for this long.
const INTERVAL: Duration = Duration::from_secs(60);

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The number of occurrences since the last report.
    pub times: u64,
    /// Whether there was an earlier report of this spell: then `times` covers the last minute.
    pub goes_on: bool,
}

/// A recurring event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spell {
    last_report: Option<Instant>,
    times: u64,
}

impl Spell {
    /// Counts `times` occurrences.
    pub fn count(&mut self, times: u64) {
        self.times += times;
    }

    /// The report due at `now`, if any.
    pub fn report(&mut self, now: Instant) -> Option<Report> {
        let goes_on = self.last_report.is_some();
        if self.next(now).is_some_and(|wait| !wait.is_zero()) {
            return None;
        }
        let times = std::mem::take(&mut self.times);
        self.last_report = (times > 0).then_some(now);
        (times > 0).then_some(Report { times, goes_on })
    }

    /// The time until a report may be due, if nothing else happens.
    pub fn next(&self, now: Instant) -> Option<Duration> {
        match self.last_report {
            Some(last) => Some(INTERVAL.saturating_sub(now.saturating_duration_since(last))),
            None => (self.times > 0).then_some(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_reported_at_once_and_then_once_a_minute() {
        let (start, mut spell) = (Instant::now(), Spell::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!((spell.report(at(0)), spell.next(at(0))), (None, None));
        let mut reports = Vec::new();
        for second in 0..300 {
            if second < 150 {
                spell.count(2);
            }
            reports.extend(spell.report(at(second)).map(|report| (second, report.times, report.goes_on)));
        }
        assert_eq!(reports, [(0, 2, false), (60, 120, true), (120, 120, true), (180, 58, true)]);
        spell.count(1);
        assert_eq!(spell.report(at(300)), Some(Report { times: 1, goes_on: false }), "another spell");
        assert_eq!(spell.next(at(310)), Some(Duration::from_secs(50)));
    }
}
