//! The given flags: entries that override the file.

use super::key::{Group, Key};
use std::ffi::{OsStr, OsString};

/// A setting given by a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The section.
    pub section: &'static str,
    /// The key in the section.
    pub key: &'static str,
    /// The flag, with its dashes.
    pub flag: &'static str,
    /// The value as given.
    pub value: OsString,
}

/// The given flags, in the order of the command line's description. A repeated flag has several entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(Vec<Entry>);

impl Flags {
    /// Adds an entry.
    pub fn add(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    /// These with one more: `value` for `key` of `section`, as if by its `flag`.
    pub fn with(mut self, section: &'static str, key: &'static str, flag: &'static str, value: impl Into<OsString>) -> Self {
        self.add(Entry { section, key, flag, value: value.into() });
        self
    }

    /// These and `others`.
    pub fn and(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    /// These, given as pairs of a flag and its value; for those that `groups` describe.
    pub fn of(groups: &[Group], given: &[(&str, &str)]) -> Self {
        let known = |(flag, value): &(&str, &str)| {
            let (group, key) = described(groups, flag)?;
            Some(Entry { section: group.name, key: key.name, flag: key.flag?.name, value: value.into() })
        };
        Self(given.iter().filter_map(known).collect())
    }

    /// All entries of `key` in `section`.
    pub fn of_key<'f>(&'f self, section: &'f str, key: &'f str) -> impl Iterator<Item = &'f Entry> {
        self.0.iter().filter(move |entry| entry.section == section && entry.key == key)
    }

    /// The value of `key` in `section`.
    pub fn value(&self, section: &str, key: &str) -> Option<&OsStr> {
        self.0.iter().find(|entry| entry.section == section && entry.key == key).map(|entry| &*entry.value)
    }

    /// The first given flag of those of `section` whose keys `wanted` accepts.
    pub fn first(&self, section: &str, wanted: impl Fn(&str) -> bool) -> Option<&'static str> {
        self.0.iter().find(|entry| entry.section == section && wanted(entry.key)).map(|entry| entry.flag)
    }

    /// Whether `flag` was given.
    pub fn given(&self, flag: &str) -> bool {
        self.0.iter().any(|entry| entry.flag == flag)
    }
}

/// The key that `flag` sets, and its section.
pub fn described<'g>(groups: &'g [Group], flag: &str) -> Option<(&'g Group, &'static Key)> {
    groups.iter().find_map(|group| Some((group, group.all().find(|key| key.flag.is_some_and(|known| known.name == flag))?)))
}
