//! `error`: what a subscriber did wrong.

use super::line::VERSION;
use serde::{Deserialize, Serialize};

/// What a subscriber did wrong. The connection is closed after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "error")]
#[non_exhaustive]
pub struct Error {
    /// The version of the format.
    pub version: u32,
    /// The fault, in words.
    pub message: String,
}

impl Error {
    /// An error that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self { version: VERSION, message: message.into() }
    }
}
