//! What the pixels of a picture mean: format, size, colours, shape.

use super::format::PixelFormat;
use super::shape::{Orientation, PixelAspect};

/// The matrix between YUV and RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Matrix {
    Bt601,
    Bt709,
    Bt2020,
}

/// The range of the samples of YUV and gray pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// 0..=255 for all samples.
    Full,
    /// Luma 16..=235, chroma 16..=240.
    Limited,
}

/// The format of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Picture {
    /// The layout of the pixels.
    pub format: PixelFormat,
    /// Columns as stored, 1 to [`MAX_SIDE`](super::MAX_SIDE); columns times rows are at most [`MAX_PIXELS`](super::MAX_PIXELS).
    pub width: u32,
    /// Rows as stored, 1 to [`MAX_SIDE`](super::MAX_SIDE).
    pub height: u32,
    /// For YUV formats: the conversion matrix.
    pub matrix: Matrix,
    /// For YUV and gray formats: the range of their samples.
    pub range: Range,
    /// The aspect ratio of a stored pixel.
    pub pixel_aspect: PixelAspect,
    /// The orientation.
    pub orientation: Orientation,
}

impl Picture {
    /// A picture of `width` x `height` square pixels, stored upright; BT.601 with full range, as in JPEG.
    pub fn new(format: PixelFormat, width: u32, height: u32) -> Self {
        let (matrix, range) = (Matrix::Bt601, Range::Full);
        Self { format, width, height, matrix, range, pixel_aspect: PixelAspect::SQUARE, orientation: Orientation::UPRIGHT }
    }

    /// Columns and rows of the upright picture.
    pub fn upright_size(&self) -> (u32, u32) {
        self.orientation.turn((self.width, self.height))
    }

    /// Width and height of the upright picture at its display aspect ratio, in pixels of the stored height.
    pub fn display_shape(&self) -> (f64, f64) {
        let (width, height) = self.pixel_aspect.ratio();
        let wide = f64::from(self.width) * width / height;
        self.orientation.turn((wide, f64::from(self.height)))
    }
}
