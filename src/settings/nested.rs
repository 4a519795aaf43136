//! The sections of a file: once or repeated, and sections within sections.

use super::key::{Group, Repeat};
use super::layers::{Layers, shown};
use super::origin::Origin;
use super::section::Section;
use toml::de::DeValue;

impl Layers<'_> {
    /// The top level of the file, for its keys.
    pub fn top(&self) -> Section<'_> {
        Section::new(self, self.group(""), Some(&self.table), Origin::Nowhere)
    }

    /// The section `[name]`, in the file or not.
    pub fn section(&self, name: &'static str) -> Section<'_> {
        let found = self.find(&self.table, name).and_then(|(value, origin)| {
            if value.as_table().is_none() {
                self.fault(origin, format!("'{name}' is a section, [{name}], not {}", shown(value)));
            }
            Some((value.as_table()?, origin))
        });
        let (table, origin) = found.map_or((None, Origin::Nowhere), |(table, origin)| (Some(table), origin));
        Section::new(self, self.group(name), table, origin).checked()
    }

    /// All sections `[[name]]`; the only one, `[name]`, where that may stand for them.
    pub fn sections(&self, name: &'static str) -> Vec<Section<'_>> {
        let group = self.group(name);
        match self.find(&self.table, name) {
            None => Vec::new(),
            Some((value, _)) if group.repeat == Repeat::OnceOrMany && value.as_array().is_none() => vec![self.section(name)],
            Some((value, origin)) => self.repeated(Group { repeat: Repeat::Many, ..group }, value, origin),
        }
    }

    /// A section `[[name]]` from flags alone.
    pub fn section_of_flags(&self, name: &'static str) -> Section<'_> {
        Section::new(self, self.group(name), None, Origin::Nowhere)
    }

    /// The sections of `value`, an array that stands at `origin`.
    pub(super) fn repeated<'l>(&'l self, group: Group, value: &'l DeValue<'l>, origin: Origin) -> Vec<Section<'l>> {
        let tables = value.as_array().into_iter().flat_map(|array| array.iter());
        let tables = tables.filter_map(|table| Some((table.get_ref().as_table()?, self.line(table.span().start))));
        let found: Vec<_> = tables.map(|(table, origin)| Section::new(self, group, Some(table), origin).checked()).collect();
        if found.is_empty() {
            let (name, shown) = (group.name, group.shown());
            self.fault(origin, format!("each {name} is a section of its own, with double brackets: {shown}"));
        }
        found
    }
}

impl<'l> Section<'l> {
    /// Whether the file has it as one of several: `[[name]]`.
    pub fn is_repeated(&self) -> bool {
        self.group.repeat == Repeat::Many
    }

    /// All sections `[[name.key]]` of this one.
    pub fn sections(&self, key: &str, name: &'static str) -> Vec<Section<'l>> {
        let found = self.table.and_then(|table| self.layers.find(table, self.key(key).name));
        found.map_or_else(Vec::new, |(value, origin)| self.layers.repeated(self.layers.group(name), value, origin))
    }

    /// A section `[[name]]` within this one that flags alone make.
    pub fn section_of_flags(&self, name: &'static str) -> Section<'l> {
        self.layers.section_of_flags(name)
    }

    /// The section `key` of this one, which has the keys of `base`; what is not set in it is as `base` says.
    pub fn based_on(&self, key: &str, base: &Section<'l>) -> Section<'l> {
        let found = self.table.and_then(|table| self.layers.find(table, self.key(key).name));
        let within = found.and_then(|(value, origin)| {
            if value.as_table().is_none() {
                let name = self.group.name;
                self.layers.fault(origin, format!("'{key}' is a section, [{name}.{key}], not {}", shown(value)));
            }
            Some((value.as_table()?, origin))
        });
        let Some((table, origin)) = within else { return Section { base: None, ..*base } };
        Section { base: base.table, ..Section::new(self.layers, base.group, Some(table), origin).checked() }
    }
}
