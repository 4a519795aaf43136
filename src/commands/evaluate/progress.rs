//! How far it is, and how long it will take, on standard error: one line that is redrawn in a terminal, else a line now and then.

use crate::terminal;
use std::io::{Write, stderr};
use std::time::{Duration, Instant};

/// How often a terminal's line is redrawn.
const REDRAWN: Duration = Duration::from_millis(200);

/// How often a line is written where nothing can be redrawn.
const WRITTEN: Duration = Duration::from_secs(10);

/// Erases the line of a terminal, with the cursor at its begin.
const ERASE: &str = "\r\x1b[K";

/// The progress of `total` pictures.
pub struct Progress {
    total: usize,
    begun: Instant,
    last: Instant,
    in_place: bool,
    on: bool,
    drawn: bool,
}

impl Progress {
    /// Begins now. With `--quiet` nothing is shown.
    pub fn new(total: usize) -> Self {
        let (now, on) = (Instant::now(), tracing::enabled!(tracing::Level::WARN));
        Self { total, begun: now, last: now, in_place: terminal::can_redraw(&stderr()), on, drawn: false }
    }

    /// Tells that `done` pictures are done, `right` of `answered` correctly, unless it was told a moment ago.
    pub fn tell(&mut self, done: usize, right: usize, answered: usize) {
        let (now, pause) = (Instant::now(), if self.in_place { REDRAWN } else { WRITTEN });
        if !self.on || now.duration_since(self.last) < pause {
            return;
        }
        self.last = now;
        let line = line(done, self.total, now.duration_since(self.begun), right, answered);
        // progress that nobody can read stops nothing
        let _ = match self.in_place {
            true => write!(stderr(), "{ERASE}{line}"),
            false => writeln!(stderr(), "{line}"),
        };
        self.drawn = self.in_place;
    }

    /// Makes room for another line of standard error.
    pub fn erase(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(stderr(), "{ERASE}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.erase();
    }
}

/// `412 of 5000 pictures (8 %), 210 a second, 22 s left, top-1 54.1 %`.
fn line(done: usize, total: usize, elapsed: Duration, right: usize, answered: usize) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
    let percent = done * 100 / total.max(1);
    let left = if done > 0 { format!(", {} left", time((total.saturating_sub(done)) as f64 / rate)) } else { String::new() };
    let top1 = if answered > 0 { format!(", top-1 {:.1} %", right as f64 * 100.0 / answered as f64) } else { String::new() };
    let digits = usize::from(rate < 10.0);
    format!("{done} of {total} pictures ({percent} %), {rate:.digits$} a second{left}{top1}")
}

/// Seconds as people say them.
fn time(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_estimates_the_rest() {
        let told = |done, total, seconds, right| line(done, total, Duration::from_secs(seconds), right, done);
        assert_eq!(told(400, 5000, 2, 220), "400 of 5000 pictures (8 %), 200 a second, 23 s left, top-1 55.0 %");
        assert_eq!(told(5, 1000, 2, 5), "5 of 1000 pictures (0 %), 2.5 a second, 6 min 38 s left, top-1 100.0 %");
        assert_eq!(told(0, 10, 1, 0), "0 of 10 pictures (0 %), 0.0 a second");
        assert_eq!(told(10, 10, 1, 5), "10 of 10 pictures (100 %), 10 a second, 0 s left, top-1 50.0 %");
    }

    #[test]
    fn times_as_people_say_them() {
        assert_eq!([0.2, 59.0, 61.0, 3599.5, 90_000.0].map(time), ["1 s", "59 s", "1 min 1 s", "1 h 0 min", "25 h 0 min"]);
    }
}
