//! Where a value was set.

use std::fmt;

/// Where a value was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In this line of the file, from 1.
    Line(usize),
    /// By this flag.
    Flag(&'static str),
    /// In no single place.
    Nowhere,
}

impl Origin {
    /// The line, where it is one.
    pub fn line(self) -> Option<usize> {
        match self {
            Self::Line(line) => Some(line),
            _ => None,
        }
    }

    /// The flag, where it is one.
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Self::Flag(flag) => Some(flag),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Nowhere => f.write_str("the settings"),
        }
    }
}

/// A value, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
}
