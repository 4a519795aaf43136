//! Escapes untrusted text for terminals and for line-based logs.
//!
//! Labels, file names, camera names and the texts of GStreamer elements come from files and networks. Unescaped, they could move the
//! cursor, hide preceding text, write to the clipboard (OSC 52) or begin a line that looks like a log message. So every control
//! character is shown in Rust's notation, as `\u{1b}` or `\n`.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` on one line: all control characters are escaped, including line breaks.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

/// `text` on several lines: like [`line()`], but line breaks are kept.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_unsafe(c))
}

/// C0, DEL and C1; line and paragraph separators; and the marks that change the text direction (Unicode's Bidi_Control).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, escape: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&escape) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => safe.push(' '),
            c if !escape(c) => safe.push(c),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            // writing to a string does not fail
            c => drop(write!(safe, "\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else_changes() {
        assert_eq!(line("caf\u{e9} 猫 🐈 \\n"), "caf\u{e9} 猫 🐈 \\n");
        assert_eq!(line("\x1b[2J\x1b]52;c;AA\x07\x7f"), "\\u{1b}[2J\\u{1b}]52;c;AA\\u{7}\\u{7f}");
        assert_eq!(line("a\nb\r\tc\u{9b}31m\u{85}"), "a\\nb\\r c\\u{9b}31m\\u{85}");
        assert_eq!(line("x\u{202e}gpj.exe\u{2069}\u{2028}"), "x\\u{202e}gpj.exe\\u{2069}\\u{2028}");
        assert_eq!(lines("a\nb\r\n\x1b"), "a\nb\\r\n\\u{1b}");
        assert!(matches!(line("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(is_unsafe));
            prop_assert!(!lines(&text).chars().any(|c| c != '\n' && is_unsafe(c)));
        }
    }
}
