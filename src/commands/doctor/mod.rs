//! `glimpsed doctor`: everything that a first run needs, looked over in order, each with what to do next.

mod checks;

use crate::cli::{Doctor, Origin};
use crate::error::{Error, Result};
use crate::printable;
use crate::publish::write_all;
use crate::secrets::redact;
use crate::terminal::{Style, Styles};
use serde::Serialize;
use std::fmt::Write;
use std::fs::File;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It does not stop `run`, but somebody should know.
    Note,
    /// It stops `run`.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    mark: Mark,
    /// What it belongs to.
    about: &'static str,
    /// How it is.
    what: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// What was found so far.
pub struct Findings<'a> {
    found: Vec<Finding>,
    /// Where the settings came from, which hints depend on.
    origin: &'a Origin,
}

impl Findings<'_> {
    fn add(&mut self, mark: Mark, about: &'static str, what: impl Into<String>, hint: Option<String>) {
        let what: String = what.into();
        let what = redact(&what).into_owned();
        self.found.push(Finding { mark, about, what, hint: hint.map(|hint| redact(&hint).into_owned()) });
    }

    fn ok(&mut self, about: &'static str, what: impl Into<String>) {
        self.add(Mark::Ok, about, what, None);
    }

    fn note(&mut self, about: &'static str, what: impl Into<String>, hint: impl Into<String>) {
        self.add(Mark::Note, about, what, Some(hint.into()));
    }

    /// An error, as a finding of the weight of `mark`.
    fn error(&mut self, mark: Mark, about: &'static str, error: &Error) {
        let error = self.origin.advise(error.clone());
        let details = error.details();
        self.add(mark, about, error.summary(), (!details.is_empty()).then(|| details.join("\n")));
    }
}

/// Looks, and tells on `out`. An error when something would stop `run`.
pub fn run(args: &Doctor, mut out: File) -> Result<()> {
    let origin = args.origin();
    let mut findings = Findings { origin: &origin, found: Vec::new() };
    checks::all(&origin, &mut findings);
    let failed = findings.found.iter().filter(|finding| finding.mark == Mark::Fail).count();
    let text = if args.json {
        serde_json::json!({ "ok": failed == 0, "findings": findings.found }).to_string() + "\n"
    } else {
        text(&findings.found, Styles::of(&out))
    };
    write_all(&mut out, text.as_bytes())?;
    match failed {
        0 => Ok(()),
        1 => Err(Error::failed("one thing stands in the way of `glimpsed run`; it is marked above")),
        n => Err(Error::failed(format!("{n} things stand in the way of `glimpsed run`; they are marked above"))),
    }
}

fn text(findings: &[Finding], styles: Styles) -> String {
    let mut text = String::new();
    let mut before = "";
    for Finding { mark, about, what, hint } in findings {
        let (sign, style) = match mark {
            Mark::Ok => ("✓", Style::Green),
            Mark::Note => ("!", Style::Yellow),
            Mark::Fail => ("✗", Style::Red),
        };
        let chapter = if before == *about { "" } else { about };
        before = about;
        // a string takes whatever is written to it
        let _ = writeln!(text, "{} {chapter:<13}  {}", styles.paint(style, sign), printable::line(what));
        for line in hint.iter().flat_map(|hint| hint.lines()) {
            let _ = writeln!(text, "                  {}", printable::line(line));
        }
    }
    text
}
