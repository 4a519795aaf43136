//! A message of any type, for readers.

use super::change::Change;
use super::classification::Classification;
use super::error::Error;
use super::hello::Hello;
use super::status::Status;
use super::subscribe::Subscribed;
use serde::{Deserialize, Serialize, Serializer};

/// A message from glimpsed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Message {
    /// The first message on a socket.
    Hello(Hello),
    /// The settings in force for this subscriber.
    Subscribed(Subscribed),
    /// A result.
    Classification(Classification),
    /// The state of a stream has changed.
    Change(Change),
    /// The state of a camera.
    Status(Status),
    /// An error in the subscriber's request.
    Error(Error),
    /// A message of an unknown type; ignore it.
    #[serde(other)]
    Other,
}

impl Message {
    /// Reads one line, with or without its newline.
    pub fn read(line: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(line)
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hello(message) => message.serialize(serializer),
            Self::Subscribed(message) => message.serialize(serializer),
            Self::Classification(message) => message.serialize(serializer),
            Self::Change(message) => message.serialize(serializer),
            Self::Status(message) => message.serialize(serializer),
            Self::Error(message) => message.serialize(serializer),
            Self::Other => Err(serde::ser::Error::custom("a message of an unknown type cannot be written")),
        }
    }
}
