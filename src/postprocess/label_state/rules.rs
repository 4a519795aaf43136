//! Which classes count: the section `[model.classes]`.

use crate::settings::{Key, Kind, Section, heading};

/// The key of `[model]` that holds the section.
pub const MODEL_KEYS: [Key; 1] = [Key::new("classes", Kind::Below, "Which classes count, by names or patterns (\"*dog*\")")];

/// The keys of the section.
pub const CLASS_KEYS: [Key; 4] = [
    Key::new("allow", Kind::Patterns, "Only these classes count, by names or patterns; may be given more than once as a flag")
        .default_described("all")
        .flag("--allow", "NAME", heading::MODEL),
    Key::new("deny", Kind::Patterns, "These classes do not count, by names or patterns; may be given more than once as a flag")
        .default_described("none")
        .flag("--deny", "NAME", heading::MODEL),
    Key::new("groups", Kind::Lists, "Classes that count as one in the state: a name, and the names or patterns of its classes"),
    Key::new("thresholds", Kind::Shares, "Other values of `enter` for classes or groups, by names or patterns"),
];

/// Which classes count, as the user says it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Only these, by patterns; empty: all.
    pub allow: Vec<String>,
    /// Not these.
    pub deny: Vec<String>,
    /// Classes that count as one.
    pub groups: Vec<(String, Vec<String>)>,
    /// At which smoothed probability classes are entered, if not at the common one.
    pub thresholds: Vec<(String, f64)>,
}

impl Rules {
    /// What `[model.classes]` says.
    pub fn read(classes: &Section) -> Self {
        let names = |key| classes.get::<Option<Vec<String>>>(key).unwrap_or_default();
        Self {
            allow: names("allow"),
            deny: names("deny"),
            groups: classes.get::<Option<_>>("groups").unwrap_or_default(),
            thresholds: classes.get::<Option<_>>("thresholds").unwrap_or_default(),
        }
    }
}
