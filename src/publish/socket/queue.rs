//! The queued lines of one subscriber. A slow reader loses whole lines, oldest first, and gets their number.

use crate::message::add_missed;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

/// The maximum number of queued results and statuses.
pub const WAITING: usize = 64;
/// The maximum number of queued answers: a subscriber that only sends requests and does not read is disconnected.
const ANSWERS: usize = 16;

/// The kind of a line, which determines what happens when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `hello`, and the `subscribed` after it. Newer ones replace queued ones.
    Greeting,
    /// `subscribed`, the answer to a request. None is lost.
    Answer,
    /// A result or a status. The oldest is dropped.
    News,
}

/// The queued lines of one subscriber.
pub struct Queue {
    lines: VecDeque<(Kind, Arc<[u8]>)>,
    /// The number of bytes of the first line already written.
    written: usize,
    /// The number of lost lines not reported yet. The gap is before the first queued `News`.
    missed: u64,
    news: usize,
    answers: usize,
}

impl Default for Queue {
    fn default() -> Self {
        Self { lines: VecDeque::with_capacity(WAITING), written: 0, missed: 0, news: 0, answers: 0 }
    }
}

/// Too many answers are queued.
#[derive(Debug, PartialEq, Eq)]
pub struct Unread;

impl Queue {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether it is so full that writing should be attempted before more is queued.
    pub fn is_filling(&self) -> bool {
        self.news >= WAITING / 2
    }

    /// Queues a whole line.
    pub fn push(&mut self, kind: Kind, line: Arc<[u8]>) -> Result<(), Unread> {
        match kind {
            Kind::Greeting => {}
            Kind::Answer if self.answers >= ANSWERS => return Err(Unread),
            Kind::Answer => self.answers += 1,
            Kind::News => {
                if self.news >= WAITING {
                    self.lose_the_oldest();
                }
                self.news += 1;
            }
        }
        self.lines.push_back((kind, line));
        Ok(())
    }

    /// Removes queued greetings, which are being replaced.
    pub fn supersede_greetings(&mut self) {
        let begun = self.begun();
        let mut index = 0;
        self.lines.retain(|(kind, _)| {
            index += 1;
            index <= begun || *kind != Kind::Greeting
        });
    }

    /// Removes everything except a partially written line.
    pub fn clear(&mut self) {
        self.lines.truncate(self.begun());
        let count = |wanted| self.lines.iter().filter(|(kind, _)| *kind == wanted).count();
        (self.news, self.answers) = (count(Kind::News), count(Kind::Answer));
    }

    /// Counts lines that were lost before they were queued.
    pub fn miss(&mut self, count: u64) {
        self.missed += count;
    }

