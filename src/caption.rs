//! The text on a camera's video: set with each result, taken before each drawn picture. Neither side waits for the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A text that is not renewed for this long is removed, because it is out of date: at the least.
const LASTS: Duration = Duration::from_secs(1);

/// The text; all clones share it.
#[derive(Clone, Default)]
pub struct Caption(Arc<Shared>);

#[derive(Default)]
struct Shared {
    wanted: AtomicBool,
    /// How long a text is valid, if longer than [`LASTS`].
    lasts: Duration,
    text: Mutex<Text>,
}

#[derive(Default)]
struct Text {
    markup: String,
    /// When it was last set or renewed; `None` if nothing is shown.
    at: Option<Instant>,
    /// Whether the video still shows another text.
    changed: bool,
}

impl Caption {
    /// Whose text is valid for `time`, but not less than a second: for results that are further apart.
    pub fn lasting(time: Duration) -> Self {
        Self(Arc::new(Shared { lasts: time, ..Shared::default() }))
    }

    /// How long a text is valid.
    pub fn lasts(&self) -> Duration {
        self.0.lasts.max(LASTS)
    }

    /// Records that a video shows it.
    pub fn want(&self) {
        self.0.wanted.store(true, Ordering::Relaxed);
    }

    /// Whether a video shows it.
    pub fn is_wanted(&self) -> bool {
        self.0.wanted.load(Ordering::Relaxed)
    }

    /// Sets the text, in Pango markup, valid from `now` on.
    pub fn set(&self, markup: &str, now: Instant) {
        let mut text = self.0.text.lock().unwrap_or_else(PoisonError::into_inner);
        if text.markup != markup || text.at.is_none() {
            text.markup.clear();
            text.markup.push_str(markup);
            text.changed = true;
        }
        text.at = Some(now);
    }

    /// Renews the same text at `now`.
    pub fn keep(&self, now: Instant) {
        let mut text = self.0.text.lock().unwrap_or_else(PoisonError::into_inner);
        if text.at.is_some() {
            text.at = Some(now);
        }
    }

    /// The text to draw from `now` on, if it has changed; empty if the last result is too old.
    pub fn take(&self, now: Instant) -> Option<String> {
        let mut text = self.0.text.lock().unwrap_or_else(PoisonError::into_inner);
        if text.at.is_some_and(|at| now.saturating_duration_since(at) > self.lasts()) {
            *text = Text::default();
            return Some(String::new());
        }
        std::mem::take(&mut text.changed).then(|| text.markup.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_drawn_once_and_removed_when_out_of_date() {
        let (caption, start) = (Caption::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(caption.take(at(0)), None);
        caption.set("cat", at(0));
        assert_eq!((caption.take(at(10)).as_deref(), caption.take(at(20))), (Some("cat"), None));
        caption.set("cat", at(900));
        assert_eq!(caption.take(at(1800)), None, "the same text is not drawn again");
        caption.keep(at(1900));
        assert_eq!(caption.take(at(2800)), None);
        assert_eq!(caption.take(at(2901)).as_deref(), Some(""));
        assert_eq!(caption.take(at(3000)), None);
        caption.set("cat", at(3100));
        assert_eq!(caption.take(at(3100)).as_deref(), Some("cat"), "it comes back");
    }

    #[test]
    fn lasts_longer_where_results_are_further_apart() {
        let (caption, start) = (Caption::lasting(Duration::from_secs(4)), Instant::now());
        caption.set("cat", start);
        assert!(caption.take(start).is_some() && caption.take(start + Duration::from_secs(4)).is_none());
        assert_eq!(caption.take(start + Duration::from_secs(5)).as_deref(), Some(""));
    }
}
