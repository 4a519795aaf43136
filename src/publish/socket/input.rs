//! The input of one subscriber: lines of bounded length, at a bounded rate.

use crate::message::request::LINE;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The maximum number of requests of a subscriber per second; empty lines count.
const REQUESTS: usize = 10;
const SECOND: Duration = Duration::from_secs(1);

/// An incomplete line, and the times of the latest lines.
#[derive(Default)]
pub struct Input {
    bytes: Vec<u8>,
    latest: VecDeque<Instant>,
}

impl Input {
    /// Adds bytes read at `now`, and passes each complete non-empty line to `request`.
    pub fn take(&mut self, bytes: &[u8], now: Instant, mut request: impl FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.bytes.extend_from_slice(part);
            if self.bytes.len() > LINE {
                return Err(format!("a request must be a line of at most {LINE} bytes"));
            }
            if part.ends_with(b"\n") {
                self.count(now)?;
                if !self.bytes.trim_ascii().is_empty() {
                    request(&self.bytes)?;
                }
                self.bytes.clear();
            }
        }
        Ok(())
    }

    /// Counts a line; an error if there are too many.
    fn count(&mut self, now: Instant) -> Result<(), String> {
        if self.latest.len() == REQUESTS {
            let first = self.latest.pop_front();
            if first.is_some_and(|first| now.saturating_duration_since(first) < SECOND) {
                return Err(format!("at most {REQUESTS} requests per second are accepted"));
            }
        }
        self.latest.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(input: &mut Input, bytes: &[u8], now: Instant) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        input.take(bytes, now, |line| {
            lines.push(String::from_utf8_lossy(line).trim().to_owned());
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn a_line_may_arrive_in_parts_over_any_time() {
        let (mut input, start) = (Input::default(), Instant::now());
        for (n, byte) in b"{\"subscribe\":{}}".iter().enumerate() {
            assert_eq!(taken(&mut input, &[*byte], start + SECOND * n as u32), Ok(vec![]));
        }
        assert_eq!(taken(&mut input, b"\r\n{", start), Ok(vec!["{\"subscribe\":{}}".into()]));
    }

    #[test]
    fn ten_lines_in_any_second_and_no_more() {
        let (mut input, start) = (Input::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(taken(&mut input, &[b'\n'; 5], at(0)), Ok(vec![]));
        assert!(taken(&mut input, b"a\nb\nc\nd\ne\n", at(500)).is_ok());
        assert!(taken(&mut input, &[b'\n'; 5], at(1000)).is_ok(), "the first five are a second old");
        let refused = taken(&mut input, b"\n", at(1499)).unwrap_err();
        assert!(refused.contains("at most 10 requests per second"), "{refused}");
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let (mut input, now) = (Input::default(), Instant::now());
        assert!(taken(&mut input, &vec![b'x'; LINE], now).is_ok());
        let refused = taken(&mut input, b"x", now).unwrap_err();
        assert!(refused.contains("at most 16384 bytes"), "{refused}");
    }
}
