//! Results on standard output: one JSON object or one line of text per result.
//!
//! Native libraries print there too (the emulator of the NPU does), so the program keeps a private duplicate of it, and redirects
//! standard output to standard error for everything else.

use crate::error::{Error, Kind, Result};
use crate::event::{Event, Publisher};
use crate::message::Borrowed;
use crate::npu;
use crate::prediction::{Prediction, Stable, milliseconds};
use crate::{printable, secrets};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

/// Reserves standard output for results: from now on, everything else written there goes to standard error. Call it once, before
/// any native library is loaded.
pub fn claim_stdout() -> Result<File> {
    let claim = || -> io::Result<File> {
        let own = io::stdout().as_fd().try_clone_to_owned()?;
        nix::unistd::dup2_stdout(io::stderr())?;
        Ok(File::from(own))
    };
    claim().map_err(|e| Error::failed("cannot set up standard output").because(e))
}

/// The format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// `front: common iguana  [common iguana 37 %, night snake 12 %]`: the state of the stream, and the best classes of the frame.
    Text,
}

/// Results on standard output.
pub struct Stdout {
    out: File,
    format: Format,
    line: Vec<u8>,
}

impl Stdout {
    /// Writes to `out`, from [`claim_stdout`].
    pub fn new(out: File, format: Format) -> Self {
        Self { out, format, line: Vec::with_capacity(1024) }
    }
}

impl Publisher for Stdout {
    fn name(&self) -> &'static str {
        "standard output"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction, missed, .. } = event else { return Ok(()) };
        self.line.clear();
        match self.format {
            Format::Json => {
                let message = Borrowed { missed: *missed, ..Borrowed::new(prediction) };
                serde_json::to_writer(&mut self.line, &message).map_err(|e| Error::failed("cannot write a result").because(e))?;
            }
            Format::Text => text(prediction, &mut self.line),
        }
        self.line.push(b'\n');
        // in one write: a line is complete or absent
        write_all(&mut self.out, &self.line)
    }
}

/// Writes `bytes` to standard output; a closed pipe is [`Kind::NobodyReads`].
pub fn write_all(out: &mut File, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).map_err(|e| match e.kind() {
        ErrorKind::BrokenPipe => Error::new(Kind::NobodyReads, "the reader of standard output has closed it"),
        _ => {
            Error::failed("cannot write to standard output").because(e).hint("Is the disk full, or the file open only for reading?")
        }
    })
}

/// Writes a human-readable text without control characters (except line breaks) and passwords. Untrusted parts (a label, a name, a path)
/// must be converted to one line first, by [`printable::line`].
pub fn write_text(out: &mut File, text: &str) -> Result<()> {
    write_all(out, secrets::redact(&printable::lines(text)).as_bytes())
}

fn text(prediction: &Prediction, line: &mut Vec<u8>) {
    line.extend_from_slice(printable::line(&prediction.source).as_bytes());
    if let Some(region) = &prediction.region {
        line.extend_from_slice(b", ");
        line.extend_from_slice(printable::line(region).as_bytes());
    }
    line.extend_from_slice(b": ");
    let mut classes = prediction.stable.iter().flat_map(Stable::classes).filter_map(|class| class.label.as_deref()).peekable();
    if classes.peek().is_none() {
        line.extend_from_slice(b"nothing");
    }
    for (n, label) in classes.enumerate() {
        line.extend_from_slice(if n == 0 { b"" } else { b", " });
        line.extend_from_slice(printable::line(label).as_bytes());
    }
    for (n, score) in prediction.top.iter().enumerate() {
        line.extend_from_slice(if n == 0 { b"  [" } else { b", " });
        line.extend_from_slice(printable::line(prediction.labels.name(score.index)).as_bytes());
        // writing to a vector does not fail
        let _ = write!(line, " {:.0} %", score.confidence * 100.0);
    }
    line.extend_from_slice(if prediction.top.is_empty() { b"" } else { b"]" });
    let (timing, provider) = (&prediction.timing, npu::shown(prediction.execution_provider));
    let _ = match prediction.reused {
        true => write!(line, "  ({provider}, unchanged, {:.1} ms old)", milliseconds(timing.age)),
        false => write!(line, "  ({provider}, {:.1} ms, {:.1} ms old)", milliseconds(timing.inference), milliseconds(timing.age)),
    };
}
