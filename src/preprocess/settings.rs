//! What the user can set of preprocessing: keys of `[model]`.

use super::filter::Filter;
use super::geometry::Fit;
use super::quantize::Normalize;
use crate::settings::{Key, Kind, Section, defaults, heading};

const FITS: [(&str, &str, Fit); 3] = [
    ("stretch", "The whole picture, squeezed", Fit::Stretch),
    ("crop", "The middle, as torchvision and AI Hub cut it", Fit::Crop),
    ("letterbox", "The whole picture, with black bars", Fit::Letterbox),
];

const FILTERS: [(&str, &str, Filter); 5] = [
    ("bicubic", "As Pillow's default", Filter::Bicubic),
    ("bilinear", "As torchvision's default", Filter::Bilinear),
    ("box", "The mean of the pixels that one covers", Filter::Box),
    ("linear", "As OpenCV's default; cheaper, not antialiased", Filter::Linear),
    ("nearest", "The cheapest; not antialiased", Filter::Nearest),
];

/// `mean`: pixels are 0 to 1 where it is subtracted; beyond this a float32 does not tell them apart any more.
const MEAN: Kind = Kind::Three(-10_000.0, 10_000.0, ["0.485", "0.456", "0.406"]);

/// `std`: quotients stay far from float32's limits.
const STD: Kind = Kind::Three(1e-6, 10_000.0, ["0.229", "0.224", "0.225"]);

/// The keys.
pub const KEYS: [Key; 4] = [
    Key::new("resize", Kind::Choice(&FITS), "How the picture's shape becomes the model's").default("stretch").flag(
        "--resize",
        "HOW",
        heading::MODEL,
    ),
    Key::new("filter", Kind::Choice(&FILTERS), "How pixels are weighted when resizing").default("bicubic").flag(
        "--filter",
        "FILTER",
        heading::MODEL,
    ),
    Key::new("mean", MEAN, "Subtracted from R, G and B (0..1), for models that do not do it themselves").default("0,0,0").flag(
        "--mean",
        "R,G,B",
        heading::MODEL,
    ),
    Key::new("std", STD, "R, G and B are divided by it then").default("1,1,1").flag("--std", "R,G,B", heading::MODEL),
];

/// Parameters of preprocessing.
#[derive(Debug, Clone, Copy, PartialEq)]
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

impl Params {
    /// What `[model]` says of it.
    pub fn read(model: &Section) -> Self {
        Self {
            fit: model.choice("resize", &FITS),
            crop_share: None,
            bars: [0; 3],
            filter: model.choice("filter", &FILTERS),
            colour: Colour::Rgb,
            normalize: Normalize { mean: model.get("mean"), std: model.get("std") },
        }
    }
}

impl Default for Params {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
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
