//! A text display in a terminal, redrawn in place.

use super::stdout::write_all;
use crate::error::Result;
use std::fmt::{Arguments, Write};
use std::fs::File;
use std::time::{Duration, Instant};

/// The minimum interval between updates.
const REDRAW: Duration = Duration::from_millis(66);
const BAR: usize = 30;
/// Columns of a label.
pub const LABEL: usize = 24;

/// The lines of the display.
#[derive(Default)]
pub struct Screen {
    drawn: Option<Instant>,
    /// The number of lines of the previous update.
    before: usize,
    lines: usize,
    text: String,
}

impl Screen {
    /// Begins an update, if one is due.
    pub fn begin(&mut self, now: Instant) -> bool {
        if self.drawn.is_some_and(|drawn| now.saturating_duration_since(drawn) < REDRAW) {
            return false;
        }
        self.drawn = Some(now);
        self.text.clear();
        // lines that are too long for the window are truncated, otherwise they would wrap
        self.text.push_str("\x1b[?7l");
        if self.before > 0 {
            let _ = write!(self.text, "\x1b[{}A", self.before);
        }
        self.lines = 0;
        true
    }

    /// Adds a line.
    pub fn line(&mut self, line: Arguments) {
        // erase the rest of the previous line
        let _ = writeln!(self.text, "{line}\x1b[K");
        self.lines += 1;
    }

    /// Writes the update to `out`.
    pub fn end(&mut self, out: &mut File) -> Result<()> {
        // erase the rest of a longer previous update
        self.text.push_str("\x1b[J\x1b[?7h");
        self.before = self.lines;
        write_all(out, self.text.as_bytes())
    }
}

/// A bar filled according to `confidence` (0 to 1).
pub fn bar(confidence: f64) -> String {
    let full = ((confidence * BAR as f64).round() as usize).min(BAR);
    "█".repeat(full) + &"·".repeat(BAR - full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars() {
        assert_eq!(bar(0.5), "█".repeat(15) + &"·".repeat(15));
        assert_eq!((bar(1.7).chars().count(), bar(-1.0).chars().count()), (BAR, BAR));
    }
}
