//! The live view of this program's own results.

use super::view::{Hooks, View};
use crate::error::Result;
use crate::event::{Event, Publisher};
use crate::message::{Change, Hello};
use std::fs::File;
use std::time::Instant;

/// Results in a terminal. It never waits for the terminal.
pub struct Live {
    view: Option<View>,
}

impl Live {
    /// Draws on `out` what the daemon of `hello` sees.
    pub fn start(out: File, hello: &Hello, hooks: Hooks) -> Result<Self> {
        let view = View::start(out, hooks)?;
        view.board().hello(hello);
        Ok(Self { view: Some(view) })
    }
}

impl Publisher for Live {
    fn name(&self) -> &'static str {
        "the terminal"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Some(view) = &self.view else { return Ok(()) };
        match event {
            Event::Hello(hello) => view.board().hello(hello),
            Event::Change(change) => view.board().change(&Change::from(*change)),
            Event::Result { prediction, .. } => view.board().prediction(prediction, Instant::now()),
            Event::Status(status) => view.board().status(status),
            Event::End => self.view = None,
        }
        Ok(())
    }
}
