//! Errors: what was being done and with what, why it failed, and what to do next.
//!
//! An [`Error`] reads as a short report. `what` names the operation and its object, `because` adds the cause (an error or text), and
//! `hint` tells the user what to do next. The [`Kind`] determines the exit status. To show an error in another form, use its parts
//! ([`Error::summary`], [`Error::details`], [`Error::what`], [`Error::advice`], `source()`), not its whole text.

use crate::secrets::redact;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The cause of an [`Error`]: an error or text.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A `Result` whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error; it determines the exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An operation failed that may succeed another time or on another machine: exit status 1.
    Failed,
    /// The command line is invalid: exit status 2.
    Usage,
    /// A setting, or a file that it names, is invalid, and retrying does not help: exit status 78 (`EX_CONFIG`).
    Config,
    /// The reader of the results has closed the pipe: no message, exit status 0.
    NobodyReads,
    /// An operation failed permanently (a missing element, incompatible formats), and retrying does not help: exit status 1.
    Permanent,
    /// One frame failed; processing continues. Exit status 1 if there is no other frame.
    Passing,
}

/// An error with a message for the user: see the module.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    what: String,
    /// Shared, since an error is reported in several places.
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    hint: Option<String>,
}

impl Error {
    /// An error of `kind`; `what` says what was being done, and with what.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), cause: None, hint: None }
    }

    /// A failed operation: exit status 1.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what)
    }

    /// An invalid command line: exit status 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// An invalid setting: exit status 78.
    pub fn config(what: impl Into<String>) -> Self {
        Self::new(Kind::Config, what)
    }

    /// Adds the cause: an error or text.
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into().into());
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

    /// The same error with each part of its text changed by `change`.
    pub fn reword(self, change: impl Fn(&str) -> String) -> Self {
        let cause = self.cause.map(|cause| {
            let text = cause.to_string();
            let reworded = change(&text);
            // an unchanged cause stays an error
            if reworded == text { cause } else { Cause::from(reworded).into() }
        });
        Self { kind: self.kind, what: change(&self.what), cause, hint: self.hint.map(|hint| change(&hint)) }
    }

    /// What was being done, and with what; passwords are masked, as in all text of an error.
    pub fn what(&self) -> Cow<'_, str> {
        redact(&self.what)
    }

    /// The text of [`Error::hint`]: what to do next.
    pub fn advice(&self) -> Option<Cow<'_, str>> {
        self.hint.as_deref().map(redact)
    }

    /// One line: what was being done, and the first line of the cause.
    pub fn summary(&self) -> String {
        let cause = self.cause_text();
        match cause.lines().next() {
            Some(cause) => format!("{}: {cause}", self.what()),
            None => self.what().into_owned(),
        }
    }

    /// The lines after the summary: the rest of the cause, and what to do next.
    pub fn details(&self) -> Vec<String> {
        let unindented = |line: &str| line.strip_prefix("  ").unwrap_or(line).to_owned();
        let mut lines: Vec<_> = self.cause_text().lines().skip(1).map(unindented).collect();
        lines.extend(self.advice().iter().flat_map(|advice| advice.lines()).map(str::to_owned));
        lines
    }

    fn cause_text(&self) -> String {
        self.cause.as_ref().map_or_else(String::new, |cause| redact(cause.to_string().trim_end()).into_owned())
    }

    /// The kind of the error.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit status of the program for this error.
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
    /// The summary, and the details on indented lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        self.details().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

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
    fn its_parts_are_accessible_and_its_source_is_the_original_error() {
        use std::error::Error as _;
        let found = std::io::Error::from_raw_os_error(2);
        let inner = Error::failed("cannot read 'x'").because(found).hint("Is it there?");
        let source = inner.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.and_then(std::io::Error::raw_os_error), Some(2));
        let outer = Error::config("no model").because(inner).hint("Name one.\nOr two.");
        assert_eq!((outer.what(), outer.advice()), ("no model".into(), Some("Name one.\nOr two.".into())));
        assert_eq!(outer.summary(), "no model: cannot read 'x': No such file or directory (os error 2)");
        assert_eq!(outer.details(), ["Is it there?", "Name one.", "Or two."]);
        let inner = outer.source().and_then(|source| source.downcast_ref::<Error>()).unwrap();
        assert_eq!((inner.kind(), inner.advice()), (Kind::Failed, Some("Is it there?".into())));
        let tried = Error::failed("not found").because("tried\n  a\n  b\n");
        assert_eq!((tried.summary().as_str(), tried.to_string().as_str()), ("not found: tried", "not found: tried\n  a\n  b"));
    }

    #[test]
    fn masks_passwords() {
        let url = "rtsp://admin:pw@cam/s";
        let error = Error::failed(format!("cannot open {url}")).because(url).hint(format!("Try {url}\nor user-pw=pw."));
        for text in [error.to_string(), error.summary(), error.what().into(), error.advice().unwrap().into()] {
            assert!(!text.contains("pw@") && !text.contains("=pw"), "{text}");
        }
    }
}
