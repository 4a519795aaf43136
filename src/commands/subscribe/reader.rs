//! Reads the lines of a daemon and shows them.

use super::cameras::Cameras;
use super::text;
use crate::error::{Error, Result};
use crate::message::{self, Message};
use crate::publish::live::View;
use crate::publish::{write_all, write_text};
use std::fs::File;
use std::time::Instant;

/// The output format.
pub enum Shown {
    /// The lines as received.
    Json(File),
    /// A line for each result and each change of a camera.
    Text(File),
    /// A live view.
    Live(View),
}

/// Shows the messages of successive daemons.
pub struct Reader {
    shown: Shown,
    cameras: Cameras,
}

impl Reader {
    /// Shows messages in this form.
    pub fn new(shown: Shown) -> Self {
        Self { shown, cameras: Cameras::default() }
    }

    /// Shows a line of the daemon.
    pub fn show(&mut self, line: &[u8]) -> Result<()> {
        if let Shown::Json(out) = &mut self.shown {
            write_all(out, line)?;
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
            Shown::Json(_) => {}
            Shown::Live(view) => view.board().message(&message, Instant::now()),
            Shown::Text(out) => {
                if let Some(text) = text::text(&message) {
                    write_text(out, &text)?;
                }
            }
        }
        Ok(())
    }
}
