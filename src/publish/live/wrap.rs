//! Text in several lines.

use crate::terminal::cut;
use unicode_width::UnicodeWidthStr;

/// `text` in at most `most` lines of at most `columns` columns, broken between words. What does not fit ends in an ellipsis.
pub fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while words.peek().is_some() && lines.len() < most {
        let mut line = String::new();
        // the last line gets all the rest, to be cut
        let last = lines.len() + 1 == most;
        while let Some(word) = words.peek() {
            let width = line.width() + usize::from(!line.is_empty()) + word.width();
            if !line.is_empty() && width > columns && !last {
                break;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            words.next();
        }
        lines.push(cut(&line, columns));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_between_words_and_the_last_is_cut() {
        assert_eq!(wrap("no such device or address", 10, 3), ["no such", "device or", "address"]);
        assert_eq!(wrap("no such device or address", 10, 2), ["no such", "device or…"]);
        assert_eq!(wrap("no such device", 40, 3), ["no such device"]);
        assert_eq!(wrap("/dev/v4l/by-id/usb-long is gone", 10, 3), ["/dev/v4l/…", "is gone"]);
        assert!(wrap("", 10, 3).is_empty() && wrap("a", 10, 0).is_empty());
    }

    proptest! {
        #[test]
        fn it_fits(text in any::<String>(), columns in 1_usize..40, most in 0_usize..5) {
            let lines = wrap(&text, columns, most);
            prop_assert!(lines.len() <= most && lines.iter().all(|line| line.width() <= columns));
        }
    }
}
