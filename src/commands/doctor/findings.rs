//! The findings of the doctor, each with what to do next.

use crate::cli::Origin;
use crate::error::Error;
use crate::secrets::redact;
use serde::Serialize;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It does not stop `run`, but should be known.
    Note,
    /// It stops `run`.
    Fail,
}

/// A finding.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub mark: Mark,
    /// Its section.
    pub about: &'static str,
    /// What was found.
    pub what: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The findings so far.
pub struct Findings<'a> {
    pub found: Vec<Finding>,
    /// The origin of the settings, on which hints depend.
    pub origin: &'a Origin,
}

impl Findings<'_> {
    pub fn add(&mut self, mark: Mark, about: &'static str, what: impl Into<String>, hint: Option<String>) {
        let what: String = what.into();
        let what = redact(&what).into_owned();
        self.found.push(Finding { mark, about, what, hint: hint.map(|hint| redact(&hint).into_owned()) });
    }

    pub fn ok(&mut self, about: &'static str, what: impl Into<String>) {
        self.add(Mark::Ok, about, what, None);
    }

    pub fn note(&mut self, about: &'static str, what: impl Into<String>, hint: impl Into<String>) {
        self.add(Mark::Note, about, what, Some(hint.into()));
    }

    /// Adds an error as a finding with `mark`.
    pub fn error(&mut self, mark: Mark, about: &'static str, error: &Error) {
        let error = self.origin.advise(error.clone());
        let details = error.details();
        self.add(mark, about, error.summary(), (!details.is_empty()).then(|| details.join("\n")));
    }
}
