//! Reads the lines of a daemon and shows them.

use super::cameras::Cameras;
use super::view::{self, View};
use crate::error::{Error, Result};
use crate::message::{self, Message};
use crate::publish::{write_all, write_text};
use crate::system::signals::Stop;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

/// A longer line is no message of a daemon; `hello` holds the names of all classes.
const LINE: usize = 32 << 20;

/// How messages are shown.
pub enum Shown {
    /// As they come.
    Json,
    /// A line for each result, and for each camera that comes or goes.
    Text,
    /// A picture.
    Live(View),
}

/// Shows what one daemon says, and then the next.
pub struct Reader {
    request: Vec<u8>,
    shown: Shown,
    out: File,
    cameras: Cameras,
}

impl Reader {
    /// Sends the line `request` to each daemon, and shows what it says on `out`.
    pub fn new(request: Vec<u8>, shown: Shown, out: File) -> Self {
        Self { request, shown, out, cameras: Cameras::default() }
    }

    /// Reads and shows messages until the daemon goes or `stop` says so.
    pub fn read(&mut self, stream: UnixStream, stop: &Stop) -> Result<()> {
        // a daemon that has gone already is noticed when reading
        let _ = (&stream).write_all(&self.request);
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let mut line = Vec::new();
        while !stop.requested() {
            let room = LINE - line.len();
            match reader.by_ref().take(room as u64).read_until(b'\n', &mut line) {
                Ok(_) if line.len() >= LINE => {
                    return Err(Error::failed("what speaks there is not glimpsed").because("a line without an end"));
                }
                Ok(0) => return Ok(()),
                Ok(_) if line.ends_with(b"\n") => {
                    self.show(&line)?;
                    line.clear();
                }
                Ok(_) => return Ok(()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    if let Shown::Live(view) = &mut self.shown {
                        view.draw(&mut self.out)?;
                    }
                }
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn show(&mut self, line: &[u8]) -> Result<()> {
        if let Shown::Json = self.shown {
            write_all(&mut self.out, line)?;
            if message::is_classification(line) {
                return Ok(());
            }
        }
        let message = Message::read(line)
            .map_err(|e| Error::failed("what speaks there is not glimpsed").because(format!("a line that is no message ({e})")))?;
        if let Message::Error(error) = &message {
            return Err(Error::failed("the daemon refuses").because(error.message.as_str()));
        }
        if let Some(warning) = self.cameras.take(&message) {
            tracing::warn!("{warning}");
        }
        match &mut self.shown {
            Shown::Json => Ok(()),
            Shown::Live(view) => {
                view.take(&message);
                view.draw(&mut self.out)
            }
            Shown::Text => match view::text(&message) {
                Some(text) => write_text(&mut self.out, &text),
                None => Ok(()),
            },
        }
    }
}
