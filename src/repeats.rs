//! Repeated messages: each is logged once, then counted for a minute at a time.
//!
//! GStreamer elements may warn at every frame. Texts that differ only in their numbers ("frame 17 is bad") count as the same. The number
//! of texts and of sources is bounded, so that no source can fill the log or the memory, or hide messages of another source.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The interval at which repetitions are reported, and texts without repetitions forgotten.
const WINDOW: Duration = Duration::from_secs(60);

/// The maximum number of different texts of a source within a window; further ones are counted together.
const TEXTS: usize = 16;

/// The maximum number of sources; further ones share one count.
const SOURCES: usize = 256;

/// Recently logged texts, by source.
#[derive(Debug)]
pub struct Repeats<Tag> {
    sources: HashMap<String, HashMap<String, Known<Tag>>>,
}

/// A logged text.
#[derive(Debug)]
struct Known<Tag> {
    /// The text as logged; `None` for all texts beyond the limit.
    logged: Option<String>,
    tag: Tag,
    since: Instant,
    again: u64,
}

impl<Tag> Default for Repeats<Tag> {
    fn default() -> Self {
        Self { sources: HashMap::new() }
    }
}

impl<Tag: Copy> Repeats<Tag> {
    /// Whether `text` of `source`, seen at `now`, is to be logged; otherwise it is counted. `tag` (its level) is returned with the count.
    pub fn is_new(&mut self, source: &str, text: &str, tag: Tag, now: Instant) -> bool {
        let source = if self.sources.contains_key(source) || self.sources.len() < SOURCES { source } else { "" };
        let texts = self.sources.entry(source.to_owned()).or_default();
        let pattern = without_numbers(text);
        if let Some(known) = texts.get_mut(&pattern) {
            known.again += 1;
            return false;
        }
        if texts.len() < TEXTS {
            texts.insert(pattern, Known { logged: Some(text.to_owned()), tag, since: now, again: 0 });
            return true;
        }
        // no text has this pattern: in patterns, all numbers are 0
        texts.entry("1".into()).or_insert(Known { logged: None, tag, since: now, again: 0 }).again += 1;
        false
    }

    /// The reports about repeated texts that are due at `now`; at the `end`, about all of them.
    pub fn due(&mut self, now: Instant, end: bool) -> Vec<(Tag, String)> {
        let mut due = Vec::new();
        for (source, texts) in &mut self.sources {
            texts.retain(|_, known| {
                let time = now.saturating_duration_since(known.since);
                if time < WINDOW && !end {
                    return true;
                }
                let again = std::mem::replace(&mut known.again, 0);
                known.since = now;
                if again > 0 {
                    due.push((known.tag, summary(source, known.logged.as_deref(), again, time)));
                }
                again > 0 && known.logged.is_some()
            });
        }
        self.sources.retain(|_, texts| !texts.is_empty());
        due
    }
}

/// `front: 'v4l2src' warns: no signal (342 times more in the last minute)`
fn summary(source: &str, logged: Option<&str>, again: u64, time: Duration) -> String {
    let times = if again == 1 { "once".to_owned() } else { format!("{again} times") };
    let span = if time < WINDOW { format!("{} s", time.as_secs().max(1)) } else { "minute".to_owned() };
    match logged {
        Some(text) => format!("{text} ({times} more in the last {span})"),
        None if source.is_empty() => format!("other messages: {times} more in the last {span}"),
        None => format!("{source}: other messages: {times} more in the last {span}"),
    }
}

/// `text` with each number replaced by 0, including hexadecimal ones that begin with 0x.
fn without_numbers(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_ascii_digit() {
            pattern.push(c);
            continue;
        }
        pattern.push('0');
        let hexadecimal = c == '0' && rest.next_if_eq(&'x').is_some();
        while rest.next_if(|c| if hexadecimal { c.is_ascii_hexdigit() } else { c.is_ascii_digit() }).is_some() {}
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn due(repeats: &mut Repeats<u8>, now: Instant) -> Vec<String> {
        let mut due: Vec<_> = repeats.due(now, false).into_iter().map(|(_, text)| text).collect();
        due.sort();
        due
    }

    #[test]
    fn a_text_is_logged_once_and_then_counted_by_the_minute() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert!(repeats.is_new("front", "frame 17 at 0x7fab is bad", 4, start));
        for n in 18..360 {
            assert!(!repeats.is_new("front", &format!("frame {n} at 0x7c{n:x} is bad"), 4, start + SECOND));
        }
        assert!(repeats.is_new("front", "something else", 4, start + 30 * SECOND), "another text is logged");
        assert!(repeats.is_new("back", "frame 1 at 0x1 is bad", 4, start), "so is the same text of another source");
        assert!(due(&mut repeats, start + 59 * SECOND).is_empty());
        assert_eq!(due(&mut repeats, start + 60 * SECOND), ["frame 17 at 0x7fab is bad (342 times more in the last minute)"]);
        assert!(!repeats.is_new("front", "frame 1000 at 0x0 is bad", 4, start + 61 * SECOND), "it continues");
        assert_eq!(due(&mut repeats, start + 120 * SECOND), ["frame 17 at 0x7fab is bad (once more in the last minute)"]);
        assert!(due(&mut repeats, start + 180 * SECOND).is_empty());
        assert!(
            repeats.is_new("front", "frame 5 at 0x5 is bad", 4, start + 181 * SECOND),
            "after a minute without it, it is logged again"
        );
    }

    #[test]
    fn the_rest_is_reported_at_the_end_with_its_level() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert!(repeats.is_new("", "bad", 3, start) && !repeats.is_new("", "bad", 3, start));
        assert_eq!(repeats.due(start + 3 * SECOND, true), [(3, "bad (once more in the last 3 s)".to_owned())]);
    }

    #[test]
    fn many_different_texts_are_bounded_and_hide_no_other_source() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let text = |n: usize| "x".repeat(n + 1);
        let logged = (0..1000).filter(|n| repeats.is_new("front", &text(*n), 4, start)).count();
        assert_eq!(logged, TEXTS);
        assert!(repeats.is_new("back", "bad", 4, start));
        assert_eq!(due(&mut repeats, start + 60 * SECOND), ["front: other messages: 984 times more in the last minute"]);
        let sources = (0..1000).filter(|n| repeats.is_new(&text(*n), "bad", 4, start)).count();
        assert_eq!(sources, SOURCES + 1, "the last ones share a count");
        assert!(repeats.sources.len() <= SOURCES + 1);
    }
}
