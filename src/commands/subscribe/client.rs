//! Connects to a daemon, and again whenever it has ended.

use super::reader::{Reader, Shown};
use crate::bridge::client::{Event, Subscriber};
use crate::cli::Subscribe;
use crate::commands::view;
use crate::error::{Error, Result};
use crate::message::{self, request};
use crate::publish::live::View;
use crate::publish::socket;
use crate::system::signals::Stop;
use crate::terminal::window;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// How often the stop request is checked while nothing arrives.
const NOTICE: Duration = Duration::from_millis(100);

/// Shows the messages on `out` until it is stopped or the reader closes the pipe.
pub fn run(args: &Subscribe, out: File, stop: &Stop) -> Result<()> {
    let path = args.socket.clone().unwrap_or_else(|| socket::Params::default().path);
    let mut daemon = Subscriber::new(&path, wanted(args)?);
    match daemon.connect() {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::WouldBlock => {
            tracing::warn!("the program at '{}' accepts no connection at the moment; waiting for it", path.display());
        }
        Err(e) if args.wait && matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            tracing::warn!("no daemon at '{}' yet; waiting for it", path.display());
        }
        Err(e) => return Err(cannot(&path, e)),
    }
    let shown = match (args.output.json, args.output.text || !window::can_open(&out)) {
        (true, _) => Shown::Json(out),
        (_, true) => Shown::Text(out),
        _ => Shown::Live(View::start(out, view::hooks(stop))?),
    };
    let mut reader = Reader::new(shown);
    while !stop.requested() {
        match daemon.next()? {
            Event::Line(line) => reader.show(line)?,
            Event::Connected => {}
            Event::Ended => tracing::warn!("glimpsed has ended; waiting for it at '{}'", path.display()),
            Event::Nothing => daemon.wait(NOTICE),
        }
    }
    Ok(())
}

fn cannot(path: &Path, error: io::Error) -> Error {
    let kind = error.kind();
    let failed = Error::failed(format!("cannot subscribe at '{}'", path.display())).because(error);
    match kind {
        ErrorKind::PermissionDenied => {
            failed.hint("Its group may; `ls -l` shows which. For the service: sudo usermod -aG glimpsed $USER, then log in again.")
        }
        ErrorKind::NotFound => failed.hint(
            "Is glimpsed running, with --socket or [socket] in its configuration? `glimpsed subscribe PATH` names another socket.",
        ),
        ErrorKind::ConnectionRefused => failed.hint("Its program has ended: systemctl status glimpsed"),
        _ => failed,
    }
}

/// The request according to the flags; by default, everything.
fn wanted(args: &Subscribe) -> Result<message::Subscribe> {
    let cameras = request::distinct(args.cameras.clone()).map_err(Error::usage)?;
    Ok(message::Subscribe {
        cameras: (!cameras.is_empty()).then_some(cameras),
        events: (!args.events.is_empty()).then(|| args.events.clone()),
        top: args.top,
        min_confidence: args.min_confidence.unwrap_or_default(),
        max_rate: args.max_rate,
        on_change: args.on_change,
    })
}
