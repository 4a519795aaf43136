//! What the decoders share: the limits, and pixels as a frame.

use super::exif;
use crate::error::{Error, Result};
use crate::frame::{Frame, MAX_PIXELS, OwnedPixels, Picture, PixelFormat};

/// The most pixels that are decoded; they take 450 MB as RGB. A small file may claim more.
const MOST_PIXELS: usize = MAX_PIXELS as usize;

/// The longest file that is read: as long as the pixels that are allowed, uncompressed.
pub const MOST_BYTES: u64 = 3 * MOST_PIXELS as u64;

/// The pixels of a picture of `width` x `height`, if it is not too large to be decoded.
pub fn pixels(width: usize, height: usize) -> Result<usize> {
    width.checked_mul(height).filter(|pixels| (1..=MOST_PIXELS).contains(pixels)).ok_or_else(|| {
        Error::failed(format!("it is {width}x{height} pixels; {} megapixels are the most that is decoded", MOST_PIXELS / 1_000_000))
    })
}

/// A frame of `width` x `height` pixels in `data`, whose rows are not padded; `file` tells its orientation.
pub fn frame(format: PixelFormat, (width, height): (usize, usize), data: Vec<u8>, file: &[u8]) -> Result<Frame> {
    let stride = data.len() / height;
    let picture = Picture { orientation: exif::orientation(file), ..Picture::new(format, width as u32, height as u32) };
    Frame::new(picture, Box::new(OwnedPixels(vec![(data, stride)]))).map_err(|e| Error::failed("it cannot be used").because(e))
}
