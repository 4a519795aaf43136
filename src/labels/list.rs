//! The names of the classes: one a line, line 1 for class 0.

use crate::error::{Error, Result};
use crate::files;
use std::path::Path;

/// The maximum number of classes: some forty times those of the largest public data set (ImageNet-21k), and a list of names
/// that still fits into memory.
pub const CLASSES: usize = 1_000_000;

/// The largest file of labels, in bytes.
const FILE: u64 = 64 << 20;

/// The longest label, in bytes: WordNet's have up to some 200.
pub const LABEL: usize = 1000;

/// The names of all classes, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Where they come from, for messages; `None` for numbers.
    origin: Option<String>,
    /// All names, one behind the other: one piece of memory, however many there are.
    text: String,
    /// Where each name ends.
    ends: Vec<usize>,
}

impl Labels {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path, FILE).map_err(|e| {
            Error::config(format!("cannot read the labels '{}'", path.display()))
                .because(e)
                .hint("--labels FILE names a text file with one label a line, line 1 for class 0.")
        })?;
        Self::parse(&bytes, &path.display().to_string())
    }

    /// Reads labels from `bytes`: UTF-8, one a line, with or without a byte order mark, CR LF or a last empty line.
    ///
    /// In the form of `synset_words.txt` (`n01440764 tench, Tinca tinca`) the first name of each line is taken.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self> {
        let text = text(bytes, origin)?;
        let mut lines: Vec<&str> = text.lines().take(CLASSES + 1).map(str::trim).collect();
        if lines.len() > CLASSES {
            return Err(Error::config(format!("the labels '{origin}' have more than {CLASSES} lines"))
                .hint("One label a line is wanted, line 1 for class 0."));
        }
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        if lines.is_empty() {
            return Err(
                Error::config(format!("the labels '{origin}' are empty")).hint("One label a line is wanted, line 1 for class 0.")
            );
        }
        if let Some(at) = lines.iter().position(|line| line.is_empty()) {
            return Err(Error::config(format!("the labels '{origin}' have no name on line {}", at + 1))
                .hint("Each line names one class; an empty one would shift all that follow."));
        }
        if let Some(at) = lines.iter().position(|line| line.len() > LABEL) {
            let length = lines[at].len();
            return Err(Error::config(format!("the labels '{origin}' have {length} bytes on line {}", at + 1))
                .hint(format!("One label a line is wanted, of at most {LABEL} bytes.")));
        }
        let synsets = lines.iter().all(|line| synset_name(line).is_some());
        let names = lines.iter().map(|line| synset_name(line).filter(|_| synsets).unwrap_or(line));
        Ok(Self::of(Some(origin.to_owned()), names))
    }

    /// Names for a model that comes without any: `class 0`, `class 1`...
    pub fn numbered(classes: usize) -> Self {
        Self::of(None, (0..classes).map(|n| format!("class {n}")))
    }

    fn of(origin: Option<String>, names: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        names.for_each(|name| {
            text.push_str(name.as_ref());
            ends.push(text.len());
        });
        Self { origin, text, ends }
    }

    /// Holds the labels to the number of `classes` of the model that `model` names.
    pub fn check(&self, classes: usize, model: &str) -> Result<()> {
        let have = self.len();
        if have == classes {
            return Ok(());
        }
        let first = if have > classes {
            format!("Line {} ('{}') is the first one too many.", classes + 1, self.name(classes))
        } else {
            format!("Line {} is the first one missing; the last one is '{}'.", have + 1, self.name(have - 1))
        };
        let background = if have.abs_diff(classes) == 1 {
            "\nOne more or less is often a 'background' class on line 1: TensorFlow's models have it, others have not."
        } else {
            ""
        };
        Err(Error::config(format!(
            "the labels '{}' name {have} classes, the model '{model}' has {classes}",
            self.origin().unwrap_or_default()
        ))
        .hint(format!("{first}{background}")))
    }

    /// Where they come from; `None` where the classes are only numbered.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never: there is always one at least.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of class `index`.
    pub fn name(&self, index: usize) -> &str {
        let begin = index.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        self.ends.get(index).map_or("?", |end| &self.text[begin..*end])
    }
}

