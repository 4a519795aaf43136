//! Selects the decoder by the first bytes of a file.

use super::picture::MOST_BYTES;
use super::{jpeg, png};
use crate::error::{Error, Result};
use crate::files;
use crate::frame::Frame;
use std::io::{Read, Seek};
use std::path::Path;

/// Reads the picture at `path` if it is a JPEG or PNG; `None` if it is anything else, or Motion JPEG by its name.
pub fn read(path: &Path) -> Result<Option<Frame>> {
    let cannot = |e| Error::failed("it cannot be read").because(e);
    let mut file = files::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    let is_film = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("mjpeg") || end.eq_ignore_ascii_case("mjpg"));
    if is_film {
        return Ok(None);
    }
    let mut start = [0; 8];
    let known = file.read_exact(&mut start).is_ok().then(|| decoder(&start)).flatten();
    let Some(decode) = known else { return Ok(None) };
    if metadata.len() > MOST_BYTES {
        return Err(Error::failed(format!("it has {} bytes; at most {MOST_BYTES} are read", metadata.len())));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.rewind().and_then(|()| file.take(MOST_BYTES).read_to_end(&mut bytes)).map_err(cannot)?;
    decode(&bytes).map(Some)
}

type Decode = fn(&[u8]) -> Result<Frame>;

/// The decoder for a file that begins with `start`.
fn decoder(start: &[u8]) -> Option<Decode> {
    match start {
        [0xff, 0xd8, 0xff, ..] => Some(jpeg::decode),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'] => Some(png::decode),
        _ => None,
    }
}
