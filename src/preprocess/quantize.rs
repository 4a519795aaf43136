//! From pixels to tensor elements: one table of 256 entries for each channel.
//!
//! A gray input has the luma of each pixel, by the table of the first channel; the fourth of four channels is an opaque alpha.
//!
//! Scale, zero point, mean, standard deviation and all element types share one code path:
//! `q = clamp(round_half_even(x / scale) + zero_point)` with `x = (pixel / 255 - mean) / std`, and a float input is `x` itself.

use super::colour::brightness;
use super::deinterleave::deinterleave_triples;
use crate::tensor::{ElementType, InputSpec, Layout, Quantization, Tensor};
use half::f16;

/// The mean that is subtracted from each channel (R, G, B; values 0..1), and the standard deviation that it is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalize {
    /// The mean of each channel.
    pub mean: [f32; 3],
    /// The standard deviation of each channel, above 0.
    pub std: [f32; 3],
}

impl Default for Normalize {
    /// No normalization: 0..1.
    fn default() -> Self {
        Self { mean: [0.0; 3], std: [1.0; 3] }
    }
}

/// The tables from pixel to element for R, G and B, and the element of an opaque alpha.
struct Table<T> {
    channels: Box<[[T; 256]; 3]>,
    opaque: T,
}

/// Writes pixels as elements of one input.
pub struct Quantizer {
    tables: Tables,
    layout: Layout,
    channels: usize,
    pixels: usize,
}

enum Tables {
    /// Elements equal pixels: the usual case of scale 1/255 and zero point 0.
    Same,
    U8(Table<u8>),
    I8(Table<i8>),
    U16(Table<u16>),
    I16(Table<i16>),
    I32(Table<i32>),
    F16(Table<f16>),
    F32(Table<f32>),
    F64(Table<f64>),
}

impl Quantizer {
    /// The tables for `input`. Integers without quantization in the model take pixels as they are (scale 1/255, zero point 0).
    pub fn new(input: &InputSpec, normalize: Normalize) -> Self {
        let element = input.tensor.element;
        let quantization = input.tensor.quantization.unwrap_or(Quantization { scale: 1.0 / 255.0, zero_point: 0 });
        // in float32, as ONNX's QuantizeLinear and NumPy compute it
        let real = |channel: usize, pixel: usize| (pixel as f32 / 255.0 - normalize.mean[channel]) / normalize.std[channel];
        let (least, most) = element.bounds().unwrap_or_default();
        let quantized = |channel, pixel| {
            let steps = (real(channel, pixel) / quantization.scale).round_ties_even();
            (steps + quantization.zero_point as f32).clamp(least as f32, most as f32)
        };
        let opaque =
            ((1.0 / quantization.scale).round_ties_even() + quantization.zero_point as f32).clamp(least as f32, most as f32);
        let tables = match element {
            ElementType::U8 => Tables::U8(Table::new(|channel, pixel| quantized(channel, pixel) as u8, opaque as u8)),
            ElementType::I8 => Tables::I8(Table::new(|channel, pixel| quantized(channel, pixel) as i8, opaque as i8)),
            ElementType::U16 => Tables::U16(Table::new(|channel, pixel| quantized(channel, pixel) as u16, opaque as u16)),
            ElementType::I16 => Tables::I16(Table::new(|channel, pixel| quantized(channel, pixel) as i16, opaque as i16)),
            ElementType::I32 => Tables::I32(Table::new(|channel, pixel| quantized(channel, pixel) as i32, opaque as i32)),
            ElementType::F16 => Tables::F16(Table::new(|channel, pixel| f16::from_f32(real(channel, pixel)), f16::ONE)),
            ElementType::F32 => Tables::F32(Table::new(real, 1.0)),
            ElementType::F64 => Tables::F64(Table::new(|channel, pixel| real(channel, pixel).into(), 1.0)),
        };
        let channels = input.channels();
        let is_itself = |entries: &[u8; 256]| (0..=255).eq(entries.iter().copied());
        let same = channels == 3 && matches!(&tables, Tables::U8(table) if table.channels.iter().all(is_itself));
        Self { tables: if same { Tables::Same } else { tables }, layout: input.layout, channels, pixels: input.pixels() }
    }

