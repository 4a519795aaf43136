//! Results as text on the camera's own video, as Pango markup: the best classes; of several streams, the best one of each.

use super::board::{Board, Line};
use crate::error::Result;
use crate::event::{Event, Publisher};
use crate::prediction::Prediction;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The maximum number of classes on the picture.
const LINES: usize = 3;
/// A longer label is truncated with an ellipsis.
const LABEL: usize = 28;
/// Classes with a lower confidence are not shown, except for the best one.
const WORTH: f32 = 0.01;
/// The minimum interval between updates for the same best class: numbers that change with every frame cannot be read.
const RENEW: Duration = Duration::from_millis(250);

/// Shows results of one stream as text on a video.
pub struct Overlay {
    line: Line,
    markup: String,
    shown: Option<(usize, Instant)>,
}

impl Overlay {
    /// Writes to `board`, as the stream that is called `title`.
    pub fn new(board: &Board, title: &str) -> Self {
        let mut escaped_title = String::new();
        escaped(title, &mut escaped_title);
        Self { line: board.line(escaped_title), markup: String::new(), shown: None }
    }
}

impl Publisher for Overlay {
    fn name(&self) -> &'static str {
        "the video"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction, .. } = event else { return Ok(()) };
        let Some(best) = prediction.top.first().filter(|_| self.line.is_wanted()) else { return Ok(()) };
        let now = Instant::now();
        if self.shown.is_some_and(|(index, at)| index == best.index && now.saturating_duration_since(at) < RENEW) {
            self.line.keep(now);
            return Ok(());
        }
        self.shown = Some((best.index, now));
        self.markup.clear();
        markup(prediction, if self.line.is_alone() { LINES } else { 1 }, &mut self.markup);
        self.line.set(&self.markup, now);
        Ok(())
    }
}

/// `<b>common iguana</b>  37 %`, a line for each of at most `lines` classes.
fn markup(prediction: &Prediction, lines: usize, out: &mut String) {
    let worth = prediction.top.iter().enumerate().filter(|(n, score)| *n == 0 || score.confidence >= WORTH);
    for (n, score) in worth.take(lines) {
        let (open, close) = if n == 0 { ("<b>", "</b>") } else { ("\n<span size=\"75%\">", "</span>") };
        out.push_str(open);
        escaped(prediction.labels.name(score.index), out);
        // writing to a string does not fail
        let _ = write!(out, "  {:.0} %{close}", score.confidence * 100.0);
    }
}

/// `name`, truncated, with Pango's special characters escaped. Control characters, which Pango refuses, are removed.
fn escaped(name: &str, out: &mut String) {
    let mut letters = name.chars().filter(|c| !c.is_control());
    let cut = name.chars().filter(|c| !c.is_control()).count() > LABEL;
    for letter in letters.by_ref().take(if cut { LABEL - 1 } else { LABEL }) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter => out.push(letter),
        }
    }
    if cut {
        out.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        let mut out = String::new();
        escaped(name, &mut out);
        out
    }

    #[test]
    fn labels_are_escaped_and_truncated() {
        assert_eq!(shown("salt & pepper <b>"), "salt &amp; pepper &lt;b&gt;");
        assert_eq!(shown("a label of just 28 letters.."), "a label of just 28 letters..");
        assert_eq!(shown("a label of twenty-nine letters"), "a label of twenty-nine lett…");
        assert_eq!(shown("a\u{1}b\nc"), "abc");
    }
}
