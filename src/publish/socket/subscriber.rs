//! One subscriber: what it wants, what waits for it, what it has missed.

use crate::prediction::Prediction;
use mio::net::UnixStream;
use serde::Deserialize;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Lines that wait for one subscriber at the most; a slow one loses the oldest.
pub const WAITING: usize = 64;
/// A subscriber's own line is no longer than this.
const INPUT: usize = 4096;

/// What a subscriber may choose.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// Only results of these cameras.
    pub cameras: Option<Vec<String>>,
    /// So many of the best classes at the most.
    pub top: Option<usize>,
    /// Only classes of at least this confidence, and only results that have one.
    pub min_confidence: f32,
    /// So many results of a camera each second at the most.
    pub max_rate: Option<f64>,
    /// Only results whose best class is another than in the line before.
    pub on_change: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    subscribe: Choice,
}

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
        !self.closing && self.choice.cameras.as_ref().is_none_or(|cameras| cameras.iter().any(|known| known == camera))
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
            let too_soon = choice.max_rate.is_some_and(|rate| now < last.at + Duration::from_secs_f64(1.0 / rate));
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
                self.choice = choice(&line)?;
                self.last.clear();
            }
        }
        if self.input.len() > INPUT {
            return Err(format!("a line of more than {INPUT} bytes"));
        }
        Ok(())
    }
}

/// The choice that a subscriber's line makes.
pub fn choice(line: &[u8]) -> Result<Choice, String> {
    let Request { subscribe } = serde_json::from_slice(line).map_err(|e| format!("not a subscribe line: {e}"))?;
    if subscribe.max_rate.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
        return Err("max_rate must be above 0".into());
    }
    if subscribe.top == Some(0) {
        return Err("top must be at least 1".into());
    }
    Ok(subscribe)
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
    fn a_choice_is_one_json_line() {
        let line = br#"{"subscribe":{"cameras":["front"],"top":1,"min_confidence":0.5,"max_rate":5,"on_change":true}}"#;
        let expected =
            Choice { cameras: Some(vec!["front".into()]), top: Some(1), min_confidence: 0.5, max_rate: Some(5.0), on_change: true };
        assert_eq!(choice(line), Ok(expected));
        assert_eq!(choice(br#"{"subscribe":{}}"#), Ok(Choice::default()));
    }

    #[test]
    fn what_is_none_is_told() {
        for (line, told) in [
            (&b"hello"[..], "not a subscribe line"),
            (b"{}", "missing field `subscribe`"),
            (br#"{"subscribe":{"camera":"front"}}"#, "unknown field `camera`"),
            (br#"{"subscribe":{"top":0}}"#, "at least 1"),
            (br#"{"subscribe":{"max_rate":0}}"#, "above 0"),
            (b"\xff\xfe\x00", "not a subscribe line"),
        ] {
            assert!(choice(line).unwrap_err().contains(told), "{:?}", choice(line));
        }
    }

    #[test]
    fn a_missed_count_is_the_last_field() {
        assert_eq!(&*with_missed(b"{\"a\":1}\n", 7), b"{\"a\":1,\"missed\":7}\n");
    }
}
