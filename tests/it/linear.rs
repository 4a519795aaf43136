//! `linear` interpolates between the four pixels around the centre, for any scale factor: OpenCV's `INTER_LINEAR`.
//!
//! The reference is the formula in floating point for both directions at once; the code rounds after each.

use crate::common;
use glimpsed::frame::{Frame, OwnedPixels, Picture, PixelFormat};
use glimpsed::preprocess::{Filter, Fit, Params, Preprocessor};
use glimpsed::tensor::{ElementType, InputSpec, Layout, Tensor, TensorSpec};

const SIDE: usize = 24;

fn preprocessed(frame: &Frame, filter: Filter) -> Vec<u8> {
    let tensor = TensorSpec { name: "x".into(), element: ElementType::U8, shape: vec![1, SIDE, SIDE, 3], quantization: None };
    let input = InputSpec { tensor, layout: Layout::Nhwc, width: SIDE as u32, height: SIDE as u32 };
    let mut out = Tensor::zeros(&input.tensor);
    Preprocessor::new(&input, &Params { fit: Fit::Stretch, filter, ..Params::default() }).run(frame, &mut out);
    common::bytes_of(&out)
}

/// Partly smooth, partly with details of one pixel.
fn sample(x: usize, y: usize, channel: usize) -> u8 {
    ((x * x * 3 + y * y * 5 + (channel + 1) * x * y) >> 4) as u8
}

fn frame(format: PixelFormat, (width, height): (usize, usize)) -> Frame {
    let channels = if format == PixelFormat::Rgb { 3 } else { 1 };
    let data = (0..height * width * channels).map(|n| sample(n / channels % width, n / channels / width, n % channels)).collect();
    let picture = Picture::new(format, width as u32, height as u32);
    Frame::new(picture, OwnedPixels(vec![(data, width * channels)])).unwrap()
}

/// The two pixels in one direction, and the weight of the second one.
fn around(place: usize, side: usize) -> (usize, usize, f64) {
    let middle = (place as f64 + 0.5) * side as f64 / SIDE as f64 - 0.5;
    let first = middle.floor();
    let within = |pixel: f64| pixel.clamp(0.0, side as f64 - 1.0) as usize;
    (within(first), within(first + 1.0), middle - first)
}

#[test]
fn every_element_is_within_one_of_the_formula() {
    for size in [(640, 480), (97, 61), (1920, 1080), (1, 50), (50, 1), (24, 24), (17, 9), (333, 500)] {
        for (format, channels) in [(PixelFormat::Rgb, 3), (PixelFormat::Gray8, 1)] {
            let got = preprocessed(&frame(format, size), Filter::Linear);
            for (n, got) in got.into_iter().enumerate() {
                let (x, y, channel) = (n / 3 % SIDE, n / 3 / SIDE, n % 3 % channels);
                let ((left, right, across), (upper, lower, down)) = (around(x, size.0), around(y, size.1));
                let row = |y| f64::from(sample(left, y, channel)) * (1.0 - across) + f64::from(sample(right, y, channel)) * across;
                let wanted = row(upper) * (1.0 - down) + row(lower) * down;
                assert!((f64::from(got) - wanted).abs() < 1.0 + 1e-6, "{format:?} {size:?} at {x}, {y}: {got}, not {wanted}");
            }
        }
    }
}

#[test]
fn without_reduction_it_is_bilinear() {
    let small = frame(PixelFormat::Rgb, (17, 9));
    assert_eq!(preprocessed(&small, Filter::Linear), preprocessed(&small, Filter::Bilinear));
}
