//! Terminal output: colours if the user wants them, and text measured in columns. No other module does this.
//!
//! A Chinese character or an emoji takes two columns, a combining mark none, so the width of a text is not its number of characters.

pub mod window;

use crate::printable;
use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use std::fmt::{self, Display, Formatter};
use unicode_width::UnicodeWidthStr;

/// The maximum number of characters per column: combining marks take no column, and there may be any number of them.
const CHARACTERS: usize = 8;

/// A text style, as the parameter of the escape sequence SGR (ECMA-48).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Style {
    Bold = 1,
    Reverse = 7,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Magenta = 35,
}

/// Whether styles are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    on: bool,
}

impl Styles {
    /// Plain text.
    pub const OFF: Self = Self { on: false };
    /// Text with escape sequences.
    pub const ON: Self = Self { on: true };

    /// The styles for `stream`: escape sequences if it is a terminal that supports them (`TERM`). `NO_COLOR` and `CLICOLOR=0` disable them;
    /// `CLICOLOR_FORCE` enables them, for files and pipes too.
    pub fn of(stream: &impl RawStream) -> Self {
        Self { on: AutoStream::choice(stream) != ColorChoice::Never }
    }

    /// Whether styles are written.
    pub fn are_on(self) -> bool {
        self.on
    }

    /// `text` in `style`.
    pub fn paint<T: Display>(self, style: Style, text: T) -> impl Display {
        Painted { style: self.on.then_some(style), text }
    }
}

struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(style) => write!(f, "\x1b[{}m{}\x1b[0m", style as u8, self.text),
            None => self.text.fmt(f),
        }
    }
}

/// Whether a line can be redrawn in place on `stream`: a terminal that can move its cursor.
pub fn can_redraw(stream: &impl RawStream) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_some_and(|kind| kind != "dumb")
}

/// `text` on one line, in at most `columns` columns: a longer text is truncated with an ellipsis. Control characters are
/// escaped.
pub fn cut(text: &str, columns: usize) -> String {
    let text = printable::line(text);
    let looked_at = text.char_indices().nth(columns * CHARACTERS).map_or(text.len(), |(end, _)| end);
    if looked_at == text.len() && text.width() <= columns {
        return text.into_owned();
    }
    let mut ends = text[..looked_at].char_indices().map(|(start, c)| start + c.len_utf8());
    // Not the first that is too wide ends it: a character may join those before it, and make them narrower.
    let end = ends.rfind(|&end| text[..end].width() < columns).unwrap_or(0);
    // a joiner must not precede the ellipsis
    text[..end].trim_end_matches('\u{200d}').to_owned() + if columns > 0 { "…" } else { "" }
}

/// The result of [`cut`], padded with spaces to `columns` columns.
pub fn column(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width())));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_truncated_by_columns() {
        for (text, columns, cut_text) in [
            ("iguana", 6, "iguana"),
            ("iguanas", 6, "iguan…"),
            ("a\x1bb", 9, "a\\u{1b}b"),
            ("三毛猫", 6, "三毛猫"),
            ("三毛猫", 5, "三毛…"),
            // a wide character is not split
            ("三毛猫", 4, "三…"),
            ("🐈🐕🦉", 5, "🐈🐕…"),
            // a family is one emoji of two columns, and is not split at a joiner
            ("👨‍👩‍👧 photo", 8, "👨‍👩‍👧 photo"),
            ("👨‍👩‍👧 photo", 7, "👨‍👩‍👧 pho…"),
            // a mark above belongs to its letter
            ("cafe\u{301} noir", 5, "cafe\u{301}…"),
            ("猫", 1, "…"),
            ("猫", 0, ""),
            ("", 3, ""),
        ] {
            assert_eq!(cut(text, columns), cut_text, "{text} in {columns}");
        }
    }

    #[test]
    fn a_column_is_filled() {
        assert_eq!(column("cat", 6), "cat   ");
        assert_eq!(column("三毛猫です", 6), "三毛… ");
        assert_eq!(column("🐈", 4), "🐈  ");
    }

    #[test]
    fn any_number_of_marks_is_truncated() {
        let text = format!("e{}", "\u{301}".repeat(100_000));
        assert!(cut(&text, 24).chars().count() <= 24 * CHARACTERS + 1);
    }

    #[test]
    fn styles_are_written_or_not() {
        assert_eq!(Styles::ON.paint(Style::Bold, "cat").to_string(), "\x1b[1mcat\x1b[0m");
        assert_eq!(Styles::OFF.paint(Style::Bold, "cat").to_string(), "cat");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_columns(text in any::<String>(), columns in 1_usize..40) {
            prop_assert!(cut(&text, columns).width() <= columns);
            prop_assert_eq!(column(&text, columns).width(), columns);
        }
    }
}
