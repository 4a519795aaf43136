//! `glimpsed check`: whether `glimpsed run` would start, as far as that shows without opening a camera or a session.

use crate::cli::{Check, Origin};
use crate::config::{self, Refused};
use crate::error::{Error, Result};
use crate::printable::line;
use crate::publish::{write_all, write_text};
use crate::secrets::redact;
use crate::settings::Fault;
use crate::startup::{self, Opened};
use serde::Serialize;
use std::fs::File;

/// `--json`.
#[derive(Serialize)]
struct Report {
    valid: bool,
    errors: Vec<ReportedError>,
}

#[derive(Serialize)]
struct ReportedError {
    /// `None` where it is no line's error.
    line: Option<usize>,
    text: String,
}

/// Says on `out` that all is well; or everything that is not, as an error.
pub fn run(args: &Check, mut out: File) -> Result<()> {
    let origin = args.checked.origin();
    let checked = check(&origin);
    if args.checked.json {
        let errors = checked.as_ref().err().map(reported).unwrap_or_default();
        let report = Report { valid: checked.is_ok(), errors };
        let json = serde_json::to_string(&report).map_err(|e| Error::failed("cannot write the report").because(e))?;
        write_all(&mut out, (json + "\n").as_bytes())?;
        return checked.map(drop).map_err(Error::from);
    }
    write_text(&mut out, &text(&origin, &checked?))
}

fn check(origin: &Origin) -> std::result::Result<Opened, Refused> {
    startup::open(super::run::load(origin)?)
}

fn reported(refused: &Refused) -> Vec<ReportedError> {
    let one = |fault: &Fault| ReportedError { line: fault.origin.line(), text: redact(&fault.text).into_owned() };
    match refused {
        Refused::Faulty(_, faults) => faults.iter().map(one).collect(),
        Refused::Unread(error) => vec![ReportedError { line: None, text: error.to_string() }],
    }
}

fn text(origin: &Origin, Opened { settings, models }: &Opened) -> String {
    let mut text = match &origin.file {
        Some(path) => format!("'{}' is valid\n", line(&path.display().to_string())),
        None => "these flags are valid\n".to_owned(),
    };
    for model in models {
        let names = if model.labels.origin().is_some() { "named" } else { "numbered" };
        text += &format!("  model   {}: {} classes, {names}\n", line(&model.model.name), model.labels.len());
    }
    for name in &settings.unused {
        text += &format!("  unused  {}: no camera has it among its models, so it is not opened\n", line(name));
    }
    for camera in &settings.cameras {
        let pipeline = camera.pipeline.split_whitespace().collect::<Vec<_>>().join(" ");
        text += &format!("  camera  {}: {}\n", line(&camera.name), line(&pipeline));
        if models.len() > 1 || !camera.regions.is_empty() {
            let streams = config::streams(camera, &settings.keys());
            for stream in streams {
                let part = stream.region_name().map_or("the whole picture".into(), |name| line(name));
                let model = if stream.model.is_empty() { &models[0].model.name } else { &*stream.model };
                text += &format!("          {part}: classified by {}\n", line(model));
            }
        }
    }
    if let Some(socket) = &settings.socket {
        text += &format!("  socket  {}\n", line(&socket.path.display().to_string()));
    }
    text
}
