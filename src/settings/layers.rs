//! A file, the flags that override it, and the errors so far.

use super::advice::Advice;
use super::faults::Fault;
use super::flags::Flags;
use super::key::{Group, Repeat};
use super::origin::Origin;
use crate::suggest::nearest;
use std::cell::RefCell;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The layers of settings: flags, and below them a file.
pub struct Layers<'a> {
    text: &'a str,
    /// The folder for relative paths of the file.
    pub(super) folder: &'a Path,
    /// All known sections.
    pub(super) groups: &'static [Group],
    /// The given flags.
    pub flags: &'a Flags,
    pub(super) table: DeTable<'a>,
    syntax: Option<Fault>,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Layers<'a> {
    /// The file in `folder` with `text`, overridden by `flags`; `groups` describe both.
    ///
    /// If the text is not TOML, [`Layers::syntax`] returns its first error, and only the readable part is used. Further errors are
    /// ignored: most of them are consequences of the first one.
    pub fn new(text: &'a str, folder: &'a Path, groups: &'static [Group], flags: &'a Flags) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let table = table.into_inner();
        let mut layers = Self { text, folder, groups, flags, table, syntax: None, faults: RefCell::default() };
        let start = |error: &toml::de::Error| error.span().map_or(usize::MAX, |span| span.start);
        layers.syntax = errors.into_iter().min_by_key(start).map(|error| {
            let origin = error.span().map_or(Origin::Nowhere, |span| layers.line(span.start));
            Fault::new(origin, format!("{}; the rest of the file is checked once this is fixed", error.message()))
        });
        layers.check_top();
        layers
    }

    /// `flags` alone.
    pub fn of_flags(groups: &'static [Group], flags: &'a Flags) -> Self {
        Self::new("", Path::new(""), groups, flags)
    }

    /// Why the file is not TOML.
    pub fn syntax(&self) -> Option<&Fault> {
        self.syntax.as_ref()
    }

    /// Adds an error at `origin`.
    pub fn fault(&self, origin: Origin, text: impl Into<String>) {
        self.add(Fault::new(origin, text));
    }

    /// Adds a fault. One that is already known is not added again: sections that share another one read it each.
    pub(super) fn add(&self, fault: Fault) {
        let mut faults = self.faults.borrow_mut();
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// All errors.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    /// The number of errors so far.
    pub fn count(&self) -> usize {
        self.faults.borrow().len()
    }

    /// Hints that name the origin of the settings.
    pub fn advice(&self) -> Advice<'_> {
        Advice::new(self.groups, self.flags)
    }

    pub(super) fn group(&self, name: &str) -> Group {
        let none = Group { name: "", repeat: Repeat::Once, help: "", keys: &[] };
        self.groups.iter().find(|group| group.name == name).copied().unwrap_or(none)
    }

    pub(super) fn find<'t>(&self, table: &'t DeTable<'_>, key: &str) -> Option<(&'t DeValue<'t>, Origin)> {
        let (_, value) = table.iter().find(|(known, _)| known.get_ref() == key)?;
        Some((value.get_ref(), self.line(value.span().start)))
    }

    pub(super) fn line(&self, offset: usize) -> Origin {
        Origin::Line(1 + self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count())
    }

    /// Adds errors for the keys of `table` that `group` does not have.
    pub(super) fn check(&self, group: &Group, table: &DeTable<'_>) {
        let known: Vec<_> = group.all().map(|key| key.name).collect();
        self.check_against(group, &known, table);
    }

    fn check_top(&self) {
        let sections = self.groups.iter().map(|group| group.name).filter(|name| !name.is_empty() && !name.contains('.'));
        let known: Vec<_> = sections.chain(self.group("").all().map(|key| key.name)).collect();
        self.check_against(&self.group(""), &known, &self.table);
    }

    fn check_against(&self, section: &Group, known: &[&str], table: &DeTable<'_>) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            self.fault(self.line(key.span().start), self.unknown(section, key.get_ref(), known));
        }
    }

    fn unknown(&self, section: &Group, key: &str, known: &[&str]) -> String {
        let place = |section: &Group| match section.name {
            "" => "at the top level".to_owned(),
            _ => format!("in {}", section.shown()),
        };
        let here = place(section);
        let is_section = |group: &&Group| !key.is_empty() && group.name == key;
        let other = self.groups.iter().find(|group| group.key(key).is_some()).copied();
        if let Some(other) = self.groups.iter().find(is_section).map(|_| self.group("")).or(other) {
            return format!("unknown key '{key}' {here}; it belongs {}", place(&other));
        }
        match nearest(key, known) {
            Some(near) => format!("unknown key '{key}' {here}; did you mean '{near}'?"),
            None => {
                let mut known = known.to_vec();
                known.sort_unstable();
                format!("unknown key '{key}' {here}; known keys: {}", known.join(", "))
            }
        }
    }
}

/// A value of the file, for messages.
pub fn shown(value: &DeValue) -> String {
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
