//! Reads settings: from the configuration file with flags over it, or from flags alone.

use super::draft::Settled;
use super::table::Placed;
use super::{Draft, Fault, Reading, faults, file};
use crate::error::{Error, Result};
use crate::files;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variables of the environment that `.launch` files may use.
type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Why there are no settings.
#[derive(Debug, Clone)]
pub enum Refused {
    /// The file could not be read, or the command line makes no sense.
    Unread(Error),
    /// `origin` was read, and has these faults.
    Faulty(String, Vec<Fault>),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unread(error) => error,
            Refused::Faulty(origin, faults) => faults::error(&origin, faults),
        }
    }
}

/// Reads `file`, where there is one, with `flags` over it. Nothing that they name is opened, but for `.launch` files.
pub fn load(file: Option<&Path>, flags: Draft, environment: Environment) -> std::result::Result<Reading, Refused> {
    let Some(path) = file else { return of_flags(flags, environment).map_err(Refused::Unread) };
    let origin = format!("the configuration '{}'", path.display());
    let text = files::read_text(path, files::SETTINGS).map_err(|e| {
        let error = Error::config(format!("cannot read {origin}")).because(e);
        Refused::Unread(error.hint("/usr/share/glimpsed/glimpsed.toml.example is one to begin with."))
    })?;
    parse(&text, folder(path), &origin, flags, environment)
}

/// The same with the file's text: relative paths are taken from `folder` on, `origin` names it in messages. Refused where it is not TOML.
pub fn parse(
    text: &str,
    folder: &Path,
    origin: &str,
    flags: Draft,
    environment: Environment,
) -> std::result::Result<Reading, Refused> {
    let file::Parsed { draft, faults, is_toml } = file::parse(text, folder);
    if !is_toml {
        return Err(Refused::Faulty(origin.to_owned(), faults));
    }
    Ok(reading(Some(origin.to_owned()), flags.clone(), flags.over(draft), faults, environment))
}

/// The settings of `flags` alone.
pub fn of_flags(flags: Draft, environment: Environment) -> Result<Reading> {
    if flags.model.is_none() {
        return Err(Error::usage("no model is given").hint("--model FILE names one; testcard is the built-in one."));
    }
    Ok(reading(None, flags.clone(), flags, Vec::new(), environment))
}

fn reading(origin: Option<String>, flags: Draft, draft: Draft, mut faults: Vec<Fault>, environment: Environment) -> Reading {
    let line = draft.model.as_ref().map_or(0, |model| model.line);
    let model = draft.model().ok().map(|value| Placed { value, line });
    let Settled { settings, pipelines, faults: more } = draft.settle(environment);
    faults.extend(more);
    Reading { origin, flags, model, pipelines, settings: settings.filter(|_| faults.is_empty()), faults }
}

/// The folder of QNN that the file at `path` names, if it can be read: for what must be set before anything else starts.
pub fn qnn_dir(path: &Path) -> Option<PathBuf> {
    as_far_as_readable(path, Draft::default()).runtime.qnn_dir
}

/// What the file at `path` says as far as it can be read, with `flags` over it, whatever is wrong with it.
pub fn as_far_as_readable(path: &Path, flags: Draft) -> Draft {
    let text = files::read_text(path, files::SETTINGS).unwrap_or_default();
    flags.over(file::parse(&text, folder(path)).draft)
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
