//! `error`: an error in a subscriber's request.

use super::line::VERSION;
use serde::{Deserialize, Serialize};

/// An error in a subscriber's request. The connection is closed after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "error")]
#[non_exhaustive]
pub struct Error {
    /// The version of the format.
    pub version: u32,
    /// The message.
    pub message: String,
}

impl Error {
    /// An error with the text `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self { version: VERSION, message: message.into() }
    }
}
