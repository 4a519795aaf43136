//! What is wrong with a configuration: all of it, each with its line.

use crate::error::Error;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line of the file, from 1; 0 where it is no line's fault.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl Fault {
    /// A fault in `line`.
    pub fn new(line: usize, text: impl Into<String>) -> Self {
        Self { line, text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.text),
            line => write!(f, "line {line}: {}", self.text),
        }
    }
}

/// `faults` in the order of their lines; those of no line come last.
pub fn in_order(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| if fault.line == 0 { usize::MAX } else { fault.line });
    faults
}

/// All `faults` of `origin` as one error.
pub fn error(origin: &str, faults: Vec<Fault>) -> Error {
    let faults = in_order(faults);
    let count = match faults.len() {
        1 => "1 error".to_owned(),
        n => format!("{n} errors"),
    };
    let list: Vec<_> = faults.iter().map(Fault::to_string).collect();
    Error::config(format!("{origin}: {count}")).hint(list.join("\n"))
}
