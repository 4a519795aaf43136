//! A terminal as the window of a view: its alternate screen, without a cursor, and keys without Enter.
//!
//! There is at most one. However the program ends, the terminal gets its cursor, its screen and its modes back: the window is closed
//! when it is dropped, by the log after a panic, and before every exit ([`close`]).

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::fs::File;
use std::io::{self, IsTerminal, Write, stdin};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

/// Alternate screen, no cursor, no wrapping.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// How long closing waits for a terminal that accepts nothing, for example because it hangs.
const PATIENCE: Duration = Duration::from_millis(200);

/// How a terminal without a size of its own is used.
const USUAL: (usize, usize) = (80, 24);

static OPEN: AtomicBool = AtomicBool::new(false);
static BEFORE: Mutex<Option<Before>> = Mutex::new(None);

/// What closing needs.
struct Before {
    out: File,
    /// The modes of standard input; `None` if it is no terminal.
    modes: Option<Termios>,
}

/// A key that means something to a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// q
    Quit,
    /// Space
    Freeze,
    /// Up or left
    Previous,
    /// Down or right
    Next,
}

/// An open window. Dropped, it is closed.
pub struct Window {
    out: File,
    /// Whether keys can be read.
    keys: bool,
}

impl Window {
    /// Opens the window on the terminal `out`.
    pub fn open(out: File) -> io::Result<Self> {
        let modes = if stdin().is_terminal() { termios::tcgetattr(stdin()).ok() } else { None };
        let keys = modes.is_some();
        let before = Before { out: out.try_clone()?, modes: modes.clone() };
        *BEFORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(before);
        OPEN.store(true, Ordering::SeqCst);
        let window = Self { out, keys };
        if let Some(mut modes) = modes {
            // Ctrl-C remains a signal; the terminal of a stopped program would have no cursor
            modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            for code in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
                modes.special_codes[code] = 0;
            }
            termios::tcsetattr(stdin(), OptionalActions::Now, &modes)?;
        }
        (&window.out).write_all(ENTER.as_bytes())?;
        Ok(window)
    }

    /// Its columns and rows.
    pub fn size(&self) -> (usize, usize) {
        match termios::tcgetwinsize(&self.out) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
            _ => USUAL,
        }
    }

    /// Shows `lines` from the top on, and nothing else. They must fit.
    pub fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = String::new();
        for (n, line) in lines.iter().enumerate() {
            text += &format!("\x1b[{};1H\x1b[0m\x1b[2K{line}", n + 1);
        }
        text += &format!("\x1b[0m\x1b[{};1H", lines.len() + 1);
        // with as many lines as rows there is nothing below
        if lines.len() < self.size().1 {
            text += "\x1b[J";
        }
        if is_open() { self.out.write_all(text.as_bytes()) } else { Ok(()) }
    }

    /// Waits for a key, at most for `time`.
    pub fn key(&mut self, time: Duration) -> Option<Key> {
        if !self.keys {
            std::thread::sleep(time);
            return None;
        }
        let stdin = stdin();
        let mut watched = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut watched, PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO)).is_ok_and(|ready| ready > 0);
        if !ready {
            return None;
        }
        let mut bytes = [0; 16];
        match nix::unistd::read(&stdin, &mut bytes) {
            Ok(count) if count > 0 => key(&bytes[..count]),
            // its other side is gone
            _ => {
                self.keys = false;
                None
            }
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        close();
    }
}

/// Whether a window is open: then nothing else may be written to its terminal.
pub fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// Closes the window, if one is open.
pub fn close() {
    if !OPEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let before = match BEFORE.try_lock() {
        Ok(mut before) => before.take(),
        Err(TryLockError::Poisoned(before)) => before.into_inner().take(),
        // it is being opened, by a thread that did not get to it
        Err(TryLockError::WouldBlock) => None,
    };
    let Some(Before { out, modes }) = before else { return };
    let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::ZERO);
    if poll(&mut [PollFd::new(out.as_fd(), PollFlags::POLLOUT)], patience).is_ok_and(|ready| ready > 0) {
        // a terminal that is gone needs nothing
        let _ = (&out).write_all(LEAVE.as_bytes());
    }
    if let Some(modes) = modes {
        let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &modes);
    }
}

/// Whether a view can be shown on `out`: a terminal that can move its cursor and show UTF-8, and whose foreground this program has.
pub fn can_open(out: &File) -> bool {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let terminal = variable("TERM").is_some_and(|kind| kind != "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name)).unwrap_or_default();
    out.is_terminal() && terminal && is_utf8(&locale) && has_foreground(out)
}

/// In the background, a change of the terminal's modes would stop the program.
fn has_foreground(out: &File) -> bool {
    let own = nix::unistd::getpgrp().as_raw();
    // an error: it is not the terminal of this session
    termios::tcgetpgrp(out).map_or(true, |group| group.as_raw_nonzero().get() == own)
}

fn is_utf8(locale: &str) -> bool {
    let encoding = locale.split_once('.').map_or("", |(_, encoding)| encoding).to_ascii_lowercase();
    matches!(encoding.split('@').next(), Some("utf-8" | "utf8"))
}

/// The key of these bytes of a terminal.
fn key(bytes: &[u8]) -> Option<Key> {
    Some(match bytes {
        b"q" | b"Q" => Key::Quit,
        b" " => Key::Freeze,
        b"\x1b[A" | b"\x1bOA" | b"\x1b[D" | b"\x1bOD" => Key::Previous,
        b"\x1b[B" | b"\x1bOB" | b"\x1b[C" | b"\x1bOC" => Key::Next,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_a_locale() {
        for (locale, is) in [
            ("C.UTF-8", true),
            ("de_DE.utf8", true),
            ("en_US.UTF-8@euro", true),
            ("C", false),
            ("", false),
            ("POSIX", false),
            ("de_DE.ISO-8859-1", false),
        ] {
            assert_eq!(is_utf8(locale), is, "{locale}");
        }
    }

    #[test]
    fn keys_of_terminals() {
        let read = |text: &str| key(text.as_bytes());
        assert_eq!(["q", " ", "\x1b[A", "\x1bOD"].map(read), [Key::Quit, Key::Freeze, Key::Previous, Key::Previous].map(Some));
        assert_eq!(["\x1b[B", "\x1b[C", "x", "\x1b", "\x1b[1;5A"].map(read), [Some(Key::Next), Some(Key::Next), None, None, None]);
    }
}