    /// Writes `pixels` (RGB RGB, as many as the input has, at least) to `tensor`, which was made for the same input. Only the first
    /// item of a batch is written.
    pub fn write(&self, pixels: &[u8], tensor: &mut Tensor) {
        match (&self.tables, tensor) {
            (Tables::Same, Tensor::U8(out)) => copy(self.layout, &pixels[..self.pixels * 3], &mut out[..self.pixels * 3]),
            (Tables::U8(table), Tensor::U8(out)) => self.fill(table, pixels, out),
            (Tables::I8(table), Tensor::I8(out)) => self.fill(table, pixels, out),
            (Tables::U16(table), Tensor::U16(out)) => self.fill(table, pixels, out),
            (Tables::I16(table), Tensor::I16(out)) => self.fill(table, pixels, out),
            (Tables::I32(table), Tensor::I32(out)) => self.fill(table, pixels, out),
            (Tables::F16(table), Tensor::F16(out)) => self.fill(table, pixels, out),
            (Tables::F32(table), Tensor::F32(out)) => self.fill(table, pixels, out),
            (Tables::F64(table), Tensor::F64(out)) => self.fill(table, pixels, out),
            _ => unreachable!("the tensor was made for the same input"),
        }
    }

    fn fill<T: Copy>(&self, table: &Table<T>, pixels: &[u8], out: &mut [T]) {
        let out = &mut out[..self.pixels * self.channels];
        let (pixels, _) = pixels[..self.pixels * 3].as_chunks::<3>();
        match (self.channels, self.layout) {
            (1, _) => gray(&table.channels[0], pixels, out),
            (3, Layout::Nhwc) => interleaved(table, pixels, out, 3),
            (_, Layout::Nhwc) => interleaved(table, pixels, out, self.channels),
            (_, Layout::Nchw) => {
                let (colours, alpha) = out.split_at_mut(self.pixels * 3);
                planes(&table.channels, pixels, colours);
                alpha.fill(table.opaque);
            }
        }
    }
}

impl<T: Copy + Default> Table<T> {
    fn new(entry: impl Fn(usize, usize) -> T, opaque: T) -> Self {
        let mut channels = Box::new([[T::default(); 256]; 3]);
        for (channel, entries) in channels.iter_mut().enumerate() {
            entries.iter_mut().enumerate().for_each(|(pixel, slot)| *slot = entry(channel, pixel));
        }
        Self { channels, opaque }
    }
}

fn copy(layout: Layout, pixels: &[u8], out: &mut [u8]) {
    match layout {
        Layout::Nchw => deinterleave_triples(pixels, out),
        Layout::Nhwc => out.copy_from_slice(pixels),
    }
}

fn gray<T: Copy>(table: &[T; 256], pixels: &[[u8; 3]], out: &mut [T]) {
    pixels.iter().zip(out).for_each(|(pixel, out)| *out = table[usize::from(brightness(*pixel))]);
}

fn planes<T: Copy>(table: &[[T; 256]; 3], pixels: &[[u8; 3]], out: &mut [T]) {
    let (red, rest) = out.split_at_mut(pixels.len());
    let (green, blue) = rest.split_at_mut(pixels.len());
    for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
        *red = table[0][usize::from(pixel[0])];
        *green = table[1][usize::from(pixel[1])];
        *blue = table[2][usize::from(pixel[2])];
    }
}

