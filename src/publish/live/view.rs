//! A live view in a terminal, on its own thread: draws twice a second, so that numbers can be read, and at once when a key is pressed.

use super::board::Board;
use super::rows::{self, Look};
use crate::error::{Error, Result};
use crate::publish::write_all;
use crate::terminal::Styles;
use crate::terminal::window::{Key, Window};
use crate::threads::{self, Watched};
use jiff::tz::TimeZone;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two updates.
const REDRAW: Duration = Duration::from_millis(500);

/// How soon the end is noticed.
const NOTICE: Duration = Duration::from_millis(50);

/// How long the thread may take to end: the terminal may hang.
const END: Duration = Duration::from_millis(500);

/// At most so many lines are left on the screen at the end.
const LAST: usize = 24;

/// What a view needs of its program.
pub struct Hooks {
    /// Called when the user wants to quit, or the terminal is gone.
    pub quit: Box<dyn Fn() + Send>,
    /// The latest warning, to be shown below.
    pub warning: Box<dyn Fn() -> Option<String> + Send>,
    /// What the camera really shows, if that is known.
    pub truth: Option<Box<dyn Fn() -> String + Send>>,
}

/// A view in a terminal. Dropped, it leaves what it last showed on the screen.
pub struct View {
    board: Arc<Mutex<Board>>,
    ending: Arc<AtomicBool>,
    thread: Watched<()>,
}

impl View {
    /// Shows a board with this title on the terminal `out`.
    pub fn start(out: File, hooks: Hooks) -> Result<Self> {
        let cannot = |error| Error::failed("cannot show a view in the terminal").because(error).hint("--text gives lines.");
        let mut after = out.try_clone().map_err(cannot)?;
        let styles = Styles::of(&out);
        let window = Window::open(out).map_err(cannot)?;
        let (board, ending) = (Arc::<Mutex<Board>>::default(), Arc::<AtomicBool>::default());
        let (shared, end) = (board.clone(), ending.clone());
        let thread = threads::spawn("view", move || {
            let last = draw(window, &shared, &end, styles, hooks);
            // a terminal that is gone needs nothing
            let _ = write_all(&mut after, last.as_bytes());
        })?;
        Ok(Self { board, ending, thread })
    }

    /// What it shows.
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        self.thread.wait(Instant::now() + END);
    }
}

/// Draws until the end. Returns what to leave on the screen.
fn draw(mut window: Window, board: &Mutex<Board>, ending: &AtomicBool, styles: Styles, hooks: Hooks) -> String {
    let copy = || {
        let truth = hooks.truth.as_ref().map(|truth| truth());
        Board { truth, ..board.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    };
    let zone = TimeZone::system();
    let (mut selected, mut frozen, mut drawn) = (0_usize, false, Instant::now());
    let (mut shown, mut now, mut redraw) = (copy(), drawn, true);
    while !ending.load(Ordering::Relaxed) {
        if drawn.elapsed() >= REDRAW {
            drawn = Instant::now();
            redraw = true;
            if !frozen {
                (shown, now) = (copy(), drawn);
            }
        }
        if std::mem::take(&mut redraw) {
            let look = Look { size: window.size(), selected, frozen, warning: (hooks.warning)(), styles, now, zone: zone.clone() };
            if window.draw(&rows::lines(&shown, &look)).is_err() {
                (hooks.quit)();
                return String::new();
            }
        }
        let Some(key) = window.key(NOTICE) else { continue };
        let last = rows::count(&shown).saturating_sub(1);
        match key {
            Key::Quit => (hooks.quit)(),
            Key::Freeze => frozen = !frozen,
            Key::Previous => selected = selected.min(last).saturating_sub(1),
            Key::Next => selected = (selected + 1).min(last),
        }
        redraw = true;
    }
    let (columns, rows) = window.size();
    drop(window);
    let look = Look { size: (columns, rows.min(LAST)), selected, frozen: false, warning: None, styles, now: Instant::now(), zone };
    rows::body(&copy(), &look, look.size.1).into_iter().map(|line| line + "\n").collect()
}
