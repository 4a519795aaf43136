//! What the user can set of preprocessing.

use super::filter::Filter;
use super::geometry::Fit;
use super::quantize::Normalize;

/// Parameters of preprocessing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Params {
    /// Stretch, crop or letterbox.
    pub fit: Fit,
    /// The share of the resized picture that the input keeps, above 0 and at most 1. `None`: [`Fit::usual_share`].
    pub crop_share: Option<f64>,
    /// The colour of a letterbox's bars: R, G, B.
    pub bars: [u8; 3],
    /// The resampling filter.
    pub filter: Filter,
    /// The order of the input's channels.
    pub colour: Colour,
    /// Mean and standard deviation of R, G and B, for models that do not contain them.
    pub normalize: Normalize,
}

/// The order of the input's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red: OpenCV's and Caffe's order.
    Bgr,
    /// The brightness, in every channel.
    Gray,
}

impl Colour {
    /// `of_rgb`, a value for each of R, G and B, in the order of the channels. Gray has no order.
    pub fn order<T>(self, of_rgb: [T; 3]) -> [T; 3] {
        let [r, g, b] = of_rgb;
        match self {
            Self::Rgb | Self::Gray => [r, g, b],
            Self::Bgr => [b, g, r],
        }
    }
}
