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

/// A longer line is not a message of a daemon; `hello` has the names of all classes.
const LINE: usize = 32 << 20;

/// The output format.
pub enum Shown {
    /// The lines as received.
    Json,
    /// A line for each result and each change of a camera.
    Text,
    /// A live view.
    Live(View),
}

/// Shows the messages of successive daemons.
pub struct Reader {
    request: Vec<u8>,
    shown: Shown,
    out: File,
    cameras: Cameras,
}

impl Reader {
    /// Sends the line `request` to each daemon, and shows its messages on `out`.
    pub fn new(request: Vec<u8>, shown: Shown, out: File) -> Self {
        Self { request, shown, out, cameras: Cameras::default() }
    }

    /// Reads and shows messages until the daemon ends or `stop` is requested.
    pub fn read(&mut self, stream: UnixStream, stop: &Stop) -> Result<()> {
        // if the daemon has already ended, reading reports it
        let _ = (&stream).write_all(&self.request);
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let mut line = Vec::new();
        while !stop.requested() {
            let room = LINE - line.len();
            match reader.by_ref().take(room as u64).read_until(b'\n', &mut line) {
                Ok(_) if line.len() >= LINE => {
                    return Err(Error::failed("the program at the socket is not glimpsed").because("a line without an end"));
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
            .map_err(|e| Error::failed("the program at the socket is not glimpsed").because(format!("an invalid message ({e})")))?;
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
