//! Resizing the planes of YUV pictures: 1 or 2 interleaved samples, antialiased, as quick as it gets (`fast_image_resize`).

use super::filter::Filter;
use super::fit::Placement;
use super::grow;
use crate::frame::Plane;
use fast_image_resize::images::{CroppedImage, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// A plane to resize: `width` x `height` pixels of `samples` bytes each.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The bytes and the stride.
    pub plane: Plane<'a>,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes a pixel, 1 or 2.
    pub samples: usize,
}

/// Resizes planes with one filter and keeps the memory for it.
pub struct PlaneResizer {
    options: ResizeOptions,
    resizer: Resizer,
    packed: Vec<u8>,
}

impl PlaneResizer {
    /// A resizer with `filter`.
    pub fn new(filter: Filter) -> Self {
        let algorithm = match filter {
            Filter::Bicubic => ResizeAlg::Convolution(FilterType::CatmullRom),
            Filter::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
            Filter::Box => ResizeAlg::Convolution(FilterType::Box),
            Filter::Nearest => ResizeAlg::Nearest,
        };
        Self { options: ResizeOptions::new().resize_alg(algorithm).use_alpha(false), resizer: Resizer::new(), packed: Vec::new() }
    }

    /// Resizes `source`, a plane of a picture of `full` (width, height) pixels with `shared` (across, down) of them for each of the
    /// plane's, as `place` says; rows without padding in `out`, which grows where it is too short.
    pub fn resize(&mut self, source: Source, full: (u32, u32), shared: (u32, u32), place: &Placement, out: &mut Vec<u8>) {
        let kind = pixel_type(source.samples);
        let padded = padded_view(source, &mut self.packed);
        // without its padding, so that no filter reaches into it
        let view = CroppedImage::new(&padded, 0, 0, source.width, source.height).expect("a row is at least as wide as its pixels");
        let step = |full: u32, resized: u32, shared: u32| f64::from(full) / f64::from(resized) / f64::from(shared);
        let (step_x, step_y) = (step(full.0, place.resized.0, shared.0), step(full.1, place.resized.1, shared.1));
        let (x, y) = (f64::from(place.left) * step_x, f64::from(place.top) * step_y);
        // rounding must not lead over the edge
        let width = (f64::from(place.width) * step_x).min(f64::from(source.width) - x);
        let height = (f64::from(place.height) * step_y).min(f64::from(source.height) - y);
        let options = self.options.crop(x, y, width, height);
        grow(out, place.width as usize * place.height as usize * source.samples);
        let mut out = Image::from_slice_u8(place.width, place.height, out, kind).expect("the buffer was grown to this size");
        self.resizer.resize(&view, &mut out, &options).expect("the region lies within the plane, and the pixel types are equal");
    }
}

/// The plane as an image of its whole stride, where padding is whole pixels; else packed.
fn padded_view<'a>(source: Source<'a>, packed: &'a mut Vec<u8>) -> ImageRef<'a> {
    let kind = pixel_type(source.samples);
    let (row, stride, height) = (source.width as usize * source.samples, source.plane.stride, source.height as usize);
    if stride.is_multiple_of(source.samples) && source.plane.data.len() >= stride * height {
        let width = (stride / source.samples) as u32;
        return ImageRef::new(width, source.height, source.plane.data, kind).expect("the length was checked");
    }
    grow(packed, row * height);
    for (to, from) in packed.chunks_exact_mut(row).zip(source.plane.data.chunks(stride)).take(height) {
        to.copy_from_slice(&from[..row]);
    }
    ImageRef::new(source.width, source.height, packed, kind).expect("the buffer was grown to this size")
}

fn pixel_type(samples: usize) -> PixelType {
    match samples {
        1 => PixelType::U8,
        _ => PixelType::U8x2,
    }
}
