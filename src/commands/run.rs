//! `glimpsed run`: the daemon, wired together.

use super::format::format;
use super::view;
use crate::capture;
use crate::cli::{LimitArgs, Origin, Run};
use crate::config::{self, Output, Reading, Refused, Settings};
use crate::daemon::{self, Outside, Parts, Source};
use crate::engine::Classifier;
use crate::error::{Error, Result};
use crate::event::Hub;
use crate::publish::Stdout;
use crate::publish::live::Live;
use crate::publish::socket::Socket;
use crate::startup::{self, Opened};
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crate::terminal::window;
use crossbeam_channel::Receiver;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Runs it; results go to `out`.
pub fn run(args: &Run, out: File, stop: &Stop, asked: &Receiver<Ask>) -> Result<()> {
    let opening = stop.opening();
    let origin = args.origin();
    let Opened { settings, models } = startup::open(load(&origin)?)?;
    startup::warn_unused(&settings);
    let classifiers = models.iter().map(|model| model.classifier().map_err(|error| origin.advise(error)));
    let classifiers = classifiers.collect::<Result<Vec<_>>>()?;
    capture::start_gstreamer()?;
    drop(opening);
    let hub = publishers(&settings, out, &classifiers, stop)?;
    let patience = daemon::PATIENCE;
    let source = origin.file.is_some().then(|| Source {
        load: Arc::new(move |known| {
            let (settings, models) = startup::reopen(load(&origin)?, known)?;
            startup::warn_unused(&settings);
            Ok((settings, models))
        }),
        settings: settings.clone(),
        files: models.into_iter().map(|model| model.files).collect(),
        patience,
    });
    let limit = limit(&args.limits, stop)?;
    let parts = Parts { classifiers, hub, status_interval: settings.status_interval, limit, source };
    daemon::run(parts, settings.cameras, Arc::new(|_| {}), Outside { stop, asked, service: Service::default() }).map(drop)
}

/// Reads the settings: now, and at each reload.
pub fn load(origin: &Origin) -> std::result::Result<Reading, Refused> {
    let file = origin.file.as_deref();
    config::load(file, &origin.flags, &variable).map_err(|refused| match (refused, file) {
        (Refused::Unread(error), Some(path)) => Refused::Unread(no_file(path, error)),
        (refused, _) => refused,
    })
}

/// A person who typed `glimpsed run` and has no configuration file wants to know what there is to type.
fn no_file(path: &Path, error: Error) -> Error {
    if path == Path::new(config::PATH) && !path.exists() {
        return Error::config(format!("there is no camera to run: no --pipeline, and no '{}'", path.display())).hint(
            "By flags: glimpsed run --model testcard --pipeline pipelines/testcard.launch\n\
             By a file: copy /usr/share/glimpsed/glimpsed.toml.example there, or name another with --config.",
        );
    }
    error
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Arms `--for`; gives `--frames`.
pub fn limit(limits: &LimitArgs, stop: &Stop) -> Result<Option<u64>> {
    if let Some(time) = limits.time {
        stop.request_after(time)?;
    }
    Ok(limits.frames)
}

/// The socket; and standard output, as the settings say. Where they say nothing, a live view if it can be shown, otherwise lines unless
/// there is a socket.
fn publishers(settings: &Settings, out: File, classifiers: &[Classifier], stop: &Stop) -> Result<Hub> {
    let mut hub = Hub::new();
    let hello = daemon::hello(classifiers, &settings.cameras);
    if let Some(params) = &settings.socket {
        hub = hub.inline(Box::new(Socket::open(params, &hello)?));
    }
    match settings.output {
        Some(Output::None) => Ok(hub),
        Some(Output::Lines(format)) => hub.queued(Box::new(Stdout::new(out, format))),
        None if window::can_open(&out) => Ok(hub.inline(Box::new(Live::start(out, &hello, view::hooks(stop))?))),
        None if settings.socket.is_some() => Ok(hub),
        None => {
            let format = format(&Default::default(), &out);
            hub.queued(Box::new(Stdout::new(out, format)))
        }
    }
}
