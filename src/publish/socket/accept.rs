//! Accepts connections. When file descriptors run out, waiting connections are accepted as soon as one is free.

use crate::backoff::Backoff;
use mio::net::{UnixListener, UnixStream};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// The pauses after failures; one connection that is taken starts over.
const RETRY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1), Duration::MAX);
/// The log is told of failures no more often than this.
const TOLD: Duration = Duration::from_secs(60);

/// Takes connections. The poll tells of new ones only once, so that what was left waiting has to be remembered.
pub struct Acceptor {
    listener: UnixListener,
    waiting: bool,
    /// When it is tried again after a failure.
    retry: Option<Instant>,
    backoff: Backoff,
    told: Option<Instant>,
}

impl Acceptor {
    /// Takes the connections of `listener`.
    pub fn new(listener: UnixListener) -> Self {
        Self { listener, waiting: true, retry: None, backoff: RETRY, told: None }
    }

    /// There are connections.
    pub fn wake(&mut self) {
        self.waiting = true;
    }

    /// A file descriptor is free again.
    pub fn freed(&mut self) {
        if self.retry.is_some() {
            self.retry = Some(Instant::now());
        }
    }

    /// When a connection may be taken: `None` while there is none.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.waiting.then(|| self.retry.unwrap_or(now))
    }

    /// Takes a connection; `None` where there is none, or none can be taken yet.
    pub fn next(&mut self, now: Instant) -> Option<UnixStream> {
        if self.due(now).is_none_or(|due| due > now) {
            return None;
        }
        let accepted = self.listener.accept().map(|(stream, _)| stream);
        self.settle(accepted, now)
    }

    /// What becomes of a try.
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
            // one that has gone while it waited; the next one has its turn
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
    fn a_failure_is_tried_again_and_again_with_pauses_that_grow_and_at_once_when_a_descriptor_is_free() {
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
        assert!(acceptor.due(start).is_some(), "one that went away is not the end");
        assert!(acceptor.settle(Err(ErrorKind::WouldBlock.into()), start).is_none());
        assert_eq!(acceptor.due(start), None);
        acceptor.wake();
        assert_eq!(acceptor.due(start), Some(start));
    }
}
