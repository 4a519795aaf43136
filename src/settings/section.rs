//! One section of settings: each value is from the flag, otherwise from the file, otherwise the default.

use super::faults::Fault;
use super::flags::{Entry, Flags};
use super::key::{DefaultValue, Group, Key, Repeat};
use super::kind::{Kind, Value, plain};
use super::layers::{Layers, shown};
use super::origin::{Origin, Placed};
use super::setting::Setting;
use crate::error::Error;
use crate::suggest::{nearest, synonym};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// A section during reading. An invalid value adds an error, and is replaced by the default.
pub struct Section<'l> {
    pub(super) layers: &'l Layers<'l>,
    pub(super) group: Group,
    pub(super) table: Option<&'l DeTable<'l>>,
    /// What the file says of keys that the table does not have: those of a section that this one is based on.
    pub(super) base: Option<&'l DeTable<'l>>,
    /// The line of its header in the file.
    pub origin: Origin,
}

/// The result of `read` for a section with these keys in which nothing is set: the defaults.
pub fn defaults<T>(keys: &'static [&'static [Key]], read: impl FnOnce(&Section) -> T) -> T {
    let flags = Flags::default();
    let layers = Layers::of_flags(&[], &flags);
    read(&Section::new(&layers, Group { name: "", repeat: Repeat::Once, help: "", keys }, None, Origin::Nowhere))
}

impl<'l> Section<'l> {
    pub(super) fn new(layers: &'l Layers<'l>, group: Group, table: Option<&'l DeTable<'l>>, origin: Origin) -> Self {
        Self { layers, group, table, base: None, origin }
    }

    pub(super) fn checked(self) -> Self {
        if let Some(table) = self.table {
            self.layers.check(&self.group, table);
        }
        self
    }

    /// The value of `key`: from the flag, otherwise from the file, otherwise the default.
    ///
    /// # Panics
    ///
    /// If the section has no such key, or one of another type: a bug that shows whenever the section is read.
    pub fn get<T: Setting>(&self, key: &str) -> T {
        let described = self.key(key);
        let value = self.set(described).map(|placed| placed.value).or_else(|| match described.default {
            DefaultValue::Value(text) => described.kind.of_text(text).ok(),
            DefaultValue::None | DefaultValue::Described(_) => None,
        });
        T::of(value).unwrap_or_else(|| panic!("the key {key} has no default, or is of another type"))
    }

    /// The value of `key` and its origin, if it is set.
    pub fn placed<T: Setting>(&self, key: &str) -> Option<Placed<T>> {
        let Placed { value, origin } = self.set(self.key(key))?;
        T::of(Some(value)).map(|value| Placed { value, origin })
    }

    /// The text of `key`, if it is set and valid; an error that was added before is not added again.
    pub fn placed_quietly(&self, key: &str) -> Option<Placed<String>> {
        let described = self.key(key);
        let value = match self.entries(key).next() {
            Some(entry) => entry.value.to_str()?.to_owned(),
            None => match described.kind.of_toml(self.find(key)?.0, self.layers.folder) {
                Ok(Value::Text(text)) => text,
                _ => return None,
            },
        };
        Some(Placed { value, origin: self.origin_of(key)? })
    }

