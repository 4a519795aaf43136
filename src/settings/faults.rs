//! The errors of settings, each with its line or flag.

use super::origin::Origin;
use crate::error::Error;
use std::fmt;

/// An error of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its origin.
    pub origin: Origin,
    /// What is wrong, and what is expected.
    pub text: String,
    /// Whether the command line itself is invalid, on any machine.
    pub is_usage: bool,
}

impl Fault {
    /// An error at `origin`.
    pub fn new(origin: Origin, text: impl Into<String>) -> Self {
        Self { origin, text: text.into(), is_usage: false }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Line(line) => write!(f, "line {line}: {}", self.text),
            _ => f.write_str(&self.text),
        }
    }
}

/// All errors of the settings of one file, or of flags alone; in the order of the lines, those without a line at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The given errors, in order.
    pub fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.origin.line().unwrap_or(usize::MAX));
        Self(faults)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// All as one error; `origin` is the name of the file, or `None` for flags alone.
    pub fn error(&self, origin: Option<&str>) -> Error {
        let new = if self.0.iter().all(|fault| fault.is_usage) { Error::usage } else { Error::config };
        let (what, list) = match (&self.0[..], origin) {
            // a single error of flags is reported without a heading
            ([fault], None) => return by_itself(new, fault),
            ([fault], _) if fault.is_usage => return by_itself(new, fault),
            (faults, origin) => {
                let count = if faults.len() == 1 { "1 error".to_owned() } else { format!("{} errors", faults.len()) };
                let list: Vec<_> = faults.iter().map(Fault::to_string).collect();
                (format!("{}: {count}", origin.unwrap_or("the command line")), list.join("\n"))
            }
        };
        new(what).hint(list)
    }
}

fn by_itself(new: fn(String) -> Error, fault: &Fault) -> Error {
    match fault.text.split_once('\n') {
        Some((what, hint)) => new(what.to_owned()).hint(hint.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")),
        None => new(fault.text.clone()),
    }
}
