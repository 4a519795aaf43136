//! Picture files that are decoded here and not by GStreamer: JPEG and PNG.
//!
//! GStreamer 1.22 shows half a picture of a JPEG that was cut short, garbles PNG of 16 bits a sample, and tells no EXIF orientation of
//! a JPEG file. Here a damaged file is an error with its reason, the pixels are those that Pillow decodes, and the frame knows which
//! way up it is.

mod exif;
mod jpeg;
mod png;

use crate::error::{Error, Result};
use crate::files;
use crate::frame::{Frame, MAX_PIXELS, OwnedPixels, Picture, PixelFormat};
use std::io::{Read, Seek};
use std::path::Path;

/// The most pixels that are decoded; they take 450 MB as RGB. A small file may claim more.
const MOST_PIXELS: usize = MAX_PIXELS as usize;

/// The longest file that is read: as long as the pixels that are allowed, uncompressed.
const MOST_BYTES: u64 = 3 * MOST_PIXELS as u64;

/// Reads the picture at `path`, if it is a JPEG or PNG; `None` if it is anything else, or a film of JPEGs by its name.
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
        return Err(Error::failed(format!("it is {} bytes long; at most {MOST_BYTES} are read", metadata.len())));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.rewind().and_then(|()| file.take(MOST_BYTES).read_to_end(&mut bytes)).map_err(cannot)?;
    decode(&bytes).map(Some)
}

type Decode = fn(&[u8]) -> Result<Frame>;

/// What decodes a file that begins with `start`.
fn decoder(start: &[u8]) -> Option<Decode> {
    match start {
        [0xff, 0xd8, 0xff, ..] => Some(jpeg::decode),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'] => Some(png::decode),
        _ => None,
    }
}

/// The pixels of a picture of `width` x `height`, if it is not too large to be decoded.
fn pixels(width: usize, height: usize) -> Result<usize> {
    width.checked_mul(height).filter(|pixels| (1..=MOST_PIXELS).contains(pixels)).ok_or_else(|| {
        Error::failed(format!("it is {width}x{height} pixels; {} megapixels are the most that is decoded", MOST_PIXELS / 1_000_000))
    })
}

/// A frame of `width` x `height` pixels in `data`, whose rows are not padded; `file` tells its orientation.
fn frame(format: PixelFormat, (width, height): (usize, usize), data: Vec<u8>, file: &[u8]) -> Result<Frame> {
    let stride = data.len() / height;
    let picture = Picture { orientation: exif::orientation(file), ..Picture::new(format, width as u32, height as u32) };
    Frame::new(picture, Box::new(OwnedPixels(vec![(data, stride)]))).map_err(|e| Error::failed("it cannot be used").because(e))
}
