//! The description of one setting, and of a section of them.

use super::kind::Kind;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// The help in `--help`, the schema and the documentation.
    pub help: &'static str,
    /// Its default.
    pub default: DefaultValue,
    /// The flag that sets it.
    pub flag: Option<Flag>,
}

/// The default of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// None.
    None,
    /// This value, written as for a flag.
    Value(&'static str),
    /// Determined by the program; a description.
    Described(&'static str),
}

/// A flag that sets a key.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// Its name, with the dashes.
    pub name: &'static str,
    /// The name of its value in `--help`; empty for a switch.
    pub value: &'static str,
    /// Its heading in `--help`.
    pub heading: &'static str,
    /// Whether only `run` has it, because `check` and `doctor` would ignore it.
    pub only_run: bool,
    /// The group of flags that exclude each other.
    pub group: Option<&'static str>,
    /// The group of flags of which one is required as well.
    pub requires: Option<&'static str>,
}

/// The keys of one section of the file. Several modules may share a section.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The section's name; empty for the top level.
    pub name: &'static str,
    /// How often it may occur.
    pub repeat: Repeat,
    /// The description of the section.
    pub help: &'static str,
    /// Its keys, a list for each module.
    pub keys: &'static [&'static [Key]],
}

/// How often a section may occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Once: `[socket]`.
    Once,
    /// Any number of times: `[[camera]]`.
    Many,
    /// Once as `[model]`, or any number of times as `[[model]]`.
    OnceOrMany,
}

impl Key {
    /// A setting without default and without flag.
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { name, kind, help, default: DefaultValue::None, flag: None }
    }

    /// With this default, written as a flag's value.
    pub const fn default(self, value: &'static str) -> Self {
        Self { default: DefaultValue::Value(value), ..self }
    }

    /// With a default determined by the program, described by `words`.
    pub const fn default_described(self, words: &'static str) -> Self {
        Self { default: DefaultValue::Described(words), ..self }
    }

    /// With the flag `name`, whose value is called `value` in `--help`.
    pub const fn flag(self, name: &'static str, value: &'static str, heading: &'static str) -> Self {
        Self { flag: Some(Flag { name, value, heading, only_run: false, group: None, requires: None }), ..self }
    }

    /// Only `run` has its flag.
    pub const fn only_run(self) -> Self {
        match self.flag {
            Some(flag) => Self { flag: Some(Flag { only_run: true, ..flag }), ..self },
            None => self,
        }
    }

    /// Its flag excludes the others of `group`.
    pub const fn in_group(self, group: &'static str) -> Self {
        match self.flag {
            Some(flag) => Self { flag: Some(Flag { group: Some(group), ..flag }), ..self },
            None => self,
        }
    }

    /// Its flag needs one of `group`.
    pub const fn requires(self, group: &'static str) -> Self {
        match self.flag {
            Some(flag) => Self { flag: Some(Flag { requires: Some(group), ..flag }), ..self },
            None => self,
        }
    }

    /// `help` with the default behind it.
    pub fn with_default(&self, help: &str) -> String {
        match self.default {
            DefaultValue::None => help.to_owned(),
            DefaultValue::Value(value) | DefaultValue::Described(value) => format!("{help} [default: {value}]"),
        }
    }
}

impl Group {
    /// All its keys.
    pub fn all(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().flat_map(|keys| keys.iter())
    }

    /// The key called `name`.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.all().find(|key| key.name == name)
    }

    /// Its header in the file: `[model]`, `[[camera]]`.
    pub fn shown(&self) -> String {
        if self.repeat == Repeat::Many { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }
}
