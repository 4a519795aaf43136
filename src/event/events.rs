//! The events, and the trait of their receivers.

use crate::error::{Error, Result};
use crate::message::Hello;
use crate::metrics::Status;
use crate::prediction::{Prediction, StateChange};

/// An event for publishers.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The model or the cameras have changed: the `hello` for subscribers from now on. No result of the previous model or of a removed
    /// camera follows it.
    Hello(&'a Hello),
    /// A result.
    Result {
        /// The result of the frame.
        prediction: &'a Prediction,
        /// Results that were dropped before this one because the publisher was too slow.
        missed: u64,
    },
    /// The state of a stream has changed. It follows the result that made the change, if one did.
    Change(&'a StateChange),
    /// The state of a camera.
    Status(&'a Status),
    /// The last event: write everything queued, and release all resources.
    End,
}

impl<'a> Event<'a> {
    /// A result with no dropped results before it.
    pub fn result(prediction: &'a Prediction) -> Self {
        Self::Result { prediction, missed: 0 }
    }
}

/// An output for results. A new one is a file (or folder) in `publish`, and a line where the hub is created.
pub trait Publisher: Send {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Handles an event. A publisher ignores events that are not for it. After an error it gets no more events.
    fn handle(&mut self, event: &Event) -> Result<()>;

    /// The reason, if it can no longer work because one of its threads has ended unexpectedly.
    fn fault(&self) -> Option<Error> {
        None
    }
}
