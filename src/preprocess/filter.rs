//! The filters, and how they weight the pixels of one row or column: Pillow's windows, to the last bit.
//!
//! Source of the method: Pillow's documentation of its resampling filters, and its fixed-point arithmetic for 8-bit pictures:
//! weights are rounded to 22 bits behind the point, sums are rounded half up and clamped.

/// How pixels are weighted. All but `Nearest` widen with the reduction (antialiasing), as in Pillow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// Cubic convolution (Keys, a = -0.5) over 4 pixels: Pillow's default and the board guide's choice.
    #[default]
    Bicubic,
    /// A triangle over 2 pixels: torchvision's choice.
    Bilinear,
    /// The mean of the pixels that the new one covers.
    Box,
    /// The one pixel in the middle; the cheapest, not antialiased.
    Nearest,
}

impl Filter {
    /// How many pixels the filter reaches to each side, at scale 1.
    fn support(self) -> f64 {
        match self {
            Self::Bicubic => 2.0,
            Self::Bilinear => 1.0,
            Self::Box | Self::Nearest => 0.5,
        }
    }

    /// The weight at distance `x` from the middle, at scale 1.
    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let far = x.abs();
        match self {
            Self::Bicubic if far < 1.0 => ((A + 2.0) * far - (A + 3.0)) * far * far + 1.0,
            Self::Bicubic if far < 2.0 => (((far - 5.0) * far + 8.0) * far - 4.0) * A,
            Self::Bilinear if far < 1.0 => 1.0 - far,
            // closed on one side: a pixel on the border of two windows belongs to one
            Self::Box | Self::Nearest if x > -0.5 && x <= 0.5 => 1.0,
            _ => 0.0,
        }
    }
}

/// Bits behind the point of a weight.
pub const PRECISION: u32 = 22;
/// A weight is `high << SPLIT | low`: two 16-bit factors, for which every CPU has quick multiply-and-add instructions.
pub const SPLIT: u32 = 11;
/// Windows are padded with zero weights to a multiple of this, so that loops have no remainder.
pub const LANES: usize = 8;

/// Which pixels of a row (or column) make each new one, and with which weights.
#[derive(Debug, Default)]
pub struct Windows {
    /// (source, resized, first, count, filter) that these windows were made for.
    made_for: Option<(u32, u32, u32, u32, Filter)>,
    /// The first source pixel of each window.
    pub starts: Vec<usize>,
    /// Weights of each window, a multiple of [`LANES`].
    pub taps: usize,
    /// The upper parts of the weights, `taps` for each window.
    pub high: Vec<i16>,
    /// The lower parts, 0..2048.
    pub low: Vec<i16>,
}

impl Windows {
    /// Windows for `count` pixels from `first` on, when `source` pixels are resized to `resized`. Made anew only when asked for others.
    pub fn prepare(&mut self, filter: Filter, source: u32, resized: u32, first: u32, count: u32) {
        let wanted = Some((source, resized, first, count, filter));
        if self.made_for != wanted {
            self.made_for = wanted;
            match filter {
                Filter::Nearest => self.nearest(source, resized, first, count),
                _ => self.weighted(filter, source, resized, first, count),
            }
        }
    }

    /// The first and the last source pixel that any window looks at, and one more: a half-open range.
    pub fn reach(&self, source: usize) -> (usize, usize) {
        let first = self.starts.first().copied().unwrap_or(0);
        let last = self.starts.last().copied().unwrap_or(0);
        (first, (last + self.taps).min(source))
    }

    fn weighted(&mut self, filter: Filter, source: u32, resized: u32, first: u32, count: u32) {
        let scale = f64::from(source) / f64::from(resized);
        let widened = scale.max(1.0);
        let support = filter.support() * widened;
        self.taps = (support.ceil() as usize * 2 + 1).next_multiple_of(LANES);
        self.starts.clear();
        self.high.clear();
        self.low.clear();
        let mut weights = Vec::with_capacity(self.taps);
        for x in first..first + count {
            let center = (f64::from(x) + 0.5) * scale;
            let start = (center - support + 0.5).max(0.0) as u32;
            let end = ((center + support + 0.5) as u32).min(source);
            weights.clear();
            weights.extend((start..end).map(|pixel| filter.weight((f64::from(pixel) - center + 0.5) * (1.0 / widened))));
            let sum: f64 = weights.iter().sum();
            self.starts.push(start as usize);
            for weight in &weights {
                let share = if sum == 0.0 { *weight } else { weight / sum };
                let fixed = (share * f64::from(1 << PRECISION)).round() as i32;
                self.high.push((fixed >> SPLIT) as i16);
                self.low.push((fixed & ((1 << SPLIT) - 1)) as i16);
            }
            self.high.resize(self.starts.len() * self.taps, 0);
            self.low.resize(self.starts.len() * self.taps, 0);
        }
    }

    /// One pixel each, of weight 1. Positions are added up step by step, as Pillow does, so that ties fall the same way.
    fn nearest(&mut self, source: u32, resized: u32, first: u32, count: u32) {
        let scale = f64::from(source) / f64::from(resized);
        let mut position = scale * 0.5;
        let positions = std::iter::repeat_with(|| {
            let pixel = (position as usize).min(source as usize - 1);
            position += scale;
            pixel
        });
        self.starts.clear();
        self.starts.extend(positions.skip(first as usize).take(count as usize));
        self.taps = 1;
        self.high.clear();
        self.low.clear();
    }
}
