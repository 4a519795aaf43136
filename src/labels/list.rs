//! The names of the classes: one per line, line 1 for class 0, or in JSON or YAML.

use super::forms;
use super::text;
use crate::error::{Error, Result};
use crate::files;
use std::path::Path;

/// The maximum number of classes: about forty times that of the largest public data set (ImageNet-21k), and a list of names
/// that still fits into memory.
pub const CLASSES: usize = 1_000_000;

/// The maximum size of a labels file, in bytes.
const FILE: u64 = 64 << 20;

/// The maximum length of a label, in bytes: WordNet's have up to about 200.
pub const LABEL: usize = 1000;

/// The maximum number of characters of a name in a message.
const SHOWN: usize = 60;

/// The names of all classes, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Their origin, for messages; `None` for numbers.
    origin: Option<String>,
    /// All names, concatenated, in a single allocation.
    text: String,
    /// The end of each name.
    ends: Vec<usize>,
    /// Of two classes, the one whose probability a single output is.
    positive: usize,
    /// The WordNet ids of the classes, where the file has them.
    synsets: Vec<u32>,
}

impl Labels {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path, FILE).map_err(|e| {
            Error::config(format!("cannot read the labels '{}'", path.display()))
                .because(e)
                .hint("--labels FILE names a text file with one label a line, line 1 for class 0, or a JSON file of names.")
        })?;
        Self::parse(&bytes, &path.display().to_string())
    }

    /// Parses labels: UTF-8, one per line, with or without a byte order mark, CR LF or a last empty line; or JSON or YAML.
    ///
    /// In the form of `synset_words.txt` (`n01440764 tench, Tinca tinca`) the first name of each line is taken; where every line
    /// begins
    /// with the number of its class (`0 tench`), what follows it.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self> {
        let text = text::decode(bytes, origin)?;
        if let Some(names) = forms::structured(text) {
            let names = names.map_err(|(line, why)| {
                let line = line.map_or(String::new(), |line| format!(" (line {line})"));
                Error::config(format!("the labels '{origin}' are not usable{line}")).because(why).hint(
                    "A list of names in JSON is wanted, or numbers with names ({\"0\": \"cat\"}), or names with numbers ({\"cat\": 0}).",
                )
            })?;
            return Self::checked(&names, origin, "entry");
        }
        let mut lines: Vec<&str> = text.lines().take(CLASSES + 1).map(str::trim).collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        let checked = Self::checked(&lines, origin, "line")?;
        if let Some(names) = forms::numbered(&lines) {
            return Ok(Self::of(Some(origin.to_owned()), names.into_iter()));
        }
        match lines.iter().map(|line| text::synset(line)).collect::<Option<(Vec<_>, Vec<_>)>>() {
            Some((synsets, names)) => Ok(Self { synsets, ..Self::of(Some(origin.to_owned()), names.into_iter()) }),
            None => Ok(checked),
        }
    }

    /// The labels of `names`; `place` is the word for the position of a name in the file. An error if there are none or too many,
    /// or one is not usable.
    fn checked(names: &[impl AsRef<str>], origin: &str, place: &str) -> Result<Self> {
        let hint = "One label a line is wanted, line 1 for class 0.";
        if names.len() > CLASSES {
            return Err(Error::config(format!("the labels '{origin}' have more than {CLASSES} lines")).hint(hint));
        }
        if names.is_empty() {
            return Err(Error::config(format!("the labels '{origin}' are empty")).hint(hint));
        }
        let names = || names.iter().map(|name| name.as_ref().trim());
        if let Some(at) = names().position(str::is_empty) {
            return Err(Error::config(format!("the labels '{origin}' have no name on {place} {}", at + 1))
                .hint("Each line names one class; an empty one would shift all that follow."));
        }
        if let Some((at, name)) = names().enumerate().find(|(_, name)| name.len() > LABEL) {
            return Err(Error::config(format!("the labels '{origin}' have {} bytes on {place} {}", name.len(), at + 1))
                .hint(format!("One label a line is wanted, of at most {LABEL} bytes.")));
        }
        Ok(Self::of(Some(origin.to_owned()), names()))
    }

    /// Names from `origin`; an empty one is numbered.
    pub fn named(names: &[String], origin: &str) -> Self {
        let name = |(n, name): (usize, &String)| {
            let name = name.trim();
            if name.is_empty() || name.len() > LABEL { format!("class {n}") } else { name.to_owned() }
        };
        Self::of(Some(origin.to_owned()), names.iter().enumerate().map(name))
    }

    /// The names of the two classes of a model with a single output, which is the probability of one of them.
    ///
    /// A single name is that of this class, and the other class is its negation. Of two names it is the second, as in most training
    /// programs,
    /// where 1 stands for yes.
    pub fn of_two(self, model: &str) -> Result<Self> {
        match self.len() {
            1 => {
                let name = self.name(0);
                Ok(Self::of(self.origin.clone(), [name.to_owned(), format!("not {name}")].into_iter()))
            }
            2 => Ok(Self { positive: 1, ..self }),
            count => Err(Error::config(format!(
                "the labels '{}' name {count} classes, the model '{model}' has one output, the probability of one class",
                self.origin().unwrap_or_default()
            ))
            .hint("One label is wanted (the class whose probability it is), or two (the second is that class).")),
        }
    }

    /// Of two classes, the one whose probability a single output is.
    pub fn positive(&self) -> usize {
        self.positive
    }

    /// Names for a model without labels: `class 0`, `class 1`...
    pub fn numbered(classes: usize) -> Self {
        Self::of(None, (0..classes).map(|n| format!("class {n}")))
    }

    fn of(origin: Option<String>, names: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        names.for_each(|name| {
            // a name in JSON may contain a line break
            text.extend(name.as_ref().chars().map(|c| if ['\n', '\r'].contains(&c) { ' ' } else { c }));
            ends.push(text.len());
        });
        Self { origin, text, ends, positive: 0, synsets: Vec::new() }
    }

    /// An error if the number of labels is not that of the `classes` of the model called `model`.
    pub fn check(&self, classes: usize, model: &str) -> Result<()> {
        let have = self.len();
        if have == classes {
            return Ok(());
        }
        let first = if have > classes {
            format!("Line {} ('{}') is the first one too many.", classes + 1, shortened(self.name(classes)))
        } else {
            format!("Line {} is the first one missing; the last one is '{}'.", have + 1, shortened(self.name(have - 1)))
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

    /// Their origin; `None` if the classes are only numbered.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Always false: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The class of the WordNet id `n########`, where the file has them.
    pub fn of_synset(&self, id: u32) -> Option<usize> {
        self.synsets.iter().position(|known| *known == id)
    }

    /// The name of class `index`.
    pub fn name(&self, index: usize) -> &str {
        let begin = index.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        self.ends.get(index).map_or("?", |end| &self.text[begin..*end])
    }
}

/// The beginning of a name, for messages.
fn shortened(name: &str) -> String {
    if name.chars().count() <= SHOWN { name.to_owned() } else { name.chars().take(SHOWN).chain("...".chars()).collect() }
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
    fn numbers_in_front_are_the_classes_and_json_is_read() {
        assert_eq!(names(b"0 Class 1\r\n1 Class 2\r\n"), ["Class 1", "Class 2"]);
        assert_eq!(names(b"1 cat\n2 dog\n"), ["1 cat", "2 dog"]);
        assert_eq!(names(b"\xef\xbb\xbf{\"0\": \" cat \", \"1\": \"big\\ndog\"}"), ["cat", "big dog"]);
        let message = |bytes: &[u8]| Labels::parse(bytes, "l.json").unwrap_err().to_string();
        assert!(message(b"[\"cat\", \"\"]").contains("no name on entry 2"));
        assert!(message(b"[]").contains("list is empty"));
        assert!(message(b"{\"0\": \"cat\",\n\"1\"}").contains("not usable (line 2)"));
        let long = format!("{{\"cat\": \"{}\"}}", "x".repeat(100_000));
        assert!(message(long.as_bytes()).len() < 500, "an error does not show the file");
    }

    #[test]
    fn one_output_has_one_name_or_two() {
        let of_two = |text: &[u8]| Labels::parse(text, "l.txt").unwrap().of_two("m");
        let one = of_two(b"cat\n").unwrap();
        assert_eq!([one.name(0), one.name(1)], ["cat", "not cat"]);
        assert_eq!(one.positive(), 0);
        let two = of_two(b"cat\ndog\n").unwrap();
        assert_eq!((two.name(1), two.positive()), ("dog", 1));
        assert_eq!(Labels::numbered(1).of_two("m").unwrap().name(1), "not class 0");
        assert!(of_two(b"a\nb\nc\n").unwrap_err().to_string().contains("name 3 classes"));
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
