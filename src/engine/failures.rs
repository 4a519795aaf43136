//! Frames without a result, logged at most once a minute for each camera: a model that fails may fail at every frame.

use crate::error::Error;
use std::time::{Duration, Instant};

/// The minimum interval between log messages about a camera's failures.
const EVERY: Duration = Duration::from_secs(60);

/// The failures of one camera that are not logged yet.
#[derive(Default)]
pub struct Failures {
    count: u64,
    logged: Option<Instant>,
}

impl Failures {
    /// Counts a failure at `now`; returns a log message if one is due.
    pub fn add(&mut self, error: &Error, now: Instant) -> Option<String> {
        self.count += 1;
        let since = self.logged.map(|logged| now.saturating_duration_since(logged));
        if since.is_some_and(|since| since < EVERY) {
            return None;
        }
        self.logged = Some(now);
        Some(match (std::mem::take(&mut self.count), since) {
            (1, _) => format!("a frame got no result: {error}"),
            (count, since) => {
                format!("{count} frames got no result in the last {} s, the latest: {error}", since.unwrap_or_default().as_secs())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_and_then_a_count_each_minute() {
        let (mut failures, start, error) = (Failures::default(), Instant::now(), Error::failed("NaN"));
        let mut at = |ms: u64| failures.add(&error, start + Duration::from_millis(ms));
        assert_eq!(at(0).as_deref(), Some("a frame got no result: NaN"));
        assert!((1..100).all(|n| at(n * 500).is_none()));
        assert_eq!(at(61_000).as_deref(), Some("100 frames got no result in the last 61 s, the latest: NaN"));
        assert_eq!(at(61_001), None);
        assert_eq!(at(200_000).as_deref(), Some("2 frames got no result in the last 139 s, the latest: NaN"));
    }
}
