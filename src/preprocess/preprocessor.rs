//! Runs the steps on one frame: resize, convert colours, draw bars, quantize.

use super::buffer::grow;
use super::colour::{self, Planes};
use super::deinterleave::deinterleave_pairs;
use super::geometry::{Fit, Placement};
use super::quantize::{Normalize, Quantizer};
use super::resize::{Order, Resizer, Source};
use super::settings::{Colour, Params};
use crate::frame::{Area, Frame, Picture, PixelFormat, Plane};
use crate::tensor::{InputSpec, Tensor};
use std::ops::Range;

/// Converts frames of any size and format to one model's input.
pub struct Preprocessor {
    fit: Fit,
    share: f64,
    size: (u32, u32),
    colour: Colour,
    /// The colour of the bars, in the order of the channels.
    bars: [u8; 3],
    quantizer: Quantizer,
    exact: Resizer<i32>,
    luma: Resizer<i16>,
    chroma: Resizer<i16>,
    /// Planes at the small size.
    small: [Vec<u8>; 3],
    /// Luma and chroma of a packed format, deinterleaved at full size.
    split: [Vec<u8>; 2],
    /// RGB at the small size, or BGR if the model expects that.
    rgb: Vec<u8>,
    /// The same transposed.
    upright: Vec<u8>,
    /// The input's picture with its bars.
    canvas: Vec<u8>,
    /// Whether the latest input is `canvas`, and not `rgb`.
    has_bars: bool,
}

impl Preprocessor {
    /// A preprocessor for `input`.
    pub fn new(input: &InputSpec, params: &Params) -> Self {
        let Params { fit, normalize, .. } = *params;
        // of R, G and B, in this order, the quantizer makes one channel itself
        let colour = if input.channels() == 1 { Colour::Rgb } else { params.colour };
        let mut bars = [colour.order(params.bars)];
        if colour == Colour::Gray {
            colour::to_gray(bars.as_flattened_mut());
        }
        let normalize = Normalize { mean: colour.order(normalize.mean), std: colour.order(normalize.std) };
        Self {
            fit,
            share: params.crop_share.unwrap_or(fit.usual_share()),
            size: (input.width, input.height),
            colour,
            bars: bars[0],
            quantizer: Quantizer::new(input, normalize),
            exact: Resizer::new(params.filter, Order::Pillow),
            luma: Resizer::new(params.filter, Order::ColumnsFirst),
            chroma: Resizer::new(params.filter, Order::ColumnsFirst),
            small: Default::default(),
            split: Default::default(),
            rgb: Vec::new(),
            upright: Vec::new(),
            canvas: Vec::new(),
            has_bars: false,
        }
    }

    /// Writes `frame` as the model's input to `tensor`, which was allocated for the same input.
    pub fn run(&mut self, frame: &Frame, tensor: &mut Tensor) {
        self.run_area(frame, &Area::whole(&frame.info.picture), tensor);
    }

    /// The same for `area` of the frame: its pixels only, without those around it.
    pub fn run_area(&mut self, frame: &Frame, area: &Area, tensor: &mut Tensor) {
        let picture = frame.info.picture;
        let place = self.fit.place(self.share, area.display_shape(&picture), self.size);
        match rgb_layout(picture.format) {
            Some((samples, offsets)) => {
                let offsets = self.colour.order(offsets);
                let source = Source { plane: frame.plane(0), area: *area, shared: (1, 1), samples };
                match (samples, offsets) {
                    (3, [0, 1, 2]) => self.exact.resize(source, &place, &mut self.rgb),
                    _ => {
                        let [small, ..] = &mut self.small;
                        self.exact.resize(source, &place, small);
                        grow(&mut self.rgb, place.width as usize * place.height as usize * 3);
                        let pick = if samples == 3 { pick::<3> } else { pick::<4> };
                        pick(small, offsets, &mut self.rgb);
                    }
                }
            }
            None => self.yuv(frame, area, &place),
        }
        if area.orientation.transposed {
            self.transpose(&place);
        }
        self.finish(&place, tensor);
    }

    /// The latest input before quantization, RGB RGB in the order of its channels, and its columns. Empty before the first frame.
    pub fn pixels(&self) -> (&[u8], usize) {
        let (pixels, (width, height)) = (if self.has_bars { &self.canvas } else { &self.rgb }, self.size);
        (pixels.get(..width as usize * height as usize * 3).unwrap_or_default(), width as usize)
    }

    /// Transposes the small picture in `self.rgb`, which is stored with rows and columns exchanged.
    fn transpose(&mut self, place: &Placement) {
        let (width, height) = (place.width as usize, place.height as usize);
        grow(&mut self.upright, width * height * 3);
        let (stored, rows) = (self.rgb.as_chunks::<3>().0, self.upright.as_chunks_mut::<3>().0.chunks_exact_mut(width));
        for (y, row) in rows.take(height).enumerate() {
            row.iter_mut().enumerate().for_each(|(x, pixel)| *pixel = stored[x * height + y]);
        }
        std::mem::swap(&mut self.rgb, &mut self.upright);
    }

