//! The text of several streams on one video: a line for each.

use crate::caption::Caption;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The text on a camera's video. Clones share it.
#[derive(Clone, Default)]
pub struct Board {
    caption: Caption,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    entries: Vec<Entry>,
    next: usize,
    /// All lines, one below the other.
    text: String,
}

struct Entry {
    id: usize,
    title: String,
    markup: String,
    at: Option<Instant>,
}

/// One stream's part of a [`Board`], until it is dropped.
pub struct Line {
    id: usize,
    board: Board,
}

impl Board {
    /// On `caption`.
    pub fn new(caption: Caption) -> Self {
        Self { caption, lines: Arc::default() }
    }

    /// A part for the stream that is called `title`, in Pango markup.
    pub fn line(&self, title: String) -> Line {
        let mut lines = self.lock();
        let id = lines.next;
        lines.next += 1;
        lines.entries.push(Entry { id, title, markup: String::new(), at: None });
        drop(lines);
        Line { id, board: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Whether a video shows it.
    pub fn is_wanted(&self) -> bool {
        self.board.caption.is_wanted()
    }

    /// Whether it is the only one, so that there is room for more than a line.
    pub fn is_alone(&self) -> bool {
        self.board.lock().entries.len() == 1
    }

    /// Sets the text, valid from `now` on.
    pub fn set(&self, markup: &str, now: Instant) {
        let mut lines = self.board.lock();
        if let Some(entry) = lines.entries.iter_mut().find(|entry| entry.id == self.id) {
            entry.markup.clear();
            entry.markup.push_str(markup);
        }
        self.renew(&mut lines, now);
    }

    /// Renews the same text at `now`.
    pub fn keep(&self, now: Instant) {
        self.renew(&mut self.board.lock(), now);
    }

    fn renew(&self, lines: &mut Lines, now: Instant) {
        let Lines { entries, text, .. } = lines;
        if let Some(entry) = entries.iter_mut().find(|entry| entry.id == self.id) {
            entry.at = Some(now);
        }
        text.clear();
        let is_alone = entries.len() == 1;
        let is_valid = |entry: &&Entry| entry.at.is_some_and(|at| now.saturating_duration_since(at) <= self.board.caption.lasts());
        for entry in entries.iter().filter(is_valid) {
            let end = if text.is_empty() { "" } else { "\n" };
            // writing to a string does not fail
            let _ = match is_alone {
                true => write!(text, "{}", entry.markup),
                false => write!(text, "{end}{}: {}", entry.title, entry.markup),
            };
        }
        self.board.caption.set(text, now);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.board.lock().entries.retain(|entry| entry.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_stream_has_a_line_that_goes_when_it_is_out_of_date_or_the_stream_is_removed() {
        let (caption, start) = (Caption::default(), Instant::now());
        let board = Board::new(caption.clone());
        let at = |ms| start + Duration::from_millis(ms);
        let door = board.line("door".into());
        assert!(door.is_alone());
        door.set("cat", at(0));
        assert_eq!(caption.take(at(0)).as_deref(), Some("cat"), "without a title");
        let gate = board.line("gate".into());
        gate.set("dog", at(100));
        assert_eq!(caption.take(at(100)).as_deref(), Some("door: cat\ngate: dog"));
        door.keep(at(900));
        assert_eq!(caption.take(at(900)), None, "the same text");
        gate.set("owl", at(1500));
        assert_eq!(caption.take(at(1500)).as_deref(), Some("door: cat\ngate: owl"));
        gate.keep(at(2000));
        assert_eq!(caption.take(at(2000)).as_deref(), Some("gate: owl"), "the door's is out of date");
        drop(door);
        gate.set("owl", at(2100));
        assert_eq!(caption.take(at(2100)).as_deref(), Some("owl"));
    }
}
