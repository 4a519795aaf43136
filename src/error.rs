//! What went wrong: what was being done and with what, why it failed, and what to do next.
//!
//! An [`Error`] reads as a short report. `what` names the work and the thing it was done with, `because` holds the cause in the
//! words of whoever found it, `hint` is the next step of the person who reads it. The [`Kind`] decides the exit status.

use crate::secrets::redact;
use std::fmt;

/// A `Result` whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Who can mend it; decides the exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Work failed that may succeed another time or on another machine: exit status 1.
    Failed,
    /// The command line makes no sense: exit status 2.
    Usage,
    /// A setting, or a file that a setting names, is wrong; trying again cannot help: exit status 78 (`EX_CONFIG`).
    Config,
    /// Nobody reads the results any more: a quiet end, exit status 0.
    NobodyReads,
    /// Work failed in a way that a retry cannot heal (a missing element, formats that cannot match): exit status 1.
    Permanent,
    /// It cost one frame; the work goes on. Exit status 1 where there is no other frame.
    Passing,
}

/// An error for a person: see the module.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    what: String,
    because: Option<String>,
    hint: Option<String>,
}

impl Error {
    /// An error of `kind`; `what` says what was being done and with what.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), because: None, hint: None }
    }

    /// Work that failed: exit status 1.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what)
    }

    /// A command line that makes no sense: exit status 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// A setting that is wrong: exit status 78.
    pub fn config(what: impl Into<String>) -> Self {
        Self::new(Kind::Config, what)
    }

    /// Adds the cause, in the words of whoever found it.
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.because = Some(cause.to_string());
        self
    }

    /// The same error with another `kind`.
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error in other words: `change` makes them of each part.
    pub fn reword(self, change: impl Fn(&str) -> String) -> Self {
        let optional = |text: Option<String>| text.map(|text| change(&text));
        Self { kind: self.kind, what: change(&self.what), because: optional(self.because), hint: optional(self.hint) }
    }

    /// The kind of the error.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit status that this error ends the program with.
    pub fn exit_status(&self) -> u8 {
        match self.kind {
            Kind::NobodyReads => 0,
            Kind::Failed | Kind::Permanent | Kind::Passing => 1,
            Kind::Usage => 2,
            Kind::Config => 78,
        }
    }
}

impl fmt::Display for Error {
    /// `what: cause`, and the hint on lines of its own; passwords are masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.what))?;
        if let Some(because) = &self.because {
            write!(f, ": {}", redact(because.trim_end()))?;
        }
        if let Some(hint) = &self.hint {
            for line in redact(hint).lines() {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_a_report() {
        let error =
            Error::config("cannot read the labels 'x.txt'").because("no such file").hint("Name them with --labels.\nOne a line.");
        assert_eq!(error.to_string(), "cannot read the labels 'x.txt': no such file\n  Name them with --labels.\n  One a line.");
        assert_eq!(error.exit_status(), 78);
    }

    #[test]
    fn betrays_no_password() {
        let url = "rtsp://admin:pw@cam/s";
        let error = Error::failed(format!("cannot open {url}")).because(url).hint(format!("Try {url}\nor user-pw=pw."));
        assert!(!error.to_string().contains("pw@") && !error.to_string().contains("=pw"), "{error}");
    }
}
