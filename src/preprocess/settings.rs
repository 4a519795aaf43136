//! What the user can set of preprocessing: keys of `[model]`.

use super::filter::Filter;
use super::geometry::Fit;
use super::quantize::Normalize;
use crate::settings::{Key, Kind, Section, heading};

/// The words of `resize`, each with what it means.
pub const FITS: [(&str, &str, Fit); 4] = [
    ("stretch", "The whole picture, squeezed", Fit::Stretch),
    ("crop", "The middle, as torchvision and AI Hub cut it", Fit::Crop),
    ("letterbox", "The whole picture in the middle, with black bars", Fit::Letterbox),
    ("letterbox-left", "The whole picture at the top left, with one bar, as PaddleOCR", Fit::LetterboxLeft),
];

/// The words of `filter`.
pub const FILTERS: [(&str, &str, Filter); 7] = [
    ("bicubic", "As Pillow's default", Filter::Bicubic),
    ("bilinear", "As torchvision's default", Filter::Bilinear),
    ("box", "The mean of the pixels that one covers", Filter::Box),
    ("lanczos", "As Pillow's LANCZOS", Filter::Lanczos),
    ("linear", "As OpenCV's default; cheaper, not antialiased", Filter::Linear),
    ("lanczos4", "As OpenCV's INTER_LANCZOS4; not antialiased", Filter::Lanczos4),
    ("nearest", "The cheapest; not antialiased", Filter::Nearest),
];

/// `mean`: pixels are 0 to 1 where it is subtracted; beyond this a float32 does not tell them apart any more.
const MEAN: Kind = Kind::Three(-10_000.0, 10_000.0, ["0.485", "0.456", "0.406"]);

/// `std`: quotients stay far from float32's limits.
const STD: Kind = Kind::Three(1e-6, 10_000.0, ["0.229", "0.224", "0.225"]);

/// Means and deviations that many models share: the words of `normalize`, what they make of pixels, and what they are.
pub const NORMALIZATIONS: [(&str, &str, Normalize); 4] = [
    ("none", "0..1", Normalize { mean: [0.0; 3], std: [1.0; 3] }),
    ("imagenet", "ImageNet's mean and std", Normalize { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
    ("half", "-1..1", Normalize { mean: [0.5; 3], std: [0.5; 3] }),
    ("255", "0..255", Normalize { mean: [0.0; 3], std: [1.0 / 255.0; 3] }),
];

/// The words of `colour`.
pub const COLOURS: [(&str, &str, Colour); 3] = [
    ("rgb", "Red, green, blue", Colour::Rgb),
    ("bgr", "Blue, green, red, as OpenCV and Caffe have it", Colour::Bgr),
    ("gray", "The brightness, in every channel", Colour::Gray),
];

/// `bars`: a colour.
const BARS: Kind = Kind::Three(0.0, 255.0, ["114", "114", "114"]);

const FOUND: &str = "what the model's files say";

/// The keys.
pub const KEYS: [Key; 8] = [
    Key::new("resize", Kind::Choice(&FITS), "How the picture's shape becomes the model's")
        .default_described("what the model's files say, else stretch")
        .flag("--resize", "HOW", heading::MODEL),
    Key::new("crop_share", Kind::Share, "The share of the resized picture that the model gets")
        .default_described("what the model's files say, else 0.875 of a crop, and all otherwise")
        .flag("--crop-share", "SHARE", heading::MODEL),
    Key::new("bars", BARS, "The colour of a letterbox's bars: R, G, B")
        .default_described("what the model's files say, else 0,0,0")
        .flag("--bars", "R,G,B", heading::MODEL),
    Key::new("filter", Kind::Choice(&FILTERS), "How pixels are weighted when resizing")
        .default_described("what the model's files say, else bicubic")
        .flag("--filter", "FILTER", heading::MODEL),
    Key::new("colour", Kind::Choice(&COLOURS), "The order of the input's channels")
        .default_described("what the model's files say, else rgb")
        .flag("--colour", "ORDER", heading::MODEL),
    Key::new("normalize", Kind::Choice(&NORMALIZATIONS), "The values that pixels become, where a usual mean and std make them")
        .default_described(FOUND)
        .flag("--normalize", "VALUES", heading::MODEL),
    Key::new("mean", MEAN, "Subtracted from R, G and B (0..1), for models that do not do it themselves")
        .default_described(FOUND)
        .flag("--mean", "R,G,B", heading::MODEL),
    Key::new("std", STD, "R, G and B are divided by it then").default_described(FOUND).flag("--std", "R,G,B", heading::MODEL),
];

/// A value that the user set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Whether a flag set it, and not the file.
    pub by_flag: bool,
}

/// What the user set of preprocessing; `None` where nothing is set, and what the model's files say holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Chosen {
    /// Stretch, crop or letterbox.
    pub fit: Option<Set<Fit>>,
    /// The share of the resized picture that the input keeps.
    pub crop_share: Option<Set<f64>>,
    /// The colour of a letterbox's bars.
    pub bars: Option<Set<[u8; 3]>>,
    /// The resampling filter.
    pub filter: Option<Set<Filter>>,
    /// The order of the input's channels.
    pub colour: Option<Set<Colour>>,
    /// Mean and standard deviation.
    pub normalize: Option<Set<Normalize>>,
}

