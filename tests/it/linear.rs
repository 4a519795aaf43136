//! `linear` interpolates between the four pixels around the centre, for any scale factor: OpenCV's `INTER_LINEAR`.
//!
//! `lanczos4` does the same with eight pixels in each direction, as OpenCV's `INTER_LANCZOS4`.
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

fn frame(format: PixelFormat, size: (usize, usize)) -> Frame {
    frame_of(format, size, sample)
}

fn frame_of(format: PixelFormat, (width, height): (usize, usize), sample: fn(usize, usize, usize) -> u8) -> Frame {
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

/// The eight pixels in one direction and their weights; none where OpenCV would repeat the border's pixel.
fn eight_around(place: usize, side: usize) -> Option<Vec<(usize, f64)>> {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI) };
    let middle = (place as f64 + 0.5) * side as f64 / SIDE as f64 - 0.5;
    let first = middle.floor() as i64 - 3;
    let weight = |pixel: i64| sinc(pixel as f64 - middle) * sinc((pixel as f64 - middle) / 4.0);
    let sum: f64 = (first..first + 8).map(weight).sum();
    (first >= 0 && first + 8 <= side as i64)
        .then(|| (first..first + 8).map(|pixel| (pixel as usize, weight(pixel) / sum)).collect())
}

#[test]
fn every_element_of_lanczos4_is_the_formulas_but_for_rounding() {
    // so little contrast that no sum leaves 0..255
    let muted = |x, y, channel| 96 + sample(x, y, channel) / 4;
    for size in [(640, 480), (97, 61), (24, 24), (333, 500)] {
        let got = preprocessed(&frame_of(PixelFormat::Rgb, size, muted), Filter::Lanczos4);
        let mut inside = 0;
        for (n, got) in got.into_iter().enumerate() {
            let (x, y, channel) = (n / 3 % SIDE, n / 3 / SIDE, n % 3);
            let (Some(across), Some(down)) = (eight_around(x, size.0), eight_around(y, size.1)) else { continue };
            let row = |y| across.iter().map(|(x, weight)| f64::from(muted(*x, y, channel)) * weight).sum::<f64>();
            let wanted = down.iter().map(|(y, weight)| row(*y) * weight).sum::<f64>();
            // half a unit of each direction; the weights of the second multiply the first one's by 1.72 at most
            assert!((f64::from(got) - wanted).abs() < 1.37, "{size:?} at {x}, {y}: {got}, not {wanted}");
            inside += 1;
        }
        assert!(inside > 500, "{size:?}: {inside}");
    }
}