/// Three or four channels; the latter is alpha.
fn interleaved<T: Copy>(table: &Table<T>, pixels: &[[u8; 3]], out: &mut [T], channels: usize) {
    for (pixel, out) in pixels.iter().zip(out.chunks_exact_mut(channels)) {
        for (channel, out) in out.iter_mut().enumerate() {
            *out = table.channels.get(channel).map_or(table.opaque, |entries| entries[usize::from(pixel[channel])]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::TensorSpec;

    fn input(element: ElementType, layout: Layout, quantization: Option<(f32, i32)>) -> InputSpec {
        let shape = if layout == Layout::Nchw { vec![1, 3, 1, 2] } else { vec![1, 1, 2, 3] };
        let quantization = quantization.map(|(scale, zero_point)| Quantization { scale, zero_point });
        InputSpec { tensor: TensorSpec { name: "x".into(), element, shape, quantization }, layout, width: 2, height: 1 }
    }

    fn written(input: &InputSpec, normalize: Normalize) -> Tensor {
        let mut tensor = Tensor::zeros(&input.tensor);
        Quantizer::new(input, normalize).write(&[255, 0, 128, 1, 2, 3], &mut tensor);
        tensor
    }

    #[test]
    fn pixels_pass_unchanged_through_one_255th() {
        let spec = |layout| input(ElementType::U8, layout, Some((1.0 / 255.0, 0)));
        assert_eq!(written(&spec(Layout::Nchw), Normalize::default()), Tensor::U8(vec![255, 1, 0, 2, 128, 3]));
        assert_eq!(written(&spec(Layout::Nhwc), Normalize::default()), Tensor::U8(vec![255, 0, 128, 1, 2, 3]));
        let raw = input(ElementType::U8, Layout::Nchw, None);
        assert_eq!(written(&raw, Normalize::default()), Tensor::U8(vec![255, 1, 0, 2, 128, 3]));
    }

    #[test]
    fn every_element_type_follows_the_formula() {
        let int8 = input(ElementType::I8, Layout::Nchw, Some((1.0 / 255.0, -128)));
        assert_eq!(written(&int8, Normalize::default()), Tensor::I8(vec![127, -127, -128, -126, 0, -125]));
        let uint16 = input(ElementType::U16, Layout::Nchw, Some((1.0 / 65535.0, 0)));
        assert_eq!(written(&uint16, Normalize::default()), Tensor::U16(vec![65535, 257, 0, 514, 32896, 771]));
        let float = input(ElementType::F32, Layout::Nhwc, None);
        let normalize = Normalize { mean: [0.5, 0.0, 0.0], std: [0.5, 1.0, 2.0] };
        let Tensor::F32(values) = written(&float, normalize) else { unreachable!() };
        assert_eq!(&values[..3], [1.0, 0.0, 128.0 / 255.0 / 2.0]);
        let half = input(ElementType::F16, Layout::Nhwc, None);
        assert_eq!(written(&half, normalize), Tensor::F16(values.iter().map(|value| f16::from_f32(*value)).collect()));
        let double = input(ElementType::F64, Layout::Nhwc, None);
        assert_eq!(written(&double, normalize), Tensor::F64(values.iter().map(|value| f64::from(*value)).collect()));
        let int16 = input(ElementType::I16, Layout::Nhwc, Some((1.0 / 510.0, -255)));
        assert_eq!(written(&int16, Normalize::default()), Tensor::I16(vec![255, -255, 1, -253, -251, -249]));
        let int32 = input(ElementType::I32, Layout::Nhwc, None);
        assert_eq!(written(&int32, Normalize::default()), Tensor::I32(vec![255, 0, 128, 1, 2, 3]));
    }

    #[test]
    fn gray_is_luma_and_a_fourth_channel_is_opaque() {
        let of_shape = |shape: &[usize], layout| {
            let mut spec = input(ElementType::U8, layout, Some((1.0 / 255.0, 0)));
            spec.tensor.shape = shape.to_vec();
            written(&spec, Normalize::default())
        };
        // (255, 0, 128) and (1, 2, 3) in Pillow's convert("L")
        for (shape, layout) in [(&[1, 1, 1, 2][..], Layout::Nchw), (&[1, 1, 2, 1], Layout::Nhwc), (&[1, 1, 2], Layout::Nchw)] {
            assert_eq!(of_shape(shape, layout), Tensor::U8(vec![91, 2]), "{shape:?}");
        }
        assert_eq!(of_shape(&[1, 4, 1, 2], Layout::Nchw), Tensor::U8(vec![255, 1, 0, 2, 128, 3, 255, 255]));
        assert_eq!(of_shape(&[1, 1, 2, 4], Layout::Nhwc), Tensor::U8(vec![255, 0, 128, 255, 1, 2, 3, 255]));
    }

    #[test]
    fn of_a_batch_only_the_first_item_is_written() {
        let mut batch = input(ElementType::U8, Layout::Nhwc, Some((1.0 / 255.0, 0)));
        batch.tensor.shape = vec![2, 1, 2, 3];
        assert_eq!(written(&batch, Normalize::default()), Tensor::U8(vec![255, 0, 128, 1, 2, 3, 0, 0, 0, 0, 0, 0]));
        batch.tensor.element = ElementType::F32;
        let Tensor::F32(values) = written(&batch, Normalize::default()) else { unreachable!() };
        assert!(values[..6].iter().any(|value| *value > 0.0) && values[6..] == [0.0; 6], "{values:?}");
    }

    #[test]
    fn what_does_not_fit_is_clamped_and_halves_go_to_even() {
        // a step of two pixels: 1 / 2 = 0.5 goes to 0, 3 / 2 = 1.5 to 2, and 255 / 2 + 200 is over the top
        let coarse = input(ElementType::U8, Layout::Nhwc, Some((2.0 / 255.0, 0)));
        let Tensor::U8(values) = written(&coarse, Normalize::default()) else { unreachable!() };
        assert_eq!(&values[3..], [0, 1, 2]);
        let high = input(ElementType::U8, Layout::Nhwc, Some((2.0 / 255.0, 200)));
        let Tensor::U8(values) = written(&high, Normalize::default()) else { unreachable!() };
        assert_eq!(values[0], 255);
    }
}