/// The text of a file of labels, without a byte order mark.
fn text<'a>(bytes: &'a [u8], origin: &str) -> Result<&'a str> {
    let line_of = |at: usize| 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::config(format!("the labels '{origin}' are UTF-16, not UTF-8"))
            .hint("Convert them: iconv -f utf-16 -t utf-8 labels.txt > labels-utf8.txt"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        Error::config(format!("the labels '{origin}' are not UTF-8 (line {})", line_of(e.valid_up_to())))
            .hint("Convert them: iconv -f latin1 -t utf-8 labels.txt > labels-utf8.txt")
    })?;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Error::config(format!("the labels '{origin}' are not text: line {} has a byte 0", line_of(at)))
            .hint("A text file with one label a line is wanted."));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// `tench` of `n01440764 tench, Tinca tinca`; `None` for a line of another form.
fn synset_name(line: &str) -> Option<&str> {
    let (id, names) = line.split_once(' ')?;
    let digits = id.strip_prefix('n')?;
    let is_id = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
    let name = names.split(',').next().unwrap_or(names).trim();
    (is_id && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Vec<String> {
        let labels = Labels::parse(bytes, "test").unwrap();
        (0..labels.len()).map(|index| labels.name(index).to_owned()).collect()
    }

    #[test]
    fn a_synset_without_a_name_keeps_its_whole_line() {
        assert_eq!(
            names(
                b"n01440764 , Tinca tinca
"
            ),
            ["n01440764 , Tinca tinca"]
        );
    }

    #[test]
    fn takes_a_byte_order_mark_crlf_and_a_last_empty_line() {
        assert_eq!(names(b"\xef\xbb\xbfcat\r\ndog\r\n\r\n"), ["cat", "dog"]);
        assert_eq!(names(b"cat\ndog"), ["cat", "dog"]);
    }

    #[test]
    fn takes_the_first_name_of_synset_words() {
        assert_eq!(names(b"n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"), ["tench", "goldfish"]);
        // one plain line among them: the file is not of that form
        assert_eq!(names(b"n01440764 tench, Tinca tinca\ncat\n"), ["n01440764 tench, Tinca tinca", "cat"]);
    }

    #[test]
    fn numbers_stand_for_names_that_nobody_gave() {
        let labels = Labels::numbered(1001);
        assert_eq!([0, 9, 10, 1000, 1001].map(|index| labels.name(index)), ["class 0", "class 9", "class 10", "class 1000", "?"]);
    }

    #[test]
    fn says_which_line_is_at_fault() {
        let message = |bytes: &[u8]| Labels::parse(bytes, "l.txt").unwrap_err().to_string();
        assert!(message(b"cat\nd\xe9g\n").contains("not UTF-8 (line 2)"));
        assert!(message(b"cat\n\ndog\n").contains("no name on line 2"));
        assert!(message(b"\r\n\n").contains("are empty"));
        assert!(message(b"\xff\xfec\0a\0t\0").contains("are UTF-16"));
        assert!(message(b"cat\nd\0g\n").contains("line 2 has a byte 0"));
        assert!(message(&[b'x'; 1001]).contains("1001 bytes on line 1"));
        assert!(message(&b"x\n".repeat(CLASSES + 1)).contains("more than 1000000 lines"));
    }

    #[test]
    fn a_wrong_count_names_both_numbers_and_the_line() {
        let labels = Labels::parse(b"a\nb\nc\n", "l.txt").unwrap();
        assert!(labels.check(3, "m").is_ok());
        let few = labels.check(5, "m").unwrap_err().to_string();
        assert!(
            few.contains("name 3 classes") && few.contains("has 5") && few.contains("Line 4 is the first one missing"),
            "{few}"
        );
        let many = labels.check(2, "m").unwrap_err().to_string();
        assert!(many.contains("Line 3 ('c') is the first one too many") && many.contains("background"), "{many}");
    }
}
