//! Messages as lines, shared by all their subscribers.

use crate::message::{self, Borrowed, View};
use crate::prediction::Prediction;
use serde::Serialize;
use std::sync::Arc;

/// The initial capacity, for a result with five classes; longer lines grow.
const LINE: usize = 1024;

/// The message about an error in a subscriber's request.
pub fn error(message: &str) -> Arc<[u8]> {
    line(&message::Error::new(message))
}

/// The line of a message.
pub fn line(message: &impl Serialize) -> Arc<[u8]> {
    message::line(message).into()
}

/// The line of a result; `None` if it cannot be written.
pub fn rendered(prediction: &Prediction, view: View) -> Option<Arc<[u8]>> {
    let mut bytes = Vec::with_capacity(LINE);
    if let Err(e) = serde_json::to_writer(&mut bytes, &Borrowed { view, ..Borrowed::new(prediction) }) {
        tracing::error!("a result of {} cannot be written as JSON: {e}", prediction.source);
        return None;
    }
    bytes.push(b'\n');
    Some(bytes.into())
}
