//! Reads settings: from the configuration file with flags over it, or from flags alone.

use super::groups::GROUPS;
use super::models::{self, ModelSettings};
use super::reading::Reading;
use super::refused::Refused;
use super::settings::{self, Read};
use crate::bridge::mqtt;
use crate::capture::{Region, Turn};
use crate::error::{Error, Result};
use crate::files;
use crate::frame::Crop;
use crate::runtime;
use crate::settings::{Faults, Flags, Layers};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the service's configuration is.
pub const PATH: &str = "/etc/glimpsed/glimpsed.toml";

/// The variables of the environment that `.launch` files may use.
type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads `file`, where there is one, with `flags` over it. Nothing that they name is opened, but for `.launch` files.
pub fn load(file: Option<&Path>, flags: &Flags, environment: Environment) -> std::result::Result<Reading, Refused> {
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
    flags: &Flags,
    environment: Environment,
) -> std::result::Result<Reading, Refused> {
    let layers = Layers::new(text, folder, &GROUPS, flags);
    if let Some(syntax) = layers.syntax() {
        return Err(Refused::Faulty(Some(origin.to_owned()), Faults::new(vec![syntax.clone()])));
    }
    Ok(reading(Some(origin.to_owned()), layers, environment))
}

/// The settings of `flags` alone.
pub fn of_flags(flags: &Flags, environment: Environment) -> Result<Reading> {
    if flags.value("model", "file").is_none() {
        return Err(no_model());
    }
    Ok(reading(None, Layers::of_flags(&GROUPS, flags), environment))
}

/// The settings of the model of `flags` alone.
pub fn model_of_flags(flags: &Flags) -> Result<ModelSettings> {
    if flags.value("model", "file").is_none() {
        return Err(no_model());
    }
    let layers = Layers::of_flags(&GROUPS, flags);
    let model = models::read_one(&layers);
    match (model, layers.into_faults()) {
        (Some(model), faults) if faults.is_empty() => Ok(model),
        (_, faults) => Err(Faults::new(faults).error(None)),
    }
}

/// What `file`, where there is one, with `flags` over it says of the broker, and the daemon's socket where the file names it. Other
/// sections are not read.
pub fn mqtt(file: Option<&Path>, flags: &Flags) -> Result<(mqtt::Params, Option<PathBuf>)> {
    let origin = file.map(|path| format!("the configuration '{}'", path.display()));
    let text = match file {
        Some(path) => files::read_text(path, files::SETTINGS).map_err(|e| {
            let error = Error::config(format!("cannot read the configuration '{}'", path.display())).because(e);
            error.hint("--broker mqtts://HOST names the broker without a file.")
        })?,
        None => String::new(),
    };
    let layers = Layers::new(&text, file.map_or(Path::new(""), folder), &GROUPS, flags);
    if let Some(syntax) = layers.syntax() {
        return Err(Faults::new(vec![syntax.clone()]).error(origin.as_deref()));
    }
    let params = mqtt::Params::read(&layers.section("mqtt"));
    let socket = layers.section("socket").placed("path").map(|placed| placed.value);
    match (params, layers.into_faults()) {
        (Some(params), faults) if faults.is_empty() => Ok((params, socket)),
        (None, faults) if faults.is_empty() => {
            let hint = "--broker mqtts://HOST names one; or a section in the file: [mqtt] broker = \"mqtts://HOST\"";
            Err(Error::config("no broker is given").hint(hint))
        }
        (_, faults) => Err(Faults::new(faults).error(origin.as_deref())),
    }
}

/// The orientation that `flags` set.
pub fn turn_of_flags(flags: &Flags) -> Turn {
    Turn::read(&Layers::of_flags(&GROUPS, flags).section_of_flags("camera"))
}

/// The part of the picture that `flags` name; `None`: all of it.
pub fn crop_of_flags(flags: &Flags) -> Result<Option<Crop>> {
    let layers = Layers::of_flags(&GROUPS, flags);
    let crop = Region::crop_of_flags(&layers.section_of_flags("camera"));
    match layers.into_faults() {
        faults if faults.is_empty() => Ok(crop),
        faults => Err(Faults::new(faults).error(None)),
    }
}

fn no_model() -> Error {
    Error::usage("no model is given").hint("--model FILE names one; testcard is the built-in one.")
}

fn reading(origin: Option<String>, layers: Layers, environment: Environment) -> Reading {
    let Read { settings, models, pipelines } = settings::read(&layers, environment);
    let flags = layers.flags.clone();
    let faults = layers.into_faults();
    Reading { origin, flags, models, pipelines, settings: settings.filter(|_| faults.is_empty()), faults }
}

/// The folder of QNN that the file at `path` names, if it can be read: for what must be set before anything else starts.
pub fn qnn_dir(path: &Path) -> Option<PathBuf> {
    as_far_as_readable(Some(path), &Flags::default()).qnn_dir
}

/// What the file at `path`, where there is one, says of the session as far as it can be read, with `flags` over it, whatever is wrong.
pub fn as_far_as_readable(path: Option<&Path>, flags: &Flags) -> runtime::Params {
    let text = path.and_then(|path| files::read_text(path, files::SETTINGS).ok()).unwrap_or_default();
    runtime::Params::read(&Layers::new(&text, path.map_or(Path::new(""), folder), &GROUPS, flags).section("execution"))
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
