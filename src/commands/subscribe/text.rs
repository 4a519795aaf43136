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

/// The camera, and the region of its picture, as lines begin.
fn place(source: &str, region: Option<&str>) -> String {
    let region = region.map(|region| format!(", {}", on_one_line(region))).unwrap_or_default();
    format!("{}{region}", on_one_line(source))
}

/// The line of a message, if it has one.
pub fn text(message: &Message) -> Option<String> {
    match message {
        Message::Classification(result) => {
            let mut line = place(&result.source, result.region.as_deref());
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
            let place = place(&change.source, change.region.as_deref());
            Some(format!("{place}: {from} for {:.1} s, now {to}\n", change.lasted_ms / 1000.0))
        }
        Message::Status(status) => trouble(status).map(|why| format!("{}: {}\n", on_one_line(&status.source), on_one_line(&why))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_names_the_region() {
        let read = |message: serde_json::Value| text(&Message::read(message.to_string().as_bytes()).unwrap()).unwrap();
        let class = json!({"label": "cat", "index": 0, "confidence": 0.5, "since": "1970-01-01T00:00:00Z"});
        let timing = json!({"age_ms": 0, "wait_ms": 0, "preprocess_ms": 0, "inference_ms": 0, "postprocess_ms": 0});
        let mut result = json!({
            "type": "classification", "version": 1, "source": "front", "seq": 0, "frame": 0, "timestamp": "1970-01-01T00:00:00Z",
            "pts_ns": null, "width": 1, "height": 1, "model": "m", "execution_provider": "CPU",
            "classifications": [{"index": 0, "label": "cat", "confidence": 0.5}], "timing": timing, "dropped": 0,
        });
        assert_eq!(read(result.clone()), "front: nothing  [cat 50 %]\n");
        result["region"] = "door".into();
        assert_eq!(read(result), "front, door: nothing  [cat 50 %]\n");
        let change = json!({
            "type": "change", "version": 1, "source": "front", "region": "door", "model": "m", "timestamp": "1970-01-01T00:00:00Z",
            "pts_ns": null, "frame": 0, "from": null, "to": class, "since": "1970-01-01T00:00:00Z", "since_pts_ns": null,
            "lasted_ms": 1500.0,
        });
        assert_eq!(read(change), "front, door: nothing for 1.5 s, now cat\n");
    }
}