    /// The meaning of the word of `key`, or of its default, in `choices`, which its kind lists.
    ///
    /// # Panics
    ///
    /// Like [`Section::get`], and if its kind has other words.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, &str, T)]) -> T {
        self.choice_if_set(key, choices).unwrap_or_else(|| panic!("the key {key} has no default, or other choices"))
    }

    /// The same for a key that may have no value.
    pub fn choice_if_set<T: Copy>(&self, key: &str, choices: &[(&str, &str, T)]) -> Option<T> {
        let word: Option<String> = self.get(key);
        choices.iter().find(|(name, ..)| Some(*name) == word.as_deref()).map(|(.., value)| *value)
    }

    /// The origin of `key`.
    pub fn origin_of(&self, key: &str) -> Option<Origin> {
        let entry = self.entries(key).next();
        let in_file = || Some(self.find(key)?.1);
        entry.map(|entry| Origin::Flag(entry.flag)).or_else(in_file)
    }

    /// Whether the file or a flag sets `key`, even to an invalid value.
    pub fn has(&self, key: &str) -> bool {
        self.origin_of(key).is_some()
    }

    /// The names and texts of `key`, each with its origin: those of the file, and those of flags over them.
    pub fn variables(&self, key: &str) -> BTreeMap<String, Placed<String>> {
        let in_file = self.pairs(key, text_or_number).into_iter().filter_map(|(name, value, origin)| match value {
            Ok(value) => Some((name, Placed { value, origin })),
            Err(shown) => {
                self.layers.fault(origin, format!("the variable {name} must be a text in quotes, not {shown}"));
                None
            }
        });
        let mut variables: BTreeMap<_, _> = in_file.collect();
        variables.extend(self.pairs_of_flags(key));
        variables
    }

    /// The options of the subsection `key`, each with its origin: those of the file, followed by those of flags.
    pub fn options(&self, key: &str) -> Vec<(String, Placed<String>)> {
        let group = self.layers.group(&format!("{}.{key}", self.group.name));
        for table in self.found(key).filter_map(|(value, _)| value.as_table()) {
            self.layers.check(&group, table);
        }
        let in_file = self.pairs(key, plain).into_iter().filter(|(name, ..)| group.key(name).is_some());
        let in_file = in_file.filter_map(|(name, value, origin)| match value {
            Ok(value) => Some((name, Placed { value, origin })),
            Err(shown) => {
                self.layers.fault(origin, format!("{}.{name} must be a text or a number, not {shown}", group.name));
                None
            }
        });
        in_file.chain(self.pairs_of_flags(key)).collect()
    }

    /// The section `key` below this one, in the file or not.
    pub fn below(&self, key: &str) -> Self {
        let group = self.layers.group(&format!("{}.{key}", self.group.name));
        let found = self.table.and_then(|table| self.layers.find(table, key)).and_then(|(value, origin)| {
            if value.as_table().is_none() {
                self.layers.fault(origin, format!("'{key}' is a section, [{}], not {}", group.name, shown(value)));
            }
            Some((value.as_table()?, origin))
        });
        let (table, origin) = found.map_or((None, Origin::Nowhere), |(table, origin)| (Some(table), origin));
        Self::new(self.layers, group, table, origin).checked()
    }

    /// Adds an error about `key`, or about the section if the key is not set.
    pub fn fault(&self, key: &str, text: impl Into<String>) {
        self.layers.fault(self.origin_of(key).unwrap_or(self.origin), text);
    }

    /// Adds an error at `origin`.
    pub fn fault_at(&self, origin: Origin, text: impl Into<String>) {
        self.layers.fault(origin, text);
    }

    /// Adds an error about an invalid value at `origin`: for a flag, the command line is invalid.
    pub fn invalid(&self, origin: Origin, text: impl Into<String>) {
        self.layers.add(Fault { is_usage: origin.flag().is_some(), ..Fault::new(origin, text) });
    }

    /// Adds `error`, caused by the value of `key`: its hints name keys if the file has set it.
    pub fn error(&self, key: &str, error: Error) {
        let origin = self.origin_of(key).unwrap_or(self.origin);
        let error = if origin.flag().is_some() { error } else { self.layers.advice().of(error) };
        self.layers.fault(origin, error.to_string());
    }

    /// Adds an error that `key` has no effect without `needed`, given as `(flags, keys of the file)`, with `hint` if a flag has set it. A
    /// key of the file is refused only if the file itself lacks what is needed: `needed_key` may have been overridden by a flag.
    pub fn ignored(&self, key: &str, needed: (&str, &str), needed_key: &str, hint: &str) {
        let Some(origin) = self.origin_of(key) else { return };
        match origin {
            Origin::Flag(flag) => {
                let text = format!("{flag} has no effect without {}\n  {hint}", needed.0);
                self.layers.add(Fault { is_usage: true, ..Fault::new(origin, text) });
            }
            _ if self.origin_of(needed_key).is_some_and(|origin| origin.flag().is_some()) => {}
            _ => self.fault(key, format!("{key} has no effect without {}", needed.1)),
        }
    }

    /// The number of errors so far, in all sections.
    pub fn count(&self) -> usize {
        self.layers.count()
    }

    /// The value of `key` in the file, and its line.
    fn find<'s>(&'s self, key: &'s str) -> Option<(&'s DeValue<'s>, Origin)> {
        self.found(key).last()
    }

    /// The same, with that of the section that this one is based on before it.
    fn found<'s>(&'s self, key: &'s str) -> impl Iterator<Item = (&'s DeValue<'s>, Origin)> {
        let tables = [self.base, self.table].into_iter().flatten();
        tables.filter_map(move |table| self.layers.find(table, key))
    }

    pub(super) fn key(&self, name: &str) -> &'static Key {
        self.group.key(name).unwrap_or_else(|| panic!("there is no key {name} in {}", self.group.shown()))
    }

    fn entries<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s Entry> {
        self.layers.flags.of_key(self.group.name, key)
    }

    fn set(&self, key: &Key) -> Option<Placed<Value>> {
        if let Some(entry) = self.entries(key.name).next() {
            if matches!(key.kind, Kind::Patterns) {
                let names = self.entries(key.name).map(|entry| entry.value.to_string_lossy().into_owned());
                return Some(Placed { value: Value::Names(names.collect()), origin: Origin::Flag(entry.flag) });
            }
            let origin = Origin::Flag(entry.flag);
            // a path need not be UTF-8; everything else was checked with the command line
            if matches!(key.kind, Kind::Path | Kind::PathOr(_)) {
                return Some(Placed { value: Value::Path(PathBuf::from(&entry.value)), origin });
            }
            return match key.kind.of_text(&entry.value.to_string_lossy()) {
                Ok(value) => Some(Placed { value, origin }),
                Err(expected) => {
                    let text = format!("invalid value '{}' for {}: {expected}", entry.value.display(), entry.flag);
                    self.layers.add(Fault { is_usage: true, ..Fault::new(origin, text) });
                    None
                }
            };
        }
        let (value, origin) = self.find(key.name)?;
        match key.kind.of_toml(value, self.layers.folder) {
            Ok(value) => Some(Placed { value, origin }),
            Err(wanted) => {
                let known = key.kind.words();
                let near = value.as_str().filter(|_| matches!(key.kind, Kind::Choice(_)));
                let near = near.and_then(|word| synonym(word, &known).or_else(|| nearest(word, &known)));
                let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
                let name = [self.group.name, key.name].join(".");
                let text = format!("{} must be {wanted}, not {}{near}", name.trim_start_matches('.'), shown(value));
                self.layers.fault(origin, text);
                None
            }
        }
    }

    /// The pairs that flags give for `key`.
    fn pairs_of_flags<'s>(&'s self, key: &'s str) -> impl Iterator<Item = (String, Placed<String>)> {
        self.entries(key).filter_map(|entry| {
            let (name, value) = entry.value.to_str()?.split_once('=')?;
            Some((name.to_owned(), Placed { value: value.to_owned(), origin: Origin::Flag(entry.flag) }))
        })
    }

    /// The pairs of the table of `key` in the file; a value that `take` does not accept is an error.
    fn pairs(&self, key: &str, take: fn(&DeValue) -> Option<String>) -> Vec<(String, Result<String, String>, Origin)> {
        let (mut pairs, one) = (Vec::new(), |value| take(value).ok_or_else(|| shown(value)));
        for (value, origin) in self.found(key) {
            match value.as_table() {
                None => self.layers.fault(origin, format!("'{key}' is a section, [{key}], not {}", shown(value))),
                Some(table) => {
                    pairs.extend(table.iter().map(|(name, value)| {
                        (name.get_ref().to_string(), one(value.get_ref()), self.layers.line(value.span().start))
                    }))
                }
            }
        }
        pairs
    }
}

fn text_or_number(value: &DeValue) -> Option<String> {
    plain(value).filter(|_| value.as_bool().is_none())
}
