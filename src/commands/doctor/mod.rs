//! `glimpsed doctor`: everything that a first run needs, looked over in order, each with what to do next.

mod checks;

use crate::cli::Run;
use crate::error::{Error, Result};
use crate::printable;
use crate::publish::write_all;
use crate::secrets::redact;
use serde::Serialize;
use std::fmt::Write;
use std::fs::File;
use std::io::IsTerminal;

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
#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, mark: Mark, about: &'static str, what: impl Into<String>, hint: Option<String>) {
        let what: String = what.into();
        let what = redact(&what).into_owned();
        self.0.push(Finding { mark, about, what, hint: hint.map(|hint| redact(&hint).into_owned()) });
    }

    fn ok(&mut self, about: &'static str, what: impl Into<String>) {
        self.add(Mark::Ok, about, what, None);
    }

    fn note(&mut self, about: &'static str, what: impl Into<String>, hint: impl Into<String>) {
        self.add(Mark::Note, about, what, Some(hint.into()));
    }

    /// An error, as a finding of the weight of `mark`.
    fn error(&mut self, mark: Mark, about: &'static str, error: &Error) {
        let details = error.details();
        self.add(mark, about, error.summary(), (!details.is_empty()).then(|| details.join("\n")));
    }
}

/// Looks, and tells on `out`. An error when something would stop `run`.
pub fn run(args: &Run, mut out: File) -> Result<()> {
    let mut findings = Findings::default();
    checks::all(args, &mut findings);
    let failed = findings.0.iter().filter(|finding| finding.mark == Mark::Fail).count();
    let text = if args.output.json {
        serde_json::json!({ "ok": failed == 0, "findings": findings.0 }).to_string() + "\n"
    } else {
        text(&findings.0, out.is_terminal())
    };
    write_all(&mut out, text.as_bytes())?;
    match failed {
        0 => Ok(()),
        1 => Err(Error::failed("one thing stands in the way of `glimpsed run`; it is marked above")),
        n => Err(Error::failed(format!("{n} things stand in the way of `glimpsed run`; they are marked above"))),
    }
}

fn text(findings: &[Finding], colours: bool) -> String {
    let mut text = String::new();
    let mut before = "";
    for Finding { mark, about, what, hint } in findings {
        let (sign, colour) = match mark {
            Mark::Ok => ("✓", "\x1b[32m"),
            Mark::Note => ("!", "\x1b[33m"),
            Mark::Fail => ("✗", "\x1b[31m"),
        };
        let (colour, plain) = if colours { (colour, "\x1b[0m") } else { ("", "") };
        let chapter = if before == *about { "" } else { about };
        before = about;
        // a string takes whatever is written to it
        let _ = writeln!(text, "{colour}{sign}{plain} {chapter:<13}  {}", printable::line(what));
        for line in hint.iter().flat_map(|hint| hint.lines()) {
            let _ = writeln!(text, "                  {}", printable::line(line));
        }
    }
    text
}
