//! The lines of messages.

use crate::message::{Message, State, Status};
use crate::printable::line as on_one_line;
use std::fmt::Write;

/// Why the camera is not running, according to the status.
fn trouble(status: &Status) -> Option<String> {
    let reason = status.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    (status.state != State::Flowing).then(|| format!("{}{reason}", status.state.as_str()))
}

/// The line of a message, if it has one.
pub fn text(message: &Message) -> Option<String> {
    match message {
        Message::Classification(result) => {
            let mut line = on_one_line(&result.source).into_owned();
            for (n, class) in result.classifications.iter().enumerate() {
                let (comma, label) = (if n == 0 { ":" } else { "," }, on_one_line(&class.label));
                let _ = write!(line, "{comma} {label} {:.0} %", class.confidence * 100.0);
            }
            if let Some(missed) = result.missed {
                let _ = write!(line, "  ({missed} missed before)");
            }
            Some(line + "\n")
        }
        Message::Status(status) => trouble(status).map(|why| format!("{}: {}\n", on_one_line(&status.source), on_one_line(&why))),
        _ => None,
    }
}