impl Chosen {
    /// What `[model]` says of it.
    pub fn read(model: &Section) -> Self {
        Self {
            fit: set(model, "resize", model.choice_if_set("resize", &FITS)),
            crop_share: set(model, "crop_share", model.get("crop_share")),
            bars: set(model, "bars", model.get("bars"))
                .map(|Set { value, by_flag }: Set<[f32; 3]>| Set { value: value.map(|part| part.round() as u8), by_flag }),
            filter: set(model, "filter", model.choice_if_set("filter", &FILTERS)),
            colour: set(model, "colour", model.choice_if_set("colour", &COLOURS)),
            normalize: normalize(model),
        }
    }
}

fn set<T>(model: &Section, key: &str, value: Option<T>) -> Option<Set<T>> {
    let by_flag = model.origin_of(key).is_some_and(|origin| origin.flag().is_some());
    value.map(|value| Set { value, by_flag })
}

/// `normalize`, or `mean` and `std`: those of flags before those of the file.
fn normalize(model: &Section) -> Option<Set<Normalize>> {
    let named = set(model, "normalize", model.choice_if_set("normalize", &NORMALIZATIONS));
    let mean: Option<Set<[f32; 3]>> = set(model, "mean", model.get("mean"));
    let std: Option<Set<[f32; 3]>> = set(model, "std", model.get("std"));
    let numbers = mean.or(std).map(|first| {
        let none = Normalize::default();
        let value = Normalize { mean: mean.map_or(none.mean, |mean| mean.value), std: std.map_or(none.std, |std| std.value) };
        Set { value, by_flag: first.by_flag || std.is_some_and(|std| std.by_flag) }
    });
    match (named, numbers) {
        (Some(named), Some(numbers)) if named.by_flag == numbers.by_flag => {
            model.fault("normalize", "normalize is a mean and std by name: set either it, or mean and std");
            None
        }
        (Some(named), Some(numbers)) => Some(if named.by_flag { named } else { numbers }),
        (named, numbers) => named.or(numbers),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{DefaultValue, defaults};

    #[test]
    fn what_is_not_set_is_left_to_the_files_of_the_model() {
        assert_eq!(defaults(&[&KEYS], Chosen::read), Chosen::default());
    }

    #[test]
    fn the_keys_tell_what_holds_where_those_say_nothing() {
        let usual = Params::default();
        for (name, shown) in [
            ("resize", FITS.iter().find(|(.., fit)| *fit == usual.fit).unwrap().0),
            ("filter", FILTERS.iter().find(|(.., filter)| *filter == usual.filter).unwrap().0),
            ("colour", COLOURS.iter().find(|(.., colour)| *colour == usual.colour).unwrap().0),
            ("bars", &usual.bars.map(|part| part.to_string()).join(",")),
        ] {
            let key = KEYS.iter().find(|key| key.name == name).unwrap();
            let DefaultValue::Described(words) = key.default else { panic!("{name}") };
            assert!(words.ends_with(&format!("else {shown}")), "{name}: {words}");
        }
    }
}
