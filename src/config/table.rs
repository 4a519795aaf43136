//! Reading a TOML table: each value with its line, every fault kept, an unknown key with the nearest known one.

use super::faults::Fault;
use super::values;
use crate::capture::Rotate;
use crate::suggest::{nearest, synonym};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and the line where it stands, from 1; 0 where a flag gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: usize,
}

impl<T> Placed<T> {
    /// A value that no line of a file gave.
    pub fn by_flag(value: T) -> Self {
        Self { value, line: 0 }
    }

    /// What `change` makes of the value, in the same line.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: change(self.value), line: self.line }
    }
}

/// A file, and what is wrong with it so far.
pub struct Document<'a> {
    text: &'a str,
    folder: &'a Path,
    keys: &'a [(&'a str, &'a [&'a str])],
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Document<'a> {
    /// `text`, whose paths are taken from `folder` on; `keys` are those of each section.
    pub fn new(text: &'a str, folder: &'a Path, keys: &'a [(&'a str, &'a [&'a str])]) -> Self {
        Self { text, folder, keys, faults: RefCell::default() }
    }

    /// Reads the file. Where it is not TOML, the first error is a fault, and the table holds only what could be read.
    ///
    /// The errors behind the first one are left out: most of them are its consequences.
    pub fn parse(&self) -> (Spanned<DeTable<'a>>, Option<Fault>) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        let start = |error: &toml::de::Error| error.span().map_or(usize::MAX, |span| span.start);
        let first = errors.into_iter().min_by_key(start).map(|error| {
            let line = error.span().map_or(0, |span| self.line(span.start));
            Fault::new(line, format!("{}; the rest of the file is checked once this is fixed", error.message()))
        });
        (table, first)
    }

    /// The section called `name` (`""`: the whole file).
    pub fn section<'d>(&'d self, name: &'a str, table: &'d DeTable<'a>) -> Section<'d, 'a> {
        let known = self.keys.iter().find(|(section, _)| *section == name).map_or(&[][..], |(_, keys)| *keys);
        for (key, _) in table.iter() {
            if !known.contains(&key.get_ref().as_ref()) {
                self.fault(self.line(key.span().start), self.unknown(name, key.get_ref(), known));
            }
        }
        Section { document: self, name, table }
    }

    /// Notes what is wrong in `line`.
    pub fn fault(&self, line: usize, text: impl Into<String>) {
        self.faults.borrow_mut().push(Fault::new(line, text));
    }

    /// All that is wrong.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    fn unknown(&self, section: &str, key: &str, known: &[&str]) -> String {
        let place = |section: &str| match section {
            "" => "at the top level".to_owned(),
            "camera" => "in [[camera]]".to_owned(),
            section => format!("in [{section}]"),
        };
        let here = place(section);
        if let Some((other, _)) = self.keys.iter().find(|(_, keys)| keys.contains(&key)) {
            return format!("unknown key '{key}' {here}; it belongs {}", place(other));
        }
        match nearest(key, known) {
            Some(near) => format!("unknown key '{key}' {here}; did you mean '{near}'?"),
            None => format!("unknown key '{key}' {here}; known keys: {}", known.join(", ")),
        }
    }
}

/// One table of the file. Each `get` gives nothing, and notes a fault, where the value is of another kind.
pub struct Section<'d, 'a> {
    document: &'d Document<'a>,
    name: &'a str,
    table: &'d DeTable<'a>,
}

impl<'d, 'a> Section<'d, 'a> {
    fn find(&self, key: &str) -> Option<(&'d DeValue<'a>, usize)> {
        let (_, value) = self.table.iter().find(|(known, _)| known.get_ref() == key)?;
        Some((value.get_ref(), self.document.line(value.span().start)))
    }

    /// The value of `key` as `read` understands it; `wanted` says what that is.
    fn get<T>(&self, key: &str, wanted: &str, read: impl FnOnce(&DeValue<'a>) -> Option<T>) -> Option<Placed<T>> {
        let (value, line) = self.find(key)?;
        let read = read(value);
        if read.is_none() {
            let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
            self.document.fault(line, format!("{name} must be {wanted}, not {}", shown(value)));
        }
        read.map(|value| Placed { value, line })
    }

    /// A text.
    pub fn string(&self, key: &str) -> Option<Placed<String>> {
        self.get(key, "a text in quotes", |value| Some(value.as_str()?.to_owned()))
    }

    /// A path; a relative one is taken from the file's own folder on.
    pub fn path(&self, key: &str) -> Option<Placed<PathBuf>> {
        self.get(key, "a path in quotes", |value| Some(self.document.folder.join(value.as_str().filter(|path| !path.is_empty())?)))
    }

    /// A text, a number or a truth, as it is written.
    pub fn plain(&self, key: &str) -> Option<Placed<String>> {
        let read = |value: &DeValue| match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(n) => Some(n.to_string()),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        };
        self.get(key, "a text or a number", read)
    }

    /// `true` or `false`.
    pub fn truth(&self, key: &str) -> Option<bool> {
        self.get(key, "true or false", DeValue::as_bool).map(|placed| placed.value)
    }

    /// A whole number in `range`; `why` says in the fault what it comes from, if it is not clear.
    pub fn whole(&self, key: &str, range: RangeInclusive<usize>, why: &str) -> Option<usize> {
        let wanted = format!("a whole number from {} to {}{why}", range.start(), range.end());
        let read = |value: &DeValue| match value {
            DeValue::Integer(n) => usize::from_str_radix(n.as_str(), n.radix()).ok().filter(|n| range.contains(n)),
            _ => None,
        };
        self.get(key, &wanted, read).map(|placed| placed.value)
    }

