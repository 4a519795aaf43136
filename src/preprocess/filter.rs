//! The filters, and the weights of the pixels of one row or column: Pillow's windows, bit for bit.
//!
//! Source: Pillow's documentation of its resampling filters, and its fixed-point arithmetic for 8-bit pictures:
//! weights have 22 fractional bits, sums are rounded half up and clamped.

use super::kernels::Weight;

/// The resampling filter. The window of the first four grows with the scale factor (antialiasing), as in Pillow; the others are
/// cheaper, and alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// Cubic convolution (Keys, a = -0.5) over 4 pixels: Pillow's default and the board guide's choice.
    #[default]
    Bicubic,
    /// A triangle over 2 pixels: torchvision's choice.
    Bilinear,
    /// The mean of the covered pixels (area).
    Box,
    /// Lanczos' window over 6 pixels.
    Lanczos,
    /// Bilinear without antialiasing, from four pixels: OpenCV's default (`INTER_LINEAR`), torchvision's with `antialias=False`.
    Linear,
    /// Lanczos' window over 8 pixels without antialiasing: OpenCV's `INTER_LANCZOS4`, but that at the border of the picture the window is
    /// cut instead of repeating the last pixel.
    Lanczos4,
    /// The nearest pixel; the cheapest.
    Nearest,
}

impl Filter {
    /// The radius of the filter in pixels, at scale 1.
    fn support(self) -> f64 {
        match self {
            Self::Lanczos4 => 4.0,
            Self::Lanczos => 3.0,
            Self::Bicubic => 2.0,
            Self::Bilinear | Self::Linear => 1.0,
            Self::Box | Self::Nearest => 0.5,
        }
    }

    /// Whether the window grows with the scale factor (antialiasing).
    pub fn is_antialiased(self) -> bool {
        matches!(self, Self::Bicubic | Self::Bilinear | Self::Box | Self::Lanczos)
    }

    /// The weight at distance `x` from the centre, at scale 1.
    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let far = x.abs();
        match self {
            Self::Bicubic if far < 1.0 => ((A + 2.0) * far - (A + 3.0)) * far * far + 1.0,
            Self::Bicubic if far < 2.0 => (((far - 5.0) * far + 8.0) * far - 4.0) * A,
            Self::Bilinear | Self::Linear if far < 1.0 => 1.0 - far,
            Self::Lanczos if far < 3.0 => sinc(far) * sinc(far / 3.0),
            Self::Lanczos4 if far < 4.0 => sinc(far) * sinc(far / 4.0),
            // half-open: a pixel on the border of two windows belongs to one
            Self::Box | Self::Nearest if x > -0.5 && x <= 0.5 => 1.0,
            _ => 0.0,
        }
    }
}

/// sin(πx) / πx.
fn sinc(x: f64) -> f64 {
    let angle = x * std::f64::consts::PI;
    if angle == 0.0 { 1.0 } else { angle.sin() / angle }
}

/// The parameters of the windows in one direction of one plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The filter.
    pub filter: Filter,
    /// The first pixel that is used, as stored.
    pub offset: u32,
    /// The number of pixels that are used in this direction.
    pub source: u32,
    /// How many of them share one sample of the plane: 2 for chroma at half the size.
    pub shared: u32,
    /// The number of pixels after resizing.
    pub resized: u32,
    /// The first output pixel that is computed.
    pub first: u32,
    /// The number of output pixels that are computed.
    pub count: u32,
    /// Whether the plane's samples are in reverse order.
    pub mirrored: bool,
}

impl Span {
    /// The sample of the plane that contains `pixel`.
    fn sample(&self, pixel: u32) -> u32 {
        let stored = if self.mirrored { self.source - 1 - pixel } else { pixel };
        (self.offset + stored) / self.shared
    }
}

