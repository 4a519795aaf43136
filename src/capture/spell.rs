//! Rate-limits a report that any frame may cause: made at once, then once a minute for as long as it lasts. Pure; time is handed in.

use std::time::{Duration, Instant};

/// The interval of reports of one spell; a spell is over when nothing happened for this long.
const APART: Duration = Duration::from_secs(60);

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How often it happened since the last report.
    pub times: u64,
    /// Whether there was an earlier report of this spell: then `times` covers the last minute.
    pub goes_on: bool,
}

/// A recurring event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spell {
    told: Option<Instant>,
    times: u64,
}

impl Spell {
    /// It happened `times` times.
    pub fn count(&mut self, times: u64) {
        self.times += times;
    }

    /// The report that is due at `now`.
    pub fn report(&mut self, now: Instant) -> Option<Report> {
        let goes_on = self.told.is_some();
        if self.next(now).is_some_and(|wait| !wait.is_zero()) {
            return None;
        }
        let times = std::mem::take(&mut self.times);
        self.told = (times > 0).then_some(now);
        (times > 0).then_some(Report { times, goes_on })
    }

    /// How long until a report may be due, if nothing happens meanwhile.
    pub fn next(&self, now: Instant) -> Option<Duration> {
        match self.told {
            Some(told) => Some(APART.saturating_sub(now.saturating_duration_since(told))),
            None => (self.times > 0).then_some(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_at_once_and_then_once_a_minute() {
        let (start, mut spell) = (Instant::now(), Spell::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!((spell.report(at(0)), spell.next(at(0))), (None, None));
        let mut told = Vec::new();
        for second in 0..300 {
            if second < 150 {
                spell.count(2);
            }
            told.extend(spell.report(at(second)).map(|report| (second, report.times, report.goes_on)));
        }
        assert_eq!(told, [(0, 2, false), (60, 120, true), (120, 120, true), (180, 58, true)]);
        spell.count(1);
        assert_eq!(spell.report(at(300)), Some(Report { times: 1, goes_on: false }), "another spell");
        assert_eq!(spell.next(at(310)), Some(Duration::from_secs(50)));
    }
}
