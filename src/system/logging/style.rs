//! Formats a message as lines: for the journal, a terminal or a file. Its text can neither move a terminal's cursor nor begin a line that
//! looks like another message.

use crate::terminal::{self, Styles};
use crate::{printable, secrets};
use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use tracing::Level;

/// A longer message is truncated: one source must not fill the log.
const LONGEST: usize = 16 << 10;

/// The prefix of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `<4>text`: the journal reads the level of each line from such a prefix (sd-daemon(3)).
    Journal,
    /// ` WARN text`
    Plain,
    /// ` WARN text`, in colour.
    Colours,
}

impl Style {
    /// The style for standard error.
    pub fn of_standard_error() -> Self {
        // set by systemd if standard error is the journal
        if std::env::var_os("JOURNAL_STREAM").is_some() && !stderr().is_terminal() {
            Self::Journal
        } else if Styles::of(&stderr()).are_on() {
            Self::Colours
        } else {
            Self::Plain
        }
    }

    /// The lines of a message, each with its line break. All but the first are indented by two spaces or more.
    pub fn lines(self, level: Level, text: &str) -> String {
        let (priority, colour) = match level {
            Level::ERROR => (3, terminal::Style::Red),
            Level::WARN => (4, terminal::Style::Yellow),
            Level::INFO => (6, terminal::Style::Green),
            Level::DEBUG => (7, terminal::Style::Blue),
            Level::TRACE => (7, terminal::Style::Magenta),
        };
        let text = secrets::redact(text);
        let text = shortened(&text);
        let mut lines = String::with_capacity(text.len() + 16);
        // an empty message is one line
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 && line.trim().is_empty() {
                continue;
            }
            // writing to a string does not fail
            let _ = match self {
                Self::Journal => write!(lines, "<{priority}>"),
                _ if n > 0 => Ok(()),
                Self::Plain => write!(lines, "{level:>5} "),
                Self::Colours => write!(lines, "{} ", Styles::ON.paint(colour, format_args!("{level:>5}"))),
            };
            if n > 0 && !line.starts_with("  ") {
                lines.push_str("  ");
            }
            lines.push_str(&printable::line(line.trim_end_matches('\r')));
            lines.push('\n');
        }
        lines
    }
}

fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST { text.into() } else { format!("{}…", &text[..text.floor_char_boundary(LONGEST)]).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_fake_a_message_or_reveal_a_password() {
        let text = "cannot open rtsp://me:pw@cam: bad\n<3>ERROR \x1b[2J\r\n\n  try again\u{9b}";
        let journal = Style::Journal.lines(Level::WARN, text);
        assert_eq!(journal, "<4>cannot open rtsp://me:***@cam: bad\n<4>  <3>ERROR \\u{1b}[2J\n<4>  try again\\u{9b}\n");
        let plain = Style::Plain.lines(Level::WARN, text);
        assert_eq!(plain, " WARN cannot open rtsp://me:***@cam: bad\n  <3>ERROR \\u{1b}[2J\n  try again\\u{9b}\n");
        assert_eq!(Style::Colours.lines(Level::ERROR, "a"), "\x1b[31mERROR\x1b[0m a\n");
    }

    #[test]
    fn a_long_message_is_truncated() {
        let line = Style::Plain.lines(Level::INFO, &"é".repeat(LONGEST));
        assert!(line.len() < LONGEST + 16 && line.ends_with("é…\n"));
    }
}
