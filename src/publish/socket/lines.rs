//! Messages as lines, which all their subscribers share.

use crate::message::{self, Borrowed, View};
use crate::prediction::Prediction;
use serde::Serialize;
use std::sync::Arc;

/// Room for the line of a result with five classes; longer ones grow.
const LINE: usize = 1024;

/// The message that says what a subscriber did wrong.
pub fn error(message: &str) -> Arc<[u8]> {
    line(&message::Error::new(message))
}

/// The line of a message.
pub fn line(message: &impl Serialize) -> Arc<[u8]> {
    message::line(message).into()
}

/// The line of a result. One that cannot be rendered is no line.
pub fn rendered(prediction: &Prediction, view: View) -> Option<Arc<[u8]>> {
    let mut bytes = Vec::with_capacity(LINE);
    if let Err(e) = serde_json::to_writer(&mut bytes, &Borrowed { view, ..Borrowed::new(prediction) }) {
        tracing::error!("a result of {} cannot be written as JSON: {e}", prediction.source);
        return None;
    }
    bytes.push(b'\n');
    Some(bytes.into())
}
