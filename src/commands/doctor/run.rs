//! Runs the checks and writes the report.

use super::checks;
use super::findings::{Finding, Findings, Mark};
use crate::cli::{Doctor, Origin, names_source};
use crate::error::{Error, Result};
use crate::printable;
use crate::publish::write_all;
use crate::terminal::{Style, Styles};
use std::fmt::Write;
use std::fs::File;

/// Runs all checks, and writes the report to `out`. An error if something would stop `run`.
pub fn run(args: &Doctor, mut out: File) -> Result<()> {
    let mut origin = args.checked.origin();
    let model_alone = is_model_alone(args, &origin);
    if model_alone {
        origin.file = None;
    }
    let mut findings = Findings { origin: &origin, found: Vec::new() };
    checks::all(&origin, model_alone, &mut findings);
    let failed = findings.found.iter().filter(|finding| finding.mark == Mark::Fail).count();
    let text = if args.checked.json {
        serde_json::json!({ "ok": failed == 0, "findings": findings.found }).to_string() + "\n"
    } else {
        text(&findings.found, Styles::of(&out))
    };
    write_all(&mut out, text.as_bytes())?;
    match failed {
        0 => Ok(()),
        1 => Err(Error::failed("1 problem prevents `glimpsed run`; it is marked above")),
        n => Err(Error::failed(format!("{n} problems prevent `glimpsed run`; they are marked above"))),
    }
}

/// Whether the flags give a model but no camera: no pipeline and no configuration file.
fn is_model_alone(args: &Doctor, origin: &Origin) -> bool {
    let no_file = args.checked.config.config.is_none() && origin.file.as_ref().is_none_or(|path| !path.exists());
    no_file && origin.flags.given("--model") && !names_source(&origin.flags)
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
        // writing to a string does not fail
        let _ = writeln!(text, "{} {chapter:<13}  {}", styles.paint(style, sign), printable::line(what));
        for line in hint.iter().flat_map(|hint| hint.lines()) {
            let _ = writeln!(text, "                  {}", printable::line(line));
        }
    }
    text
}
