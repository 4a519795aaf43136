//! Pictures and films in files.

use super::line;
use crate::capture::{self, Pipeline, Turn};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::image;
use crate::system::signals::Stop;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Whatever GStreamer decodes, but for pictures that are decoded here ([`image`]); `videoconvert` steps in only for the few formats that are not
/// taken as they are. (`ANY`: some decoders offer memory of other kinds too, and would be passed over.)
pub const PIPELINE: &str = "filesrc name=file ! decodebin name=decoder expose-all-streams=false caps=video/x-raw(ANY) ! videoconvert ! appsink name=frames";

/// The picture in the file at `path`, made upright by `turn`; `None` where GStreamer is to decode it, by [`source`].
pub fn read(path: &Path, turn: Turn) -> Result<Option<Frame>> {
    readable(path)?;
    let mut frame = image::read(path)?;
    if let Some(frame) = &mut frame {
        frame.info.picture.orientation = turn.of(frame.info.picture.orientation);
    }
    Ok(frame)
}

/// The source of the frames in the file at `path`.
pub fn source(path: &Path, turn: Turn) -> capture::Params {
    let own = path.to_owned();
    let prepare = Arc::new(move |pipeline: &Pipeline| pipeline.read_file("file", &own));
    capture::Params { prepare, turn, ..capture::Params::new(PIPELINE) }
}

/// The picture in the file at `path`; the first of a film.
pub fn first(path: &Path, turn: Turn, stop: &Stop) -> Result<Frame> {
    match read(path, turn)? {
        Some(frame) => Ok(frame),
        None => line::first(&source(path, turn), stop)?.ok_or_else(none),
    }
}

/// The error for a file without a picture.
pub fn none() -> Error {
    Error::failed("there is no picture in it")
}

/// Whether `path` is a file that can be read and holds something. A pipe or a device may have no end, and opening it may wait for ever.
fn readable(path: &Path) -> Result<()> {
    let cannot = |e: std::io::Error| Error::failed("it cannot be read").because(e);
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if meta.is_dir() {
        return Err(Error::failed("it is a directory").hint("Name the files in it."));
    }
    if !meta.is_file() {
        return Err(Error::failed("it is no file but a pipe, a socket or a device")
            .hint("Save its data to a file, or use `glimpsed run` for a live stream."));
    }
    if meta.len() == 0 {
        return Err(Error::failed("it is empty"));
    }
    File::open(path).map(drop).map_err(cannot)
}
