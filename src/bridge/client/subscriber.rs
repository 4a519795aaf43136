//! The connection to a daemon, made again whenever the daemon has ended.

use super::lines::{Arrived, Lines};
use crate::error::Result;
use crate::message::{self, Request, Subscribe};
use crate::system::unix_socket;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The pause before reconnecting to a daemon that has ended.
const AGAIN: Duration = Duration::from_millis(500);

/// What has happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A line of the daemon, with its newline.
    Line(&'a [u8]),
    /// Connected to a daemon.
    Connected,
    /// The daemon has ended; reconnecting goes on by itself.
    Ended,
    /// Nothing at the moment.
    Nothing,
}

/// A subscriber of the daemon at one socket.
pub struct Subscriber {
    path: PathBuf,
    request: Vec<u8>,
    connection: Option<Lines>,
    /// When to reconnect.
    again: Instant,
}

impl Subscriber {
    /// Subscribes at `path` to what `wanted` says. It connects with the first call of [`Subscriber::next`] or [`Subscriber::connect`].
    pub fn new(path: &Path, wanted: Subscribe) -> Self {
        let request = message::line(&Request { subscribe: wanted });
        Self { path: path.to_owned(), request, connection: None, again: Instant::now() }
    }

    /// Where the daemon is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Connects now. `WouldBlock` means that a program listens but accepts no connection at the moment.
    pub fn connect(&mut self) -> io::Result<()> {
        self.again = Instant::now() + AGAIN;
        let stream = unix_socket::connect(&self.path)?;
        stream.set_nonblocking(true)?;
        // the request fits into an empty socket; if the daemon has already ended, reading reports it
        let _ = (&stream).write_all(&self.request);
        self.connection = Some(Lines::new(stream));
        Ok(())
    }

    /// What has happened since the last call; it does not wait. An error means that the program at the socket is no daemon.
    #[allow(clippy::should_implement_trait)] // it lends its line
    pub fn next(&mut self) -> Result<Event<'_>> {
        let Some(connection) = &mut self.connection else {
            let connected = Instant::now() >= self.again && self.connect().is_ok();
            return Ok(if connected { Event::Connected } else { Event::Nothing });
        };
        match connection.read()? {
            Arrived::Nothing => Ok(Event::Nothing),
            Arrived::End => {
                self.connection = None;
                self.again = Instant::now() + AGAIN;
                Ok(Event::Ended)
            }
            Arrived::Line => Ok(Event::Line(self.connection.as_ref().map_or(&[], Lines::line))),
        }
    }

    /// Waits until something arrives, or for `time`.
    pub fn wait(&self, time: Duration) {
        let mut of_connection: Vec<_> = self.descriptor().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).into_iter().collect();
        // an interruption ends the wait early
        let _ = poll(&mut of_connection, PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX));
    }

    /// What to wait for in a poll of several descriptors; `None` while not connected.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.connection.as_ref().map(Lines::as_fd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::net::UnixListener;

    /// The next event that is not [`Event::Nothing`], within ten seconds.
    fn event(subscriber: &mut Subscriber) -> String {
        let late = Instant::now() + Duration::from_secs(10);
        while Instant::now() < late {
            match subscriber.next().unwrap() {
                Event::Nothing => subscriber.wait(Duration::from_millis(20)),
                Event::Line(line) => return String::from_utf8_lossy(line).into_owned(),
                other => return format!("{other:?}"),
            }
        }
        panic!("no event");
    }

    #[test]
    fn lines_arrive_whole_and_across_restarts_of_the_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let mut subscriber = Subscriber::new(&path, Subscribe { top: Some(1), ..Subscribe::default() });
        assert_eq!(subscriber.next().unwrap(), Event::Nothing, "no daemon yet");
        for n in 0..2 {
            let _ = std::fs::remove_file(&path);
            let daemon = UnixListener::bind(&path).unwrap();
            assert_eq!(event(&mut subscriber), "Connected");
            let (mut stream, _) = daemon.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            assert_eq!(request, "{\"subscribe\":{\"top\":1}}\n");
            stream.write_all(b"one\nt").unwrap();
            assert_eq!(event(&mut subscriber), "one\n");
            assert_eq!(subscriber.next().unwrap(), Event::Nothing);
            stream.write_all(format!("wo {n}\nthr").as_bytes()).unwrap();
            assert_eq!(event(&mut subscriber), format!("two {n}\n"));
            drop((stream, daemon));
            assert_eq!(event(&mut subscriber), "Ended", "part of a line is no line");
        }
    }
}
