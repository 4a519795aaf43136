//! Frames without a result, logged at most once a minute for each camera: a model that fails may fail at every frame.

use crate::error::Error;
use std::time::{Duration, Instant};

/// How often a camera's failures are logged at most.
const EVERY: Duration = Duration::from_secs(60);

/// The failures of one camera that were not logged yet.
#[derive(Default)]
pub struct Failures {
    count: u64,
    logged: Option<Instant>,
}

impl Failures {
    /// Counts one at `now`; gives what to log, if it is time to.
    pub fn add(&mut self, error: &Error, now: Instant) -> Option<String> {
        self.count += 1;
        let since = self.logged.map(|logged| now.saturating_duration_since(logged));
        if since.is_some_and(|since| since < EVERY) {
            return None;
        }
        self.logged = Some(now);
        Some(match (std::mem::take(&mut self.count), since) {
            (1, _) => format!("a frame gave no result: {error}"),
            (count, since) => {
                format!("{count} frames gave no result in the last {} s, the latest: {error}", since.unwrap_or_default().as_secs())
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
        assert_eq!(at(0).as_deref(), Some("a frame gave no result: NaN"));
        assert!((1..100).all(|n| at(n * 500).is_none()));
        assert_eq!(at(61_000).as_deref(), Some("100 frames gave no result in the last 61 s, the latest: NaN"));
        assert_eq!(at(61_001), None);
        assert_eq!(at(200_000).as_deref(), Some("2 frames gave no result in the last 139 s, the latest: NaN"));
    }
}
