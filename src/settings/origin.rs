//! The origin of a value.

use std::fmt;

/// The origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In this line of the file, from 1.
    Line(usize),
    /// This flag.
    Flag(&'static str),
    /// No single place.
    Nowhere,
}

impl Origin {
    /// The line, if it is one.
    pub fn line(self) -> Option<usize> {
        match self {
            Self::Line(line) => Some(line),
            _ => None,
        }
    }

    /// The flag, if it is one.
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

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub origin: Origin,
}
