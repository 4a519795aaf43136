//! Reads the lines of a daemon and shows them.

use super::cameras::Cameras;
use super::view::{self, View};
use crate::error::{Error, Result};
use crate::message::{self, Message};
use crate::publish::{write_all, write_text};
use std::fs::File;

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
    shown: Shown,
    out: File,
    cameras: Cameras,
}

impl Reader {
    /// Shows messages on `out`.
    pub fn new(shown: Shown, out: File) -> Self {
        Self { shown, out, cameras: Cameras::default() }
    }

    /// Redraws a live view while nothing arrives.
    pub fn idle(&mut self) -> Result<()> {
        match &mut self.shown {
            Shown::Live(view) => view.draw(&mut self.out),
            _ => Ok(()),
        }
    }

    /// Shows a line of the daemon.
    pub fn show(&mut self, line: &[u8]) -> Result<()> {
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
