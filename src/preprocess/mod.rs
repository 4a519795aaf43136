//! From a frame to the model's input: crop, resize, colour, quantize. Pure; the memory is kept from frame to frame.
//!
//! RGB pictures are resized exactly as Pillow resizes them. YUV pictures, the live case, are resized plane by plane, chroma at its
//! own size and centred on its luma pixels, and converted to RGB at the small size.

mod colour;
mod exact;
mod filter;
mod fit;
mod plane;
mod quantize;
mod sums;

pub use filter::Filter;
pub use fit::Fit;
pub use quantize::Normalize;

use crate::frame::{Frame, Picture, PixelFormat, Plane};
use crate::tensor::{InputSpec, Tensor};
use colour::Planes;
use exact::{ExactResizer, RgbSource};
use fit::Placement;
use plane::PlaneResizer;
use quantize::Quantizer;

/// What the user may choose.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Params {
    /// Stretch, crop or letterbox.
    pub fit: Fit,
    /// How pixels are weighted.
    pub filter: Filter,
    /// Mean and standard deviation, for models that want them from outside.
    pub normalize: Normalize,
}

/// Turns frames of any size and format into one model's input.
pub struct Preprocessor {
    fit: Fit,
    size: (u32, u32),
    quantizer: Quantizer,
    exact: ExactResizer,
    luma: PlaneResizer,
    chroma: PlaneResizer,
    /// Planes at the small size.
    small: [Vec<u8>; 3],
    /// Luma and chroma of a packed format, taken apart at full size.
    apart: [Vec<u8>; 2],
    /// RGB at the small size.
    rgb: Vec<u8>,
    /// The input's picture with its black bars.
    canvas: Vec<u8>,
}

impl Preprocessor {
    /// A preprocessor for `input`.
    pub fn new(input: &InputSpec, params: &Params) -> Self {
        Self {
            fit: params.fit,
            size: (input.width, input.height),
            quantizer: Quantizer::new(input, params.normalize),
            exact: ExactResizer::new(params.filter),
            luma: PlaneResizer::new(params.filter),
            chroma: PlaneResizer::new(params.filter),
            small: Default::default(),
            apart: Default::default(),
            rgb: Vec::new(),
            canvas: Vec::new(),
        }
    }

    /// Writes `frame` as the model wants it to `tensor`, which was made for the same input.
    pub fn run(&mut self, frame: &Frame, tensor: &mut Tensor) {
        let picture = frame.picture;
        let place = self.fit.place((picture.width, picture.height), self.size);
        let size = (picture.width, picture.height);
        match rgb_layout(picture.format) {
            Some((samples, offsets)) => {
                self.exact.resize(RgbSource { plane: frame.plane(0), size, samples, offsets }, &place, &mut self.rgb);
            }
            None => self.yuv(frame, &place),
        }
        self.finish(&place, tensor);
    }

    /// Resizes the planes of a YUV or gray frame and converts them to RGB in `self.rgb`.
    fn yuv(&mut self, frame: &Frame, place: &Placement) {
        let picture = frame.picture;
        let (width, height) = (place.width, place.height);
        let chroma = chroma_of(&picture);
        let [luma_out, first_out, second_out] = &mut self.small;
        let (size, shared) = ((picture.width, picture.height), (chroma.across, chroma.down));
        let mut resize = |luma, place: &Placement| self.luma.resize::<1>(luma, size, (1, 1), place, luma_out);
        if let Some(luma_first) = chroma.packed {
            take_apart(frame.plane(0), size, luma_first, &mut self.apart);
            let [luma, both] = &self.apart;
            resize(Plane { data: luma, stride: size.0 as usize }, place);
            let both = Plane { data: both, stride: size.0.div_ceil(2) as usize * 2 };
            self.chroma.resize::<2>(both, size, shared, place, first_out);
        } else {
            resize(frame.plane(0), place);
            match chroma.planes {
                0 => {}
                1 => self.chroma.resize::<2>(frame.plane(1), size, shared, place, first_out),
                _ => {
                    self.chroma.resize::<1>(frame.plane(1), size, shared, place, first_out);
                    self.chroma.resize::<1>(frame.plane(2), size, shared, place, second_out);
                }
            }
        }
        let planes = match picture.format {
            PixelFormat::Nv12 | PixelFormat::Yuy2 | PixelFormat::Uyvy => Planes::Uv(luma_out, first_out),
            PixelFormat::Nv21 => Planes::Vu(luma_out, first_out),
            PixelFormat::Yv12 => Planes::Three([luma_out, second_out, first_out]),
            PixelFormat::Gray8 => Planes::Gray(luma_out),
            _ => Planes::Three([luma_out, first_out, second_out]),
        };
        grow(&mut self.rgb, width as usize * height as usize * 3);
        colour::to_rgb(planes, width, height, &picture, &mut self.rgb);
    }

