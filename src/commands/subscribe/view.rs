//! What subscribers see of the messages: a picture of all cameras, or a line for each message.

use crate::error::Result;
use crate::printable::line as on_one_line;
use crate::publish::screen::{LABEL, Screen, bar, shortened};
use crate::stats::Rate;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::time::{Duration, Instant};

/// A camera without a result for so long is shown as silent.
const SILENT: Duration = Duration::from_secs(3);
/// Letters of a camera's name that are shown.
const NAME: usize = 12;

/// A picture of all cameras.
#[derive(Default)]
pub struct View {
    program: String,
    cameras: BTreeMap<String, Row>,
    screen: Screen,
}

#[derive(Default)]
struct Row {
    rate: Rate,
    latest: Option<Instant>,
    per_second: f64,
    /// Label and confidence, best first.
    top: Vec<(String, f64)>,
    provider: String,
    age: f64,
    missed: u64,
    /// The daemon has no such camera.
    unknown: bool,
    /// Why no frames come.
    trouble: Option<String>,
}

impl View {
    /// Takes a message in.
    pub fn take(&mut self, message: &Value) {
        // of a camera's name and its classes the view shows a part, made safe then
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let shown = |field: &str| on_one_line(message[field].as_str().unwrap_or_default()).into_owned();
        match message["type"].as_str() {
            Some("hello") => self.program = format!("{}, {} on {}", shown("program"), shown("model"), shown("execution")),
            Some("subscribed") => {
                let names =
                    |field: &str| message[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
                let (known, unknown) = (names("cameras"), names("unknown_cameras"));
                self.cameras.retain(|name, row| known.contains(&name.as_str()) && !row.unknown);
                for name in known {
                    self.cameras.entry(name.to_owned()).or_default();
                }
                for name in unknown {
                    let trouble = Some("the daemon has no such camera".to_owned());
                    self.cameras.insert(name.to_owned(), Row { unknown: true, trouble, ..Row::default() });
                }
            }
            Some("status") => {
                let row = self.cameras.entry(text("source")).or_default();
                row.trouble = trouble(message);
                row.missed += missed(message);
            }
            Some("classification") => {
                let row = self.cameras.entry(text("source")).or_default();
                let now = Instant::now();
                row.per_second = row.rate.tick(now);
                row.latest = Some(now);
                row.trouble = None;
                row.provider = shown("execution_provider");
                row.age = message["timing"]["age_ms"].as_f64().unwrap_or_default();
                row.missed += missed(message);
                let classes = message["classifications"].as_array().into_iter().flatten();
                row.top = classes
                    .map(|class| {
                        (class["label"].as_str().unwrap_or_default().to_owned(), class["confidence"].as_f64().unwrap_or_default())
                    })
                    .collect();
            }
            _ => {}
        }
    }

    /// Draws it, if it is time for that.
    pub fn draw(&mut self, out: &mut File) -> Result<()> {
        let now = Instant::now();
        if !self.screen.begin(now) {
            return Ok(());
        }
        self.screen.line(format_args!("  {}", self.program));
        // one camera has room for all its classes
        let lines = if self.cameras.len() == 1 { usize::MAX } else { 1 };
        for (name, row) in &self.cameras {
            let name = shortened(name, NAME);
            let silent = row.latest.is_none_or(|latest| now.saturating_duration_since(latest) > SILENT);
            match &row.trouble {
                Some(why) => self.screen.line(format_args!("  {name:<NAME$}  \x1b[33m{}\x1b[0m", shortened(why, 160))),
                None if silent && row.top.is_empty() => self.screen.line(format_args!("  {name:<NAME$}  no result yet")),
                None => {
                    for (n, (label, confidence)) in row.top.iter().take(lines).enumerate() {
                        let (label, percent, bar) = (shortened(label, LABEL), confidence * 100.0, bar(*confidence));
                        let (name, bold, plain) = if n == 0 { (name.as_str(), "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
                        let rest = if n == 0 { told(row, silent) } else { String::new() };
                        self.screen
                            .line(format_args!("  {name:<NAME$}  {bold}{label:<LABEL$}{plain} {percent:5.1} %  {bar}  {rest}"));
                    }
                }
            }
        }
        self.screen.end(out)
    }
}

/// Rate, age and provider; what this subscriber has missed.
fn told(row: &Row, silent: bool) -> String {
    let rate = if silent { 0.0 } else { row.per_second };
    let mut text = format!("{rate:.1}/s, {:.1} ms old, {}", row.age, row.provider);
    if row.missed > 0 {
        let _ = write!(text, ", {} missed", row.missed);
    }
    text
}

/// Lines that were lost before this one.
fn missed(message: &Value) -> u64 {
    message["missed"].as_u64().unwrap_or_default()
}

/// Why no frames come, if that is what the status says.
fn trouble(status: &Value) -> Option<String> {
    let reason = status["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    match status["state"].as_str() {
        Some("flowing") => None,
        Some(state) => Some(format!("{state}{reason}")),
        None => None,
    }
}

/// One line for a message that is worth one.
pub fn text(message: &Value) -> Option<String> {
    let source = on_one_line(message["source"].as_str().unwrap_or_default());
    match message["type"].as_str()? {
        "classification" => {
            let mut line = source.into_owned();
            for (n, class) in message["classifications"].as_array()?.iter().enumerate() {
                let label = on_one_line(class["label"].as_str()?);
                let _ = write!(line, "{} {label} {:.0} %", if n == 0 { ":" } else { "," }, class["confidence"].as_f64()? * 100.0);
            }
            if let Some(missed) = message["missed"].as_u64() {
                let _ = write!(line, "  ({missed} missed before)");
            }
            Some(line + "\n")
        }
        "status" => trouble(message).map(|why| format!("{source}: {}\n", on_one_line(&why))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rows_are_those_of_the_cameras_in_force_and_of_those_that_there_are_not() {
        let mut view = View::default();
        let rows = |view: &View| view.cameras.iter().map(|(name, row)| (name.clone(), row.trouble.is_some())).collect::<Vec<_>>();
        view.take(&json!({"type": "subscribed", "cameras": ["front"], "unknown_cameras": ["gate"]}));
        assert_eq!(rows(&view), [("front".to_owned(), false), ("gate".to_owned(), true)]);
        view.take(&json!({"type": "subscribed", "cameras": ["gate"], "unknown_cameras": []}));
        assert_eq!(rows(&view), [("gate".to_owned(), false)]);
    }
}