/// The samples of a row (or column) that contribute to each output sample, and their weights.
pub struct Windows<W> {
    made_for: Option<Span>,
    /// The first sample of each window.
    pub starts: Vec<usize>,
    /// The number of samples of each window.
    pub counts: Vec<usize>,
    /// The number of stored weights per window: its own, and zeros.
    pub taps: usize,
    /// All weights, `taps` for each window.
    pub weights: Vec<W>,
}

impl<W> Default for Windows<W> {
    fn default() -> Self {
        Self { made_for: None, starts: Vec::new(), counts: Vec::new(), taps: 1, weights: Vec::new() }
    }
}

impl<W: Weight> Windows<W> {
    /// Computes the windows for `span`, unless they are the current ones.
    pub fn prepare(&mut self, span: Span) {
        if self.made_for != Some(span) {
            self.made_for = Some(span);
            self.starts.clear();
            self.counts.clear();
            self.weights.clear();
            match span.filter {
                Filter::Nearest => self.nearest(&span),
                _ => self.weighted(&span),
            }
        }
    }

    /// The first sample of window `n`, and its weights.
    pub fn window(&self, n: usize) -> (usize, &[W]) {
        (self.starts[n], &self.weights[n * self.taps..][..self.counts[n]])
    }

    /// The range of samples that any window uses.
    pub fn reach(&self) -> (usize, usize) {
        let at = |n: Option<usize>| n.map_or((0, 0), |n| (self.starts[n], self.starts[n] + self.counts[n]));
        // the starts are monotonic
        let ((first, first_end), (last, last_end)) =
            (at((!self.starts.is_empty()).then_some(0)), at(self.starts.len().checked_sub(1)));
        (first.min(last), first_end.max(last_end))
    }

    fn weighted(&mut self, span: &Span) {
        let scale = f64::from(span.source) / f64::from(span.resized);
        let widened = if span.filter.is_antialiased() { scale.max(1.0) } else { 1.0 };
        let support = span.filter.support() * widened;
        self.taps = (support.ceil() as usize * 2 + 1) / span.shared as usize + span.shared as usize;
        let mut weights: Vec<f64> = Vec::with_capacity(self.taps);
        for x in span.first..span.first + span.count {
            let center = (f64::from(x) + 0.5) * scale;
            let start = (center - support + 0.5).max(0.0) as u32;
            let end = ((center + support + 0.5) as u32).min(span.source);
            let first = span.sample(start);
            weights.clear();
            for pixel in start..end {
                let sample = span.sample(pixel).abs_diff(first) as usize;
                weights.resize(weights.len().max(sample + 1), 0.0);
                weights[sample] += span.filter.weight((f64::from(pixel) - center + 0.5) * (1.0 / widened));
            }
            let sum: f64 = weights.iter().sum();
            if sum != 0.0 {
                weights.iter_mut().for_each(|weight| *weight /= sum);
            }
            if span.mirrored {
                weights.reverse();
            }
            self.push(first.min(span.sample(end - 1)) as usize, &weights);
        }
    }

    fn push(&mut self, start: usize, weights: &[f64]) {
        self.starts.push(start);
        self.counts.push(weights.len());
        let stored = self.weights.len();
        self.weights.extend(weights.iter().copied().map(W::of));
        W::normalize(&mut self.weights[stored..]);
        self.weights.resize(self.starts.len() * self.taps, W::of(0.0));
    }

    /// Windows of one sample. Positions are accumulated step by step, as in Pillow, so that ties round in the same way.
    fn nearest(&mut self, span: &Span) {
        let scale = f64::from(span.source) / f64::from(span.resized);
        let mut position = scale * 0.5;
        let samples = std::iter::repeat_with(|| {
            let pixel = (position as u32).min(span.source - 1);
            position += scale;
            span.sample(pixel) as usize
        });
        self.starts.extend(samples.skip(span.first as usize).take(span.count as usize));
        self.counts.resize(self.starts.len(), 1);
        self.taps = 1;
    }
}