    /// Puts the small picture in its place and quantizes it.
    fn finish(&mut self, place: &Placement, tensor: &mut Tensor) {
        if (place.width, place.height) == self.size {
            return self.quantizer.write(&self.rgb, tensor);
        }
        let (row, full_row) = (place.width as usize * 3, self.size.0 as usize * 3);
        grow(&mut self.canvas, full_row * self.size.1 as usize);
        self.canvas.fill(0);
        let first = place.y as usize * full_row + place.x as usize * 3;
        let rows = self.canvas[first..].chunks_mut(full_row).zip(self.rgb.chunks_exact(row));
        rows.take(place.height as usize).for_each(|(to, from)| to[..row].copy_from_slice(from));
        self.quantizer.write(&self.canvas, tensor);
    }
}

/// Makes `buffer` at least `len` long; never shorter, so that it is allocated once.
fn grow(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}

/// Bytes a pixel and the places of R, G and B of an RGB format; alpha is ignored. `None` for YUV and gray.
fn rgb_layout(format: PixelFormat) -> Option<(usize, [usize; 3])> {
    Some(match format {
        PixelFormat::Rgb => (3, [0, 1, 2]),
        PixelFormat::Bgr => (3, [2, 1, 0]),
        PixelFormat::Rgbx | PixelFormat::Rgba => (4, [0, 1, 2]),
        PixelFormat::Bgrx | PixelFormat::Bgra => (4, [2, 1, 0]),
        PixelFormat::Xrgb => (4, [1, 2, 3]),
        PixelFormat::Xbgr => (4, [3, 2, 1]),
        _ => return None,
    })
}

/// How the chroma of a format lies.
struct Chroma {
    /// Luma pixels for each chroma pixel, across and down.
    across: u32,
    down: u32,
    /// Planes beside the luma: 0, 1 (interleaved) or 2.
    planes: u32,
    /// For packed formats: whether luma is the first byte.
    packed: Option<bool>,
}

fn chroma_of(picture: &Picture) -> Chroma {
    let (across, down, planes, packed) = match picture.format {
        PixelFormat::Nv12 | PixelFormat::Nv21 => (2, 2, 1, None),
        PixelFormat::I420 | PixelFormat::Yv12 => (2, 2, 2, None),
        PixelFormat::Y42b => (2, 1, 2, None),
        PixelFormat::Yuy2 => (2, 1, 1, Some(true)),
        PixelFormat::Uyvy => (2, 1, 1, Some(false)),
        PixelFormat::Y444 => (1, 1, 2, None),
        _ => (1, 1, 0, None),
    };
    Chroma { across, down, planes, packed }
}

/// Splits packed 4:2:2 into luma and U V U V, rows without padding. An odd width has half a pair at the end of each row.
fn take_apart(plane: Plane, (width, height): (u32, u32), luma_first: bool, apart: &mut [Vec<u8>; 2]) {
    let (width, height) = (width as usize, height as usize);
    let chroma_row = width.div_ceil(2) * 2;
    let [luma, both] = apart;
    grow(luma, width * height);
    grow(both, chroma_row * height);
    let (luma_at, chroma_at) = if luma_first { (0, 1) } else { (1, 0) };
    let rows = luma.chunks_exact_mut(width).zip(both.chunks_exact_mut(chroma_row)).zip(plane.data.chunks(plane.stride));
    for ((luma, both), packed) in rows.take(height) {
        for (to, from) in luma.iter_mut().zip(packed[luma_at..].iter().step_by(2)) {
            *to = *from;
        }
        for (to, from) in both.iter_mut().zip(packed[chroma_at..].iter().step_by(2)) {
            *to = *from;
        }
    }
}