    /// Writes about `budget` bytes at most; `WouldBlock` if the connection accepts no more for now.
    pub fn write(&mut self, to: &mut impl Write, budget: usize) -> io::Result<()> {
        let mut left = budget;
        while left > 0
            && let Some((kind, line)) = self.lines.front()
        {
            let tells = *kind == Kind::News && self.written == 0 && self.missed > 0;
            // the count belongs to the first line after the gap, and is reported once a byte of that line is written
            let line = if tells { with_missed(line, self.missed) } else { line.clone() };
            let end = line.len().min(self.written.saturating_add(left));
            match to.write(&line[self.written..end]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.missed = if tells { 0 } else { self.missed };
                    self.written += count;
                    left = left.saturating_sub(count);
                    if self.written == line.len() {
                        self.pop();
                    } else if let Some((_, front)) = self.lines.front_mut() {
                        *front = line;
                    }
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The number of partially written lines: 0 or 1.
    fn begun(&self) -> usize {
        usize::from(self.written > 0)
    }

    fn pop(&mut self) {
        self.written = 0;
        if let Some((kind, _)) = self.lines.pop_front() {
            self.news -= usize::from(kind == Kind::News);
            self.answers -= usize::from(kind == Kind::Answer);
        }
    }

    fn lose_the_oldest(&mut self) {
        let begun = self.begun();
        let oldest = self.lines.iter().skip(begun).position(|(kind, _)| *kind == Kind::News);
        if let Some(oldest) = oldest {
            self.lines.remove(begun + oldest);
            self.news -= 1;
            self.missed += 1;
        }
    }
}

/// The line, which then also says how many lines were lost before it.
fn with_missed(line: &[u8], missed: u64) -> Arc<[u8]> {
    let mut line = line.to_vec();
    add_missed(&mut line, missed);
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts a number of bytes, then blocks.
    struct Narrow {
        room: usize,
        got: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.room -= count;
            self.got.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(text: &str) -> Arc<[u8]> {
        format!("{{\"n\":\"{text}\"}}\n").into_bytes().into()
    }

    fn written(queue: &mut Queue, room: usize) -> String {
        let mut narrow = Narrow { room, got: Vec::new() };
        let _ = queue.write(&mut narrow, usize::MAX);
        String::from_utf8(narrow.got).unwrap()
    }

    #[test]
    fn the_oldest_news_are_dropped_and_reported_at_the_gap() {
        let mut queue = Queue::default();
        queue.push(Kind::Greeting, line("hello")).unwrap();
        (0..WAITING + 3).for_each(|n| queue.push(Kind::News, line(&n.to_string())).unwrap());
        let all = written(&mut queue, usize::MAX);
        let lines: Vec<_> = all.lines().collect();
        assert_eq!(lines[..3], [r#"{"n":"hello"}"#, r#"{"n":"3","missed":3}"#, r#"{"n":"4"}"#]);
        assert_eq!(lines.len(), 1 + WAITING);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_partially_written_line_is_finished_and_no_count_is_lost() {
        let mut queue = Queue::default();
        queue.push(Kind::News, line("first")).unwrap();
        let mut seen = written(&mut queue, 4);
        (0..2 * WAITING).for_each(|n| queue.push(Kind::News, line(&n.to_string())).unwrap());
        assert_eq!(written(&mut queue, 0), "", "a count that was not written is still reported");
        (0..WAITING).for_each(|n| queue.push(Kind::News, line(&(2 * WAITING + n).to_string())).unwrap());
        seen += &written(&mut queue, usize::MAX);
        let lines: Vec<_> = seen.lines().collect();
        assert_eq!(lines[0], r#"{"n":"first"}"#);
        // all except the first and the WAITING - 1 still queued after it
        assert_eq!(lines[1], format!("{{\"n\":\"{}\",\"missed\":{}}}", 2 * WAITING + 1, 2 * WAITING + 1));
        assert_eq!(lines.len(), WAITING);
    }

    #[test]
    fn answers_and_the_latest_greeting_are_not_lost() {
        let mut queue = Queue::default();
        queue.push(Kind::Greeting, line("old")).unwrap();
        (0..ANSWERS).for_each(|n| queue.push(Kind::Answer, line(&format!("answer {n}"))).unwrap());
        assert_eq!(queue.push(Kind::Answer, line("one more")), Err(Unread));
        queue.supersede_greetings();
        queue.push(Kind::Greeting, line("new")).unwrap();
        (0..10 * WAITING).for_each(|n| queue.push(Kind::News, line(&n.to_string())).unwrap());
        let all = written(&mut queue, usize::MAX);
        assert!(!all.contains("old") && all.contains("new") && all.contains("answer 0") && all.contains("answer 15"), "{all}");
        queue.push(Kind::Answer, line("once more")).unwrap();
    }

    #[test]
    fn a_budget_ends_a_turn_in_the_middle_of_a_line() {
        let mut queue = Queue::default();
        (0..3).for_each(|n| queue.push(Kind::News, line(&n.to_string())).unwrap());
        let mut out = Vec::new();
        queue.write(&mut out, 14).unwrap();
        assert_eq!(out.len(), 14);
        queue.write(&mut out, usize::MAX).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"n\":\"0\"}\n{\"n\":\"1\"}\n{\"n\":\"2\"}\n");
    }

    #[test]
    fn a_last_line_follows_a_partially_written_one() {
        let mut queue = Queue::default();
        (0..3).for_each(|n| queue.push(Kind::News, line(&n.to_string())).unwrap());
        let mut seen = written(&mut queue, 4);
        queue.clear();
        queue.push(Kind::Answer, line("error")).unwrap();
        seen += &written(&mut queue, usize::MAX);
        assert_eq!(seen, "{\"n\":\"0\"}\n{\"n\":\"error\"}\n");
    }
}
