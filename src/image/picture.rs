//! Shared by the decoders: the limits, and the conversion of pixels to a frame.

use super::exif;
use crate::error::{Error, Result};
use crate::frame::{Frame, MAX_PIXELS, OwnedPixels, Picture, PixelFormat};

/// The maximum number of pixels; they take 450 MB as RGB. A small file may declare more.
const MOST_PIXELS: usize = MAX_PIXELS as usize;

/// The maximum file size: that of the maximum number of pixels, uncompressed.
pub const MOST_BYTES: u64 = 3 * MOST_PIXELS as u64;

/// The number of pixels of `width` x `height`; an error if it is too large.
pub fn pixels(width: usize, height: usize) -> Result<usize> {
    width.checked_mul(height).filter(|pixels| (1..=MOST_PIXELS).contains(pixels)).ok_or_else(|| {
        Error::failed(format!("it has {width}x{height} pixels; at most {} megapixels are decoded", MOST_PIXELS / 1_000_000))
    })
}

/// A frame of `width` x `height` pixels in `data`, with unpadded rows; its orientation is read from `file`.
pub fn frame(format: PixelFormat, (width, height): (usize, usize), data: Vec<u8>, file: &[u8]) -> Result<Frame> {
    let stride = data.len() / height;
    let picture = Picture { orientation: exif::orientation(file), ..Picture::new(format, width as u32, height as u32) };
    Frame::new(picture, OwnedPixels(vec![(data, stride)])).map_err(|e| Error::failed("it cannot be used").because(e))
}
