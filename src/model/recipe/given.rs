//! A value and its origin.

use std::fmt;
use std::path::{Path, PathBuf};

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// The section `[model]` of the configuration.
    Config,
    /// The `.modelinfo` next to the model.
    ModelInfo(PathBuf),
    /// The model's graph: the part that contains it.
    Graph(String),
    /// Another file in the model's folder.
    File(PathBuf),
    /// None: it is assumed.
    Assumed,
}

impl Origin {
    /// Whether the value is assumed.
    pub fn is_assumed(&self) -> bool {
        *self == Self::Assumed
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Config => f.write_str("the configuration"),
            Self::ModelInfo(path) | Self::File(path) => f.write_str(&name(path)),
            Self::Graph(part) => write!(f, "the model file: {part}"),
            Self::Assumed => f.write_str("assumed: the file does not say"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Given<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub origin: Origin,
}

impl<T> Given<T> {
    /// `value` from `origin`.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// `value`, which is assumed.
    pub fn assumed(value: T) -> Self {
        Self::new(value, Origin::Assumed)
    }
}
