//! The events, and the trait of those that take them.

use crate::error::{Error, Result};
use crate::message::Hello;
use crate::metrics::Status;
use crate::prediction::Prediction;

/// Something that publishers may announce.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The model or the cameras have changed: what a subscriber is greeted with from now on. No result of the previous model or of
    /// a removed camera comes after it.
    Hello(&'a Hello),
    /// A result.
    Result {
        /// What the frame shows.
        prediction: &'a Prediction,
        /// Results that were dropped before this one because the publisher was too slow.
        missed: u64,
    },
    /// The state of a camera.
    Status(&'a Status),
    /// Nothing comes after this: write what is queued, and release what is held.
    End,
}

impl<'a> Event<'a> {
    /// A result before which none was dropped.
    pub fn result(prediction: &'a Prediction) -> Self {
        Self::Result { prediction, missed: 0 }
    }
}

/// A place to which results go. A new one is a file (or folder) in `publish`, and a line where the hub is put together.
pub trait Publisher: Send {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Takes one event. A publisher ignores events that are not for it. After an error it gets no more events.
    fn handle(&mut self, event: &Event) -> Result<()>;

    /// Why it cannot work any more, if a thread of its own has ended unexpectedly.
    fn fault(&self) -> Option<Error> {
        None
    }
}
