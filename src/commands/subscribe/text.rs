//! The lines of messages.

use crate::message::{ChangedClass, Message, Stable, State, Status};
use crate::printable::line as on_one_line;
use std::fmt::Write;

/// Why the camera is not running, according to the status.
fn trouble(status: &Status) -> Option<String> {
    let reason = status.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    (status.state != State::Flowing).then(|| format!("{}{reason}", status.state.as_str()))
}

/// The names of the classes that a stream shows.
fn state(stable: Option<&Stable>) -> String {
    let classes = match stable {
        Some(Stable::One(class)) => std::slice::from_ref(class),
        Some(Stable::Many(classes)) => classes,
        None => &[],
    };
    let names: Vec<_> = classes.iter().filter_map(|class| class.label.as_deref()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The line of a message, if it has one.
pub fn text(message: &Message) -> Option<String> {
    match message {
        Message::Classification(result) => {
            let mut line = on_one_line(&result.source).into_owned();
            let _ = write!(line, ": {}", on_one_line(&state(result.stable.as_ref())));
            for (n, class) in result.classifications.iter().enumerate() {
                let (comma, label) = (if n == 0 { "  [" } else { ", " }, on_one_line(&class.label));
                let _ = write!(line, "{comma}{label} {:.0} %", class.confidence * 100.0);
            }
            line.push_str(if result.classifications.is_empty() { "" } else { "]" });
            if let Some(missed) = result.missed {
                let _ = write!(line, "  ({missed} missed before)");
            }
            Some(line + "\n")
        }
        Message::Change(change) => {
            let shown = |class: &Option<ChangedClass>| {
                class.as_ref().map_or("nothing".to_owned(), |class| on_one_line(&class.label).into_owned())
            };
            let [from, to] = [&change.from, &change.to].map(shown);
            Some(format!("{}: {from} for {:.1} s, now {to}\n", on_one_line(&change.source), change.lasted_ms / 1000.0))
        }
        Message::Status(status) => trouble(status).map(|why| format!("{}: {}\n", on_one_line(&status.source), on_one_line(&why))),
        _ => None,
    }
}