    /// Resizes the planes of `area` of a YUV or gray frame and converts them to RGB in `self.rgb`.
    fn yuv(&mut self, frame: &Frame, area: &Area, place: &Placement) {
        let picture = frame.info.picture;
        let (width, height) = area.orientation.turn((place.width, place.height));
        let chroma = Chroma::of(&picture);
        let [luma_out, first_out, second_out] = &mut self.small;
        let shared = (chroma.across, chroma.down);
        let rows = area.top as usize..(area.top + area.height) as usize;
        // packed rows are split from the first one that is used on
        let area = if chroma.packed.is_some() { Area { top: 0, ..*area } } else { *area };
        let mut resize = |plane, place: &Placement| {
            self.luma.resize(Source { plane, area, shared: (1, 1), samples: 1 }, place, luma_out);
        };
        let chroma_of = |plane, samples| Source { plane, area, shared, samples };
        if let Some(luma_first) = chroma.packed {
            let [luma, both] = split_packed(frame.plane(0), rows, luma_first, &mut self.split);
            resize(luma, place);
            self.chroma.resize(chroma_of(both, 2), place, first_out);
        } else {
            resize(frame.plane(0), place);
            match chroma.planes {
                0 => {}
                1 => self.chroma.resize(chroma_of(frame.plane(1), 2), place, first_out),
                _ => {
                    self.chroma.resize(chroma_of(frame.plane(1), 1), place, first_out);
                    self.chroma.resize(chroma_of(frame.plane(2), 1), place, second_out);
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
        colour::to_rgb(planes, width, height, &picture, self.colour == Colour::Bgr, &mut self.rgb);
    }

    /// Places the small picture in the input and quantizes it.
    fn finish(&mut self, place: &Placement, tensor: &mut Tensor) {
        if self.colour == Colour::Gray {
            colour::to_gray(&mut self.rgb[..place.width as usize * place.height as usize * 3]);
        }
        self.has_bars = (place.width, place.height) != self.size;
        if !self.has_bars {
            return self.quantizer.write(&self.rgb, tensor);
        }
        let (row, full_row) = (place.width as usize * 3, self.size.0 as usize * 3);
        grow(&mut self.canvas, full_row * self.size.1 as usize);
        self.canvas.as_chunks_mut::<3>().0.fill(self.bars);
        let first = place.y as usize * full_row + place.x as usize * 3;
        let rows = self.canvas[first..].chunks_mut(full_row).zip(self.rgb.chunks_exact(row));
        rows.take(place.height as usize).for_each(|(to, from)| to[..row].copy_from_slice(from));
        self.quantizer.write(&self.canvas, tensor);
    }
}

/// Bytes per pixel and the offsets of R, G and B of an RGB format; alpha is ignored. `None` for YUV and gray.
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

/// Extracts R, G and B from pixels of `samples` bytes.
fn pick<const SAMPLES: usize>(pixels: &[u8], offsets: [usize; 3], rgb: &mut [u8]) {
    for (pixel, to) in pixels.as_chunks::<SAMPLES>().0.iter().zip(rgb.as_chunks_mut::<3>().0) {
        *to = offsets.map(|offset| pixel[offset]);
    }
}

/// The chroma layout of a format.
struct Chroma {
    /// The number of luma pixels per chroma pixel, across and down.
    across: u32,
    down: u32,
    /// The number of chroma planes: 0, 1 (interleaved) or 2.
    planes: u32,
    /// For packed formats: whether luma is the first byte.
    packed: Option<bool>,
}

impl Chroma {
    fn of(picture: &Picture) -> Self {
        let (across, down, planes, packed) = match picture.format {
            PixelFormat::Nv12 | PixelFormat::Nv21 => (2, 2, 1, None),
            PixelFormat::I420 | PixelFormat::Yv12 => (2, 2, 2, None),
            PixelFormat::Y42b => (2, 1, 2, None),
            PixelFormat::Yuy2 => (2, 1, 1, Some(true)),
            PixelFormat::Uyvy => (2, 1, 1, Some(false)),
            PixelFormat::Y444 => (1, 1, 2, None),
            _ => (1, 1, 0, None),
        };
        Self { across, down, planes, packed }
    }
}

/// Splits `rows` of packed 4:2:2 into luma and U V U V, which have as many samples a row: half the bytes of a packed one.
fn split_packed<'a>(packed: Plane, rows: Range<usize>, luma_first: bool, split: &'a mut [Vec<u8>; 2]) -> [Plane<'a>; 2] {
    let row = packed.row_bytes() / 2;
    let [luma, both] = split;
    grow(luma, row * rows.len());
    grow(both, row * rows.len());
    for ((n, luma), both) in rows.clone().zip(luma.chunks_exact_mut(row)).zip(both.chunks_exact_mut(row)) {
        match luma_first {
            true => deinterleave_pairs(packed.row(n), luma, both),
            false => deinterleave_pairs(packed.row(n), both, luma),
        }
    }
    [luma, both].map(|plane| Plane::new(plane, row, row, rows.len()).expect("it has grown to that size"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::OwnedPixels;
    use crate::tensor::{ElementType, Layout, TensorSpec};

    #[test]
    fn one_channel_is_the_brightness_whatever_the_order_of_the_channels() {
        let frame = Frame::new(Picture::new(PixelFormat::Rgb, 2, 1), OwnedPixels(vec![(vec![255, 0, 0, 0, 0, 255], 6)])).unwrap();
        let tensor = TensorSpec { name: "x".into(), element: ElementType::U8, shape: vec![1, 1, 1, 2], quantization: None };
        let input = InputSpec { tensor, layout: Layout::Nchw, width: 2, height: 1 };
        for colour in [Colour::Rgb, Colour::Bgr, Colour::Gray] {
            let mut out = Tensor::zeros(&input.tensor);
            Preprocessor::new(&input, &Params { colour, ..Params::default() }).run(&frame, &mut out);
            // Pillow's convert("L") of red and of blue
            assert_eq!(out, Tensor::U8(vec![76, 29]), "{colour:?}");
        }
    }
}
