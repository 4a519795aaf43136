//! A live view in a terminal: the best classes with their bars, rate and age, redrawn in place.

use super::Publish;
use super::stdout::write_all;
use crate::error::Result;
use crate::prediction::{Prediction, milliseconds};
use crate::stats::Rate;
use std::fmt::Write;
use std::fs::File;
use std::time::{Duration, Instant};

/// A terminal shows no more than this many pictures a second; results in between are counted.
const REDRAW: Duration = Duration::from_millis(66);
const BAR: usize = 30;
const LABEL: usize = 24;

/// Results in a terminal.
pub struct Live {
    out: File,
    /// What the camera is shown right now, where somebody knows.
    truth: Option<Box<dyn Fn() -> String + Send>>,
    rate: Rate,
    drawn: Option<Instant>,
    lines: usize,
    screen: String,
}

impl Live {
    /// Draws on `out`; `truth` names what is in front of the camera.
    pub fn new(out: File, truth: Option<Box<dyn Fn() -> String + Send>>) -> Self {
        Self { out, truth, rate: Rate::default(), drawn: None, lines: 0, screen: String::new() }
    }

    fn draw(&mut self, prediction: &Prediction, rate: f64) {
        self.screen.clear();
        // lines that are too long for the window are cut, or they would take two rows
        self.screen.push_str("\x1b[?7l");
        if self.lines > 0 {
            let _ = write!(self.screen, "\x1b[{}A", self.lines);
        }
        let mut lines = 0;
        let mut line = |screen: &mut String, text: std::fmt::Arguments| {
            // erase what was longer before
            let _ = writeln!(screen, "{text}\x1b[K");
            lines += 1;
        };
        if let Some(truth) = &self.truth {
            line(&mut self.screen, format_args!("  the camera is shown  \x1b[1m{}\x1b[0m", truth()));
            line(&mut self.screen, format_args!("  glimpsed sees"));
        }
        for (n, score) in prediction.top.iter().enumerate() {
            let name = shortened(prediction.labels.name(score.index));
            let (bold, plain) = if n == 0 { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            let full = (score.confidence * BAR as f32).round() as usize;
            let percent = score.confidence * 100.0;
            line(
                &mut self.screen,
                format_args!(
                    "    {bold}{name:<LABEL$}{plain} {percent:5.1} %  {}{}",
                    "█".repeat(full),
                    "·".repeat(BAR.saturating_sub(full))
                ),
            );
        }
        let timing = &prediction.timing;
        line(
            &mut self.screen,
            format_args!(
                "  {rate:.1} results/s, {:.1} ms old, inference {:.1} ms on {}, {}x{}",
                milliseconds(timing.age),
                milliseconds(timing.inference),
                prediction.execution_provider,
                prediction.width,
                prediction.height
            ),
        );
        self.screen.push_str("\x1b[?7h");
        self.lines = lines;
    }
}

impl Publish for Live {
    fn name(&self) -> &'static str {
        "the terminal"
    }

    fn publish(&mut self, prediction: &Prediction) -> Result<()> {
        let now = Instant::now();
        let rate = self.rate.tick(now);
        if self.drawn.is_some_and(|drawn| now - drawn < REDRAW) {
            return Ok(());
        }
        self.drawn = Some(now);
        self.draw(prediction, rate);
        write_all(&mut self.out, self.screen.as_bytes())
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LABEL {
        return name.to_owned();
    }
    name.chars().take(LABEL - 1).chain(['…']).collect()
}