    /// A whole number of at least 1; one beyond all bounds means all that there are.
    pub fn at_least_one(&self, key: &str) -> Option<usize> {
        let read = |value: &DeValue| match value {
            DeValue::Integer(n) if n.radix() == 10 => values::at_least_one(n.as_str()).ok(),
            _ => None,
        };
        self.get(key, "a whole number of at least 1", read).map(|placed| placed.value)
    }

    /// Permissions: `"660"`, or TOML's own `0o660`.
    pub fn mode(&self, key: &str) -> Option<u32> {
        let read = |value: &DeValue| match value {
            DeValue::String(text) => values::octal(text).ok(),
            DeValue::Integer(n) if n.radix() == 8 => values::octal(n.as_str()).ok(),
            _ => None,
        };
        self.get(key, "three octal digits in quotes, as in \"660\"", read).map(|placed| placed.value)
    }

    /// A rotation: `"auto"`, or degrees clockwise.
    pub fn rotation(&self, key: &str) -> Option<Rotate> {
        let read = |value: &DeValue| match value {
            DeValue::String(text) => values::rotation(text).ok(),
            DeValue::Integer(n) => values::rotation(n.as_str()).ok(),
            _ => None,
        };
        self.get(key, "\"auto\", 0, 90, 180 or 270", read).map(|placed| placed.value)
    }

    /// A time in quotes: `"5s"`.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        let (value, _) = self.find(key)?;
        let wanted = match value.as_str().map(values::duration) {
            Some(Err(_)) => format!("{}, as in \"5s\"", values::a_time()),
            _ => "a time in quotes, as in \"5s\", \"500ms\" or \"2m\"".to_owned(),
        };
        self.get(key, &wanted, |value| values::duration(value.as_str()?).ok()).map(|placed| placed.value)
    }

    /// Three numbers in `range`; `example` shows them.
    pub fn three(&self, key: &str, example: &str, range: RangeInclusive<f32>) -> Option<[f32; 3]> {
        let wanted = format!("three numbers from {} to {}, as in {example}", range.start(), range.end());
        let number = |value: &Spanned<DeValue>| match value.get_ref() {
            DeValue::Integer(n) => n.as_str().parse().ok(),
            DeValue::Float(n) => n.as_str().parse().ok(),
            _ => None,
        };
        let read = |value: &DeValue| {
            let numbers: Vec<f32> = value.as_array()?.iter().filter_map(number).filter(|n: &f32| range.contains(n)).collect();
            (value.as_array()?.len() == 3).then_some(numbers)?.try_into().ok()
        };
        self.get(key, &wanted, read).map(|placed| placed.value)
    }

    /// One of `choices`, by its name.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let known: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let read = |value: &DeValue| choices.iter().find(|(name, _)| Some(*name) == value.as_str()).map(|(_, choice)| *choice);
        let (value, line) = self.find(key)?;
        let chosen = read(value);
        if chosen.is_none() {
            let near = value.as_str().and_then(|word| synonym(word, &known).or_else(|| nearest(word, &known)));
            let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            let names: Vec<_> = known.iter().map(|name| format!("\"{name}\"")).collect();
            let text = format!("{}.{key} must be one of {}, not {}{near}", self.name, names.join(", "), shown(value));
            self.document.fault(line, text);
        }
        chosen
    }

    /// Names and texts, as in `{ DEVICE = "/dev/video2" }`. Numbers are taken as they are written.
    pub fn variables(&self, key: &str) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        if let Some((table, _)) = self.table_of(key) {
            for (name, value) in table.iter() {
                let line = self.document.line(value.span().start);
                match value.get_ref() {
                    DeValue::String(text) => drop(variables.insert(name.get_ref().to_string(), text.to_string())),
                    DeValue::Integer(n) => drop(variables.insert(name.get_ref().to_string(), n.to_string())),
                    other => self
                        .document
                        .fault(line, format!("the variable {} must be a text in quotes, not {}", name.get_ref(), shown(other))),
                }
            }
        }
        variables
    }

    /// The table of `key`, and its line.
    pub fn table_of(&self, key: &str) -> Option<(&'d DeTable<'a>, usize)> {
        let (value, line) = self.find(key)?;
        if value.as_table().is_none() {
            self.document.fault(line, format!("'{key}' is a section, [{key}], not {}", shown(value)));
        }
        value.as_table().map(|table| (table, line))
    }

    /// All tables of `[[key]]`, each with its line.
    pub fn tables_of(&self, key: &str) -> Vec<(&'d DeTable<'a>, usize)> {
        let Some((value, line)) = self.find(key) else { return Vec::new() };
        let tables = value.as_array().into_iter().flat_map(|array| array.iter());
        let tables: Vec<_> =
            tables.filter_map(|table| Some((table.get_ref().as_table()?, self.document.line(table.span().start)))).collect();
        if tables.is_empty() {
            self.document.fault(line, format!("each {key} is a section of its own, with double brackets: [[{key}]]"));
        }
        tables
    }
}

fn shown(value: &DeValue) -> String {
    match value {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(n) => n.to_string(),
        DeValue::Float(n) => n.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list like that".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}
