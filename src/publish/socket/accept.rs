//! Accepts connections. When file descriptors run out, waiting connections are accepted as soon as one is free.

use crate::backoff::Backoff;
use mio::net::{UnixListener, UnixStream};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// The pauses after failures; reset by an accepted connection.
const RETRY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1), Duration::MAX);
/// The minimum interval between log messages about failures.
const TOLD: Duration = Duration::from_secs(60);

/// Accepts connections. The poll reports new ones only once, so waiting ones have to be remembered.
pub struct Acceptor {
    listener: UnixListener,
    waiting: bool,
    /// The time of the next attempt after a failure.
    retry: Option<Instant>,
    backoff: Backoff,
    told: Option<Instant>,
}

impl Acceptor {
    /// Accepts the connections of `listener`.
    pub fn new(listener: UnixListener) -> Self {
        Self { listener, waiting: true, retry: None, backoff: RETRY, told: None }
    }

    /// The poll has reported connections.
    pub fn wake(&mut self) {
        self.waiting = true;
    }

    /// A file descriptor has become free.
    pub fn freed(&mut self) {
        if self.retry.is_some() {
            self.retry = Some(Instant::now());
        }
    }

    /// When a connection may be accepted; `None` if none is waiting.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.waiting.then(|| self.retry.unwrap_or(now))
    }

    /// Accepts a connection; `None` if none is waiting, or none can be accepted yet.
    pub fn next(&mut self, now: Instant) -> Option<UnixStream> {
        if self.due(now).is_none_or(|due| due > now) {
            return None;
        }
        let accepted = self.listener.accept().map(|(stream, _)| stream);
        self.settle(accepted, now)
    }

    /// Handles the result of an attempt.
    fn settle(&mut self, accepted: io::Result<UnixStream>, now: Instant) -> Option<UnixStream> {
        match accepted {
            Ok(stream) => {
                (self.retry, self.backoff) = (None, RETRY);
                Some(stream)
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                (self.waiting, self.retry, self.backoff) = (false, None, RETRY);
                None
            }
            // it was closed while waiting: try the next one
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {
                None
            }
            Err(e) => {
                if self.told.is_none_or(|told| now.saturating_duration_since(told) >= TOLD) {
                    self.told = Some(now);
                    tracing::warn!("cannot accept a subscriber, retrying: {e}{}", hint(&e));
                }
                self.retry = Some(now + self.backoff.pause(Duration::ZERO));
                None
            }
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    const LIMIT: &str = "\n  The limit of open files is reached: raise LimitNOFILE= of the service, or ulimit -n.";
    if error.raw_os_error() == Some(nix::errno::Errno::EMFILE as i32) { LIMIT } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_retried_with_growing_pauses_and_at_once_when_a_descriptor_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let mut acceptor = Acceptor::new(UnixListener::bind(folder.path().join("s")).unwrap());
        let start = Instant::now();
        let emfile = || Err(io::Error::from_raw_os_error(nix::errno::Errno::EMFILE as i32));
        let mut pauses = Vec::new();
        for _ in 0..7 {
            assert!(acceptor.settle(emfile(), start).is_none());
            pauses.push((acceptor.due(start).unwrap() - start).as_millis());
        }
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
        acceptor.freed();
        assert!(acceptor.due(start).unwrap() <= Instant::now());
        assert!(acceptor.settle(Err(ErrorKind::ConnectionAborted.into()), start).is_none());
        assert!(acceptor.due(start).is_some(), "a closed connection is not an error");
        assert!(acceptor.settle(Err(ErrorKind::WouldBlock.into()), start).is_none());
        assert_eq!(acceptor.due(start), None);
        acceptor.wake();
        assert_eq!(acceptor.due(start), Some(start));
    }
}
