//! `glimpsed subscribe`: what a running daemon sees, in the terminal or as lines; over its restarts.

mod cameras;
mod view;

use crate::cli::Subscribe;
use crate::error::{Error, Result};
use crate::message::{self, Message, Request, request};
use crate::publish::{socket, write_all, write_text};
use crate::system::signals::Stop;
use cameras::Cameras;
use crossbeam_channel::{after, select};
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use view::View;

/// How soon a wish to end is noticed while nothing comes.
const NOTICE: Duration = Duration::from_millis(100);
/// How soon a daemon that has gone is looked for again.
const AGAIN: Duration = Duration::from_millis(500);
/// A longer line is no message of a daemon; `hello` holds the names of all classes.
const LINE: usize = 32 << 20;

/// Shows it on `out`, until it is ended or nobody reads any more.
pub fn run(args: &Subscribe, out: File, stop: &Stop) -> Result<()> {
    let path = args.socket.clone().unwrap_or_else(|| socket::Params::default().path);
    let shown = match (args.output.json, args.output.text || !out.is_terminal()) {
        (true, _) => Shown::Json,
        (_, true) => Shown::Text,
        _ => Shown::Live(View::default()),
    };
    let mut reader =
        Reader { request: message::line(&Request { subscribe: wanted(args)? }), shown, out, cameras: Cameras::default() };
    let mut stream = match connect(&path) {
        Ok(stream) => Some(stream),
        Err(e) if e.kind() == ErrorKind::WouldBlock => {
            tracing::warn!("the program at '{}' accepts no connection at the moment; waiting for it", path.display());
            None
        }
        Err(e) if args.wait && matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            tracing::warn!("no daemon at '{}' yet; waiting for it", path.display());
            None
        }
        Err(e) => return Err(cannot(&path, e)),
    };
    loop {
        if let Some(stream) = stream.take() {
            reader.read(stream, stop)?;
            if stop.requested() {
                return Ok(());
            }
            tracing::warn!("glimpsed has ended; waiting for it at '{}'", path.display());
        }
        select! {
            recv(stop.receiver()) -> _ => return Ok(()),
            recv(after(AGAIN)) -> _ => {}
        }
        stream = connect(&path).ok();
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

fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = socket::connect(path)?;
    stream.set_read_timeout(Some(NOTICE))?;
    Ok(stream)
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
        ErrorKind::ConnectionRefused => failed.hint("The program that made it is gone: systemctl status glimpsed"),
        _ => failed,
    }
}

/// What the flags ask for; without flags, everything.
fn wanted(args: &Subscribe) -> Result<message::Subscribe> {
    let cameras = request::distinct(args.cameras.clone()).map_err(Error::usage)?;
    Ok(message::Subscribe {
        cameras: (!cameras.is_empty()).then_some(cameras),
        top: args.top,
        min_confidence: args.min_confidence.unwrap_or_default(),
        max_rate: args.max_rate,
        on_change: args.on_change,
    })
}

struct Reader {
    request: Vec<u8>,
    shown: Shown,
    out: File,
    cameras: Cameras,
}

impl Reader {
    /// Reads and shows messages until the daemon goes or `stop` says so.
    fn read(&mut self, stream: UnixStream, stop: &Stop) -> Result<()> {
        // a daemon that has gone already is noticed when reading
        let _ = (&stream).write_all(&self.request);
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let mut line = Vec::new();
        while !stop.requested() {
            let room = LINE - line.len();
            match reader.by_ref().take(room as u64).read_until(b'\n', &mut line) {
                Ok(_) if line.len() >= LINE => {
                    return Err(Error::failed("what speaks there is not glimpsed").because("a line without an end"));
                }
                Ok(0) => return Ok(()),
                Ok(_) if line.ends_with(b"\n") => {
                    self.show(&line)?;
                    line.clear();
                }
                Ok(_) => return Ok(()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    if let Shown::Live(view) = &mut self.shown {
                        view.draw(&mut self.out)?;
                    }
                }
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn show(&mut self, line: &[u8]) -> Result<()> {
        if let Shown::Json = self.shown {
            write_all(&mut self.out, line)?;
            if message::is_classification(line) {
                return Ok(());
            }
        }
        let message = Message::read(line)
            .map_err(|e| Error::failed("what speaks there is not glimpsed").because(format!("a line that is no message ({e})")))?;
        if let Message::Error(error) = &message {
            return Err(Error::failed("the daemon refuses").because(error.message.as_str()));
        }
        if let Some(warning) = self.cameras.take(&message) {
            tracing::warn!("{warning}");
        }
        match &mut self.shown {
            Shown::Json => Ok(()),
            Shown::Live(view) => {
                view.take(&message);
                view.draw(&mut self.out)
            }
            Shown::Text => match view::text(&message) {
                Some(text) => write_text(&mut self.out, &text),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::message::{Message, Subscribed, VERSION};

    /// A message that says which cameras are in force, and which requested ones the daemon does not have.
    pub fn subscribed(cameras: &[&str], unknown: &[&str]) -> Message {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (cameras, unknown_cameras) = (names(cameras), names(unknown));
        let (top, min_confidence, max_rate, on_change) = (None, 0.0, None, false);
        Message::Subscribed(Subscribed { version: VERSION, cameras, unknown_cameras, top, min_confidence, max_rate, on_change })
    }
}
