//! Results as text on the camera's own video, as Pango markup: the state of the stream, and below it the best classes of the frame; of
//! several streams, the state of each.

use super::board::{Board, Line};
use crate::error::Result;
use crate::event::{Event, Publisher};
use crate::prediction::{Prediction, Stable};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The maximum number of classes on the picture.
const LINES: usize = 3;
/// A longer label is truncated with an ellipsis.
const LABEL: usize = 28;
/// Classes with a lower confidence are not shown, except for the best one.
const WORTH: f32 = 0.01;
/// The minimum interval between updates for the same state: numbers that change with every frame cannot be read.
const RENEW: Duration = Duration::from_millis(250);

/// Shows results of one stream as text on a video.
pub struct Overlay {
    line: Line,
    markup: String,
    /// The number of the state (see [`crate::prediction::Stable::changes`]), and when it was last drawn.
    shown: Option<(Option<u64>, Instant)>,
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
        if !self.line.is_wanted() {
            return Ok(());
        }
        let (now, state) = (Instant::now(), prediction.stable.as_ref().map(|stable| stable.changes));
        if self.shown.is_some_and(|(shown, at)| shown == state && now.saturating_duration_since(at) < RENEW) {
            self.line.keep(now);
            return Ok(());
        }
        self.shown = Some((state, now));
        self.markup.clear();
        markup(prediction, if self.line.is_alone() { LINES } else { 1 }, &mut self.markup);
        self.line.set(&self.markup, now);
        Ok(())
    }
}

/// `<b>common iguana</b>  61 %`, and in small letters a line for each shown class of the frame: at most `lines` of either, and of the
/// frame one less.
fn markup(prediction: &Prediction, lines: usize, out: &mut String) {
    out.push_str("<b>");
    let mut classes = prediction.stable.iter().flat_map(Stable::classes).peekable();
    if classes.peek().is_none() {
        out.push_str("nothing");
    }
    for (n, class) in classes.take(lines).enumerate() {
        out.push_str(if n == 0 { "" } else { "\n" });
        entry(class.label.as_deref().unwrap_or_default(), class.confidence, out);
    }
    out.push_str("</b>");
    let worth = prediction.top.iter().enumerate().filter(|(n, score)| *n == 0 || score.confidence >= WORTH);
    for (_, score) in worth.take(lines - 1) {
        out.push_str("\n<span size=\"75%\">");
        entry(prediction.labels.name(score.index), score.confidence, out);
        out.push_str("</span>");
    }
}

fn entry(name: &str, confidence: f32, out: &mut String) {
    escaped(name, out);
    // writing to a string does not fail
    let _ = write!(out, "  {:.0} %", confidence * 100.0);
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
    use crate::frame::{FrameInfo, Picture, PixelFormat};
    use crate::labels::Labels;
    use crate::prediction::{Score, StableClass, StableState, Timing};
    use std::time::SystemTime;

    fn shown(name: &str) -> String {
        let mut out = String::new();
        escaped(name, &mut out);
        out
    }

    #[test]
    fn the_state_stands_above_the_best_classes_of_the_frame() {
        let class = |label: &str, confidence| StableClass {
            label: Some(label.into()),
            index: None,
            confidence,
            since: SystemTime::UNIX_EPOCH,
            changed: false,
        };
        let mut prediction = Prediction {
            source: "front".into(),
            region: None,
            seq: 0,
            info: FrameInfo::new(Picture::new(PixelFormat::Gray8, 1, 1)),
            model: "m".into(),
            execution_provider: "CPU",
            top: [(1, 0.7), (0, 0.2), (2, 0.05)].map(|(index, confidence)| Score { index, confidence }).into(),
            stable: None,
            labels: Labels::parse(b"cat\ndog\nowl\n", "test").unwrap().into(),
            timing: Timing::default(),
            reused: false,
            dropped: 0,
        };
        let mut shown = |state| {
            let mut out = String::new();
            prediction.stable = Some(Stable { state, changes: 0 });
            markup(&prediction, LINES, &mut out);
            out.replace("<span size=\"75%\">", "<s>").replace("</span>", "</s>")
        };
        let raw = "\n<s>dog  70 %</s>\n<s>cat  20 %</s>";
        assert_eq!(shown(StableState::One(class("pets", 0.9))), format!("<b>pets  90 %</b>{raw}"));
        assert_eq!(
            shown(StableState::Many(vec![class("a<b", 0.9), class("c", 0.6)])),
            format!("<b>a&lt;b  90 %\nc  60 %</b>{raw}")
        );
        assert_eq!(shown(StableState::Many(Vec::new())), format!("<b>nothing</b>{raw}"));
    }

    #[test]
    fn labels_are_escaped_and_truncated() {
        assert_eq!(shown("salt & pepper <b>"), "salt &amp; pepper &lt;b&gt;");
        assert_eq!(shown("a label of just 28 letters.."), "a label of just 28 letters..");
        assert_eq!(shown("a label of twenty-nine letters"), "a label of twenty-nine lett…");
        assert_eq!(shown("a\u{1}b\nc"), "abc");
    }
}
