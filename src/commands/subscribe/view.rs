//! Renders messages: a live view of all cameras, or a line for each message.

use crate::error::Result;
use crate::message::{Message, State, Status};
use crate::printable::line as on_one_line;
use crate::publish::screen::{LABEL, Screen, bar};
use crate::stats::Rate;
use crate::terminal::{Style, Styles, column, cut};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::time::{Duration, Instant};

/// A camera without a result for this long is shown as silent.
const SILENT: Duration = Duration::from_secs(3);
/// Columns of a camera's name.
const NAME: usize = 12;

/// Columns of the reason why a camera gives no frames.
const REASON: usize = 160;

/// A live view of all cameras.
pub struct View {
    program: String,
    cameras: BTreeMap<String, Row>,
    screen: Screen,
    styles: Styles,
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
    /// Why the camera is not running.
    trouble: Option<String>,
}

impl View {
    /// A picture of no cameras yet.
    pub fn new(styles: Styles) -> Self {
        Self { program: String::new(), cameras: BTreeMap::new(), screen: Screen::default(), styles }
    }

    /// Handles a message.
    pub fn take(&mut self, message: &Message) {
        match message {
            Message::Hello(hello) => {
                let [program, model, execution] = [&hello.program, &hello.model, &hello.execution].map(|text| on_one_line(text));
                self.program = format!("{program}, {model} on {execution}");
            }
            Message::Subscribed(subscribed) => {
                self.cameras.retain(|name, row| subscribed.cameras.contains(name) && !row.unknown);
                for name in &subscribed.cameras {
                    self.cameras.entry(name.clone()).or_default();
                }
                for name in &subscribed.unknown_cameras {
                    let trouble = Some("the daemon has no such camera".to_owned());
                    self.cameras.insert(name.clone(), Row { unknown: true, trouble, ..Row::default() });
                }
            }
            Message::Status(status) => {
                let row = self.cameras.entry(status.source.clone()).or_default();
                row.trouble = trouble(status);
                row.missed += status.missed.unwrap_or_default();
            }
            Message::Classification(result) => {
                // the names of camera and classes are shortened, and their control characters escaped, when they are drawn
                let row = self.cameras.entry(result.source.clone()).or_default();
                let now = Instant::now();
                row.per_second = row.rate.tick(now);
                row.latest = Some(now);
                row.trouble = None;
                row.provider = on_one_line(&result.execution_provider).into_owned();
                row.age = result.timing.age_ms;
                row.missed += result.missed.unwrap_or_default();
                row.top = result.classifications.iter().map(|class| (class.label.clone(), class.confidence)).collect();
            }
            _ => {}
        }
    }

    /// Draws the view, if an update is due.
    pub fn draw(&mut self, out: &mut File) -> Result<()> {
        let now = Instant::now();
        if !self.screen.begin(now) {
            return Ok(());
        }
        self.screen.line(format_args!("  {}", self.program));
        // one camera has room for all its classes
        let lines = if self.cameras.len() == 1 { usize::MAX } else { 1 };
        let blank = column("", NAME);
        for (name, row) in &self.cameras {
            let name = column(name, NAME);
            let silent = row.latest.is_none_or(|latest| now.saturating_duration_since(latest) > SILENT);
            match &row.trouble {
                Some(why) => self.screen.line(format_args!("  {name}  {}", self.styles.paint(Style::Yellow, cut(why, REASON)))),
                None if silent && row.top.is_empty() => self.screen.line(format_args!("  {name}  no result yet")),
                None => {
                    for (n, (label, confidence)) in row.top.iter().take(lines).enumerate() {
                        let (percent, bar) = (confidence * 100.0, bar(*confidence));
                        let (name, rest) = if n == 0 { (&name, told(row, silent)) } else { (&blank, String::new()) };
                        let styles = if n == 0 { self.styles } else { Styles::OFF };
                        let label = styles.paint(Style::Bold, column(label, LABEL));
                        self.screen.line(format_args!("  {name}  {label} {percent:5.1} %  {bar}  {rest}"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::subscribe::cameras::tests::subscribed;
    use std::io::{Read, Seek};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn there_is_a_row_for_each_camera_in_force_and_each_unknown_one() {
        let mut view = View::new(Styles::OFF);
        let rows = |view: &View| view.cameras.iter().map(|(name, row)| (name.clone(), row.trouble.is_some())).collect::<Vec<_>>();
        view.take(&subscribed(&["front"], &["gate"]));
        assert_eq!(rows(&view), [("front".to_owned(), false), ("gate".to_owned(), true)]);
        view.take(&subscribed(&["gate"], &[]));
        assert_eq!(rows(&view), [("gate".to_owned(), false)]);
    }
    #[test]
    fn labels_in_wide_characters_are_aligned_and_cut_by_columns() {
        let classes = ["三毛猫", "🐈 cat", "naïve", "とても長い名前の猫と犬と梟と狐"];
        let classifications = classes.map(|label| format!(r#"{{"index":0,"label":"{label}","confidence":0.25}}"#)).join(",");
        let message = format!(
            r#"{{"type":"classification","version":1,"source":"玄関","seq":0,"frame":0,"timestamp":"2026-11-23T07:10:00.123456Z",
            "pts_ns":null,"width":4,"height":3,"model":"m","execution_provider":"CPU","classifications":[{classifications}],
            "timing":{{"age_ms":1,"wait_ms":0,"preprocess_ms":0,"inference_ms":0,"postprocess_ms":0}},"dropped":0}}"#
        );
        let message = Message::read(message.as_bytes()).unwrap();
        for (styles, bold) in [(Styles::OFF, false), (Styles::ON, true)] {
            let (mut view, mut out) = (View::new(styles), tempfile::tempfile().unwrap());
            view.take(&message);
            view.draw(&mut out).unwrap();
            let mut drawn = String::new();
            out.rewind().unwrap();
            out.read_to_string(&mut drawn).unwrap();
            assert_eq!(drawn.contains("\x1b[1m"), bold);
            let rows: Vec<_> = drawn.lines().filter_map(|line| Some(line.split_once(" 25.0 %")?.0)).collect();
            assert_eq!(rows.len(), classes.len(), "{drawn}");
            for row in rows {
                let columns = row.replace("\x1b[1m", "").replace("\x1b[0m", "").width();
                assert_eq!(columns, 2 + NAME + 2 + LABEL + 1, "{row}");
            }
        }
    }
}
