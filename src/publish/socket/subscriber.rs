//! One subscriber: what it wants, what waits for it, what it has missed.

use super::request::{self, Choice};
use crate::prediction::Prediction;
use mio::net::UnixStream;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Instant;

/// Lines that wait for one subscriber at the most; a slow one loses the oldest.
pub const WAITING: usize = 64;

/// What was last sent of a camera.
struct Last {
    at: Instant,
    best: Option<usize>,
}

/// One subscriber.
pub struct Subscriber {
    /// Its end of the connection.
    pub stream: UnixStream,
    /// What it wants.
    pub choice: Choice,
    waiting: VecDeque<Arc<[u8]>>,
    /// How much of the first waiting line is out.
    written: usize,
    missed: u64,
    /// It took no more; until it says otherwise nothing is tried.
    blocked: bool,
    input: Vec<u8>,
    deaf: bool,
    closing: bool,
    last: HashMap<Arc<str>, Last>,
}

impl Subscriber {
    /// A new one, which gets everything.
    pub fn new(stream: UnixStream) -> Self {
        let (choice, waiting) = (Choice::default(), VecDeque::with_capacity(WAITING));
        Self {
            stream,
            choice,
            waiting,
            written: 0,
            missed: 0,
            blocked: false,
            input: Vec::new(),
            deaf: false,
            closing: false,
            last: HashMap::new(),
        }
    }

    /// Whether it wants to know of `camera`.
    pub fn follows(&self, camera: &str) -> bool {
        !self.closing && self.choice.follows(camera)
    }

    /// Whether `prediction`, taken at `now`, is for this subscriber.
    pub fn wants(&mut self, prediction: &Prediction, now: Instant) -> bool {
        let choice = &self.choice;
        let best = prediction.top.first().filter(|best| best.confidence >= choice.min_confidence);
        if !self.follows(&prediction.source) || (best.is_none() && choice.min_confidence > 0.0) {
            return false;
        }
        let best = best.map(|best| best.index);
        if let Some(last) = self.last.get(&prediction.source) {
            let too_soon = now.saturating_duration_since(last.at) < choice.period();
            if too_soon || (choice.on_change && last.best == best) {
                return false;
            }
        }
        self.last.insert(prediction.source.clone(), Last { at: now, best });
        true
    }

    /// Queues a whole line. Where too many wait, the oldest that is not half out goes.
    pub fn push(&mut self, line: Arc<[u8]>) {
        if self.waiting.len() >= WAITING {
            self.waiting.remove(usize::from(self.written > 0));
            self.missed += 1;
        }
        self.waiting.push_back(line);
    }

    /// Tells it of results that it did not even get to wait for.
    pub fn miss(&mut self, count: u64) {
        self.missed += count;
    }

    /// Queues a last line; the connection closes behind it.
    pub fn refuse(&mut self, line: Arc<[u8]>) {
        self.waiting.truncate(usize::from(self.written > 0));
        self.waiting.push_back(line);
        (self.closing, self.deaf) = (true, true);
    }

    /// Whether something waits to be written.
    pub fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The connection takes more again.
    pub fn unblock(&mut self) {
        self.blocked = false;
    }

    /// Writes as much as the connection takes; `false` when it is over.
    pub fn write(&mut self) -> bool {
        while !self.blocked
            && let Some(line) = self.waiting.front()
        {
            // the count goes with the first line behind the gap, once that line is on its way
            let line = if self.written == 0 && self.missed > 0 { with_missed(line, self.missed) } else { line.clone() };
            match (&self.stream).write(&line[self.written..]) {
                Ok(count) if self.written + count == line.len() => {
                    self.waiting.pop_front();
                    (self.written, self.missed) = (0, if self.written == 0 { 0 } else { self.missed });
                }
                Ok(count) => {
                    self.missed = if self.written == 0 { 0 } else { self.missed };
                    self.written += count;
                    self.waiting[0] = line;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.blocked = true,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        !self.closing || self.has_more()
    }

    /// Reads what it has to say. An error is what to refuse it with.
    pub fn read(&mut self) -> Result<(), String> {
        let mut chunk = [0; 1024];
        while !self.deaf {
            match (&self.stream).read(&mut chunk) {
                // it has nothing more to say, but may well go on listening
                Ok(0) => self.deaf = true,
                Ok(count) => self.take_in(&chunk[..count])?,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.deaf = true,
            }
        }
        Ok(())
    }

    fn take_in(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.input.extend_from_slice(bytes);
        while let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            if !line.trim_ascii().is_empty() {
                self.choice = request::parse(&line)?;
                self.last.clear();
            }
        }
        if self.input.len() > request::LINE {
            return Err(format!("a request must be a line of at most {} bytes", request::LINE));
        }
        Ok(())
    }
}

/// The line with `"missed":N` as its last field.
fn with_missed(line: &[u8], missed: u64) -> Arc<[u8]> {
    let body = line.strip_suffix(b"}\n").unwrap_or(line);
    [body, format!(",\"missed\":{missed}}}\n").as_bytes()].concat().into()
}

/// One write that must not wait, for a connection that is refused at once.
pub fn write_once(stream: &UnixStream, line: &[u8]) -> io::Result<()> {
    let mut stream = stream;
    stream.write_all(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_count_is_the_last_field() {
        assert_eq!(&*with_missed(b"{\"a\":1}\n", 7), b"{\"a\":1,\"missed\":7}\n");
    }
}
