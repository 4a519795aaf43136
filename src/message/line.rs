//! Messages as lines.

use serde::Serialize;

/// The version of the format.
pub const VERSION: u32 = 1;

/// A message or a request as its line: JSON and a newline.
///
/// # Panics
///
/// If `message` cannot be written as JSON. In this module that is only [`Message::Other`](super::Message::Other).
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("every message but Message::Other can be written");
    line.push(b'\n');
    line
}

/// Adds to a result or status, with or without its newline, the number of lines that its reader missed before it.
pub(crate) fn add_missed(line: &mut Vec<u8>, missed: u64) {
    let end: &[u8] = if line.ends_with(b"}\n") { b"}\n" } else { b"}" };
    if missed > 0 && line.ends_with(end) {
        line.truncate(line.len() - end.len());
        line.extend_from_slice(format!(",\"missed\":{missed}").as_bytes());
        line.extend_from_slice(end);
    }
}
