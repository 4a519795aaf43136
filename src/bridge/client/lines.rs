//! The lines of one connection.

use crate::error::{Error, Result};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// A longer line is not a message of a daemon; `hello` has the names of all classes.
const LINE: usize = 32 << 20;

/// What a connection has at the moment.
pub enum Arrived {
    /// A whole line, in [`Lines::line`].
    Line,
    /// No whole line yet.
    Nothing,
    /// The daemon has closed the connection.
    End,
}

/// Reads lines without waiting.
pub struct Lines {
    reader: BufReader<UnixStream>,
    line: Vec<u8>,
    whole: bool,
}

impl Lines {
    /// Reads from `stream`, which must not block.
    pub fn new(stream: UnixStream) -> Self {
        Self { reader: BufReader::with_capacity(64 << 10, stream), line: Vec::new(), whole: false }
    }

    /// Reads what has arrived, up to the end of a line.
    pub fn read(&mut self) -> Result<Arrived> {
        if std::mem::take(&mut self.whole) {
            self.line.clear();
        }
        let room = LINE - self.line.len();
        match self.reader.by_ref().take(room as u64).read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => {
                self.whole = true;
                Ok(Arrived::Line)
            }
            Ok(_) if self.line.len() >= LINE => {
                Err(Error::failed("the program at the socket is not glimpsed").because("a line without an end"))
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(Arrived::Nothing),
            // part of a line at the end of the connection is no message
            Ok(_) | Err(_) => Ok(Arrived::End),
        }
    }

    /// The line that was read last, with its newline.
    pub fn line(&self) -> &[u8] {
        &self.line
    }
}

impl AsFd for Lines {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.get_ref().as_fd()
    }
}
