//! `glimpsed subscribe`: what a running daemon sees, in the terminal or as lines; over its restarts.

mod view;

use crate::cli::Subscribe;
use crate::error::{Error, Result};
use crate::publish::{socket, write_all};
use crate::shutdown::Stop;
use crossbeam_channel::{after, select};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use view::View;

/// How soon a wish to end is noticed while nothing comes.
const NOTICE: Duration = Duration::from_millis(100);
/// How soon a daemon that has gone is looked for again.
const AGAIN: Duration = Duration::from_millis(500);
/// A longer line is no message of a daemon.
const LINE: usize = 4 << 20;

/// Shows it on `out`, until it is ended or nobody reads any more.
pub fn run(args: &Subscribe, mut out: File, stop: &Stop) -> Result<()> {
    let path = args.socket.clone().unwrap_or_else(|| socket::Params::default().path);
    let mut shown = match (args.output.json, args.output.text || !out.is_terminal()) {
        (true, _) => Shown::Json,
        (_, true) => Shown::Text,
        _ => Shown::Live(View::default()),
    };
    let mut stream = connect(&path).map_err(|e| cannot(&path, &e))?;
    loop {
        read(stream, args, &mut shown, &mut out, stop)?;
        if stop.requested() {
            return Ok(());
        }
        tracing::warn!("glimpsed has ended; waiting for it at '{}'", path.display());
        stream = loop {
            select! {
                recv(stop.receiver()) -> _ => return Ok(()),
                recv(after(AGAIN)) -> _ => {}
            }
            if let Ok(stream) = connect(&path) {
                break stream;
            }
        };
    }
}

/// How messages are shown.
enum Shown {
    /// As they come.
    Json,
    /// A line for each result, and for each camera that comes or goes.
    Text,
    /// A picture.
    Live(View),
}

fn connect(path: &PathBuf) -> std::io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(NOTICE))?;
    Ok(stream)
}

fn cannot(path: &Path, error: &std::io::Error) -> Error {
    let failed = Error::failed(format!("cannot subscribe at '{}'", path.display())).because(error);
    match error.kind() {
        ErrorKind::PermissionDenied => {
            failed.hint("Its group may; `ls -l` shows which. For the service: sudo usermod -aG glimpsed $USER, then log in again.")
        }
        ErrorKind::NotFound => failed.hint(
            "Is glimpsed running, with --socket or [socket] in its configuration? `glimpsed subscribe PATH` names another socket.",
        ),
        ErrorKind::ConnectionRefused => failed.hint("The program that made it is gone: systemctl status glimpsed"),
        _ => failed,
    }
}

/// Reads and shows messages until the daemon goes or `stop` says so.
fn read(stream: UnixStream, args: &Subscribe, shown: &mut Shown, out: &mut File, stop: &Stop) -> Result<()> {
    if let Some(choice) = choice(args) {
        // a daemon that has gone already is noticed when reading
        let _ = (&stream).write_all(format!("{choice}\n").as_bytes());
    }
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut line = Vec::new();
    while !stop.requested() {
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(()),
            Ok(_) if line.ends_with(b"\n") => {
                show(&line, &args.cameras, shown, out)?;
                line.clear();
            }
            Ok(_) => return Ok(()),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                if line.len() > LINE {
                    return Err(Error::failed("what speaks there is not glimpsed"));
                }
                if let Shown::Live(view) = shown {
                    view.draw(out)?;
                }
            }
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn show(line: &[u8], cameras: &[String], shown: &mut Shown, out: &mut File) -> Result<()> {
    if let Shown::Json = shown {
        return write_all(out, line);
    }
    let message: Value = serde_json::from_slice(line)
        .map_err(|e| Error::failed("what speaks there is not glimpsed").because(format!("a line that is no JSON ({e})")))?;
    if message["type"] == "error" {
        let what = message["message"].as_str().unwrap_or_default();
        return Err(Error::failed("the daemon refuses")
            .because(what)
            .hint("More subscribers: limit in [socket] of its configuration."));
    }
    // what was sent before the daemon heard of the choice
    let source = message["source"].as_str();
    if source.is_some_and(|source| !cameras.is_empty() && cameras.iter().all(|camera| camera != source)) {
        return Ok(());
    }
    match shown {
        Shown::Live(view) => {
            view.take(&message);
            view.draw(out)
        }
        _ => match view::text(&message) {
            Some(text) => write_all(out, text.as_bytes()),
            None => Ok(()),
        },
    }
}

/// The line that says what is wanted; `None` where it is everything.
fn choice(args: &Subscribe) -> Option<Value> {
    let mut choice = serde_json::Map::new();
    let mut choose = |name: &str, value: Option<Value>| drop(value.map(|value| choice.insert(name.to_owned(), value)));
    choose("cameras", (!args.cameras.is_empty()).then(|| json!(args.cameras)));
    choose("top", args.top.map(|top| json!(top)));
    choose("min_confidence", args.min_confidence.map(|least| json!(least)));
    choose("max_rate", args.max_rate.map(|rate| json!(rate)));
    choose("on_change", args.on_change.then_some(Value::Bool(true)));
    (!choice.is_empty()).then(|| json!({ "subscribe": choice }))
}
