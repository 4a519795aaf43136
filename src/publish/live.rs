//! A live view in a terminal: the best classes with their bars, rate and age.

use super::screen::{LABEL, Screen, bar};
use crate::error::Result;
use crate::event::{Event, Publisher};
use crate::npu;
use crate::prediction::milliseconds;
use crate::stats::Rate;
use crate::terminal::{Style, Styles, column};
use std::fs::File;
use std::time::Instant;

/// Results in a terminal.
pub struct Live {
    out: File,
    /// The current test picture, if known.
    truth: Option<Box<dyn Fn() -> String + Send>>,
    rate: Rate,
    screen: Screen,
    styles: Styles,
}

impl Live {
    /// Draws on `out`; `truth` names the current picture.
    pub fn new(out: File, truth: Option<Box<dyn Fn() -> String + Send>>) -> Self {
        let styles = Styles::of(&out);
        Self { out, truth, rate: Rate::default(), screen: Screen::default(), styles }
    }
}

impl Publisher for Live {
    fn name(&self) -> &'static str {
        "the terminal"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction, .. } = event else { return Ok(()) };
        let now = Instant::now();
        let rate = self.rate.tick(now);
        let screen = &mut self.screen;
        if !screen.begin(now) {
            return Ok(());
        }
        if let Some(truth) = &self.truth {
            screen.line(format_args!("  the camera is shown  {}", self.styles.paint(Style::Bold, truth())));
            screen.line(format_args!("  glimpsed sees"));
        }
        for (n, score) in prediction.top.iter().enumerate() {
            let styles = if n == 0 { self.styles } else { Styles::OFF };
            let name = styles.paint(Style::Bold, column(prediction.labels.name(score.index), LABEL));
            let (percent, bar) = (score.confidence * 100.0, bar(score.confidence.into()));
            screen.line(format_args!("    {name} {percent:5.1} %  {bar}"));
        }
        let (timing, (width, height)) = (&prediction.timing, prediction.size());
        screen.line(format_args!(
            "  {rate:.1} results/s, {:.1} ms old, inference {:.1} ms on {}, {width}x{height}",
            milliseconds(timing.age),
            milliseconds(timing.inference),
            npu::shown(prediction.execution_provider)
        ));
        screen.end(&mut self.out)
    }
}
