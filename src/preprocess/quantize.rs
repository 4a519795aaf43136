//! From pixels to tensor elements: one table of 256 entries for each channel.
//!
//! Scale, zero point, mean, standard deviation and every element type are one code path:
//! `q = clamp(round_half_even(x / scale) + zero_point)` with `x = (pixel / 255 - mean) / std`, and a float input is `x` itself.

use super::deinterleave::deinterleave_triples;
use crate::tensor::{ElementType, InputSpec, Layout, Quantization, Tensor};

/// What is subtracted from a channel (R, G, B; values 0..1), and what it is divided by then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalize {
    /// The mean of each channel.
    pub mean: [f32; 3],
    /// The standard deviation of each channel, above 0.
    pub std: [f32; 3],
}

impl Default for Normalize {
    /// None: 0..1.
    fn default() -> Self {
        Self { mean: [0.0; 3], std: [1.0; 3] }
    }
}

/// Three tables: pixel to element for R, G and B.
type Table<T> = Box<[[T; 256]; 3]>;

/// Writes pixels as elements of one input.
pub struct Quantizer {
    tables: Tables,
    layout: Layout,
}

enum Tables {
    /// Each pixel is its own element: the usual case of scale 1/255 and zero point 0.
    Same,
    U8(Table<u8>),
    I8(Table<i8>),
    U16(Table<u16>),
    F32(Table<f32>),
}

impl Quantizer {
    /// The tables for `input`. Integers without quantization in the model take pixels as they are (scale 1/255, zero point 0).
    pub fn new(input: &InputSpec, normalize: Normalize) -> Self {
        let element = input.tensor.element;
        let quantization = input.tensor.quantization.unwrap_or(Quantization { scale: 1.0 / 255.0, zero_point: 0 });
        // float32 throughout, as ONNX's QuantizeLinear and NumPy compute it
        let real = |channel: usize, pixel: usize| (pixel as f32 / 255.0 - normalize.mean[channel]) / normalize.std[channel];
        let (least, most) = element.bounds().unwrap_or_default();
        let quantized = |channel, pixel| {
            let steps = (real(channel, pixel) / quantization.scale).round_ties_even();
            (steps + quantization.zero_point as f32).clamp(least as f32, most as f32)
        };
        let tables = match element {
            ElementType::U8 => Tables::U8(table(|channel, pixel| quantized(channel, pixel) as u8)),
            ElementType::I8 => Tables::I8(table(|channel, pixel| quantized(channel, pixel) as i8)),
            ElementType::U16 => Tables::U16(table(|channel, pixel| quantized(channel, pixel) as u16)),
            ElementType::F32 => Tables::F32(table(real)),
        };
        let same = matches!(&tables, Tables::U8(table) if table.iter().all(|entries| (0..=255).eq(entries.iter().copied())));
        Self { tables: if same { Tables::Same } else { tables }, layout: input.layout }
    }

    /// Writes `pixels` (RGB RGB, as many as the input has, at least) to `tensor`, which was made for the same input.
    pub fn write(&self, pixels: &[u8], tensor: &mut Tensor) {
        match (&self.tables, tensor) {
            (Tables::Same, Tensor::U8(out)) => copy(self.layout, pixels, out),
            (Tables::U8(table), Tensor::U8(out)) => fill(table, self.layout, pixels, out),
            (Tables::I8(table), Tensor::I8(out)) => fill(table, self.layout, pixels, out),
            (Tables::U16(table), Tensor::U16(out)) => fill(table, self.layout, pixels, out),
            (Tables::F32(table), Tensor::F32(out)) => fill(table, self.layout, pixels, out),
            _ => unreachable!("the tensor was made for the same input"),
        }
    }
}

fn table<T: Copy + Default>(entry: impl Fn(usize, usize) -> T) -> Table<T> {
    let mut table = Box::new([[T::default(); 256]; 3]);
    for (channel, entries) in table.iter_mut().enumerate() {
        entries.iter_mut().enumerate().for_each(|(pixel, slot)| *slot = entry(channel, pixel));
    }
    table
}

fn copy(layout: Layout, pixels: &[u8], out: &mut [u8]) {
    let pixels = &pixels[..out.len()];
    match layout {
        Layout::Nchw => deinterleave_triples(pixels, out),
        Layout::Nhwc => out.copy_from_slice(pixels),
    }
}

fn fill<T: Copy>(table: &[[T; 256]; 3], layout: Layout, pixels: &[u8], out: &mut [T]) {
    let count = out.len() / 3;
    let (pixels, _) = pixels[..out.len()].as_chunks::<3>();
    match layout {
        Layout::Nchw => {
            let (red, rest) = out.split_at_mut(count);
            let (green, blue) = rest.split_at_mut(count);
            for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
                *red = table[0][usize::from(pixel[0])];
                *green = table[1][usize::from(pixel[1])];
                *blue = table[2][usize::from(pixel[2])];
            }
        }
        Layout::Nhwc => {
            for (pixel, out) in pixels.iter().zip(out.chunks_exact_mut(3)) {
                for channel in 0..3 {
                    out[channel] = table[channel][usize::from(pixel[channel])];
                }
            }
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
