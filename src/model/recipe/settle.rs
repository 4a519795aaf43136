//! The recipe in force: the values of the sources, and defaults for the rest.

use super::given::{Given, Origin};
use super::modelinfo;
use super::range::Range;
use super::stated::Stated;
use super::{check, values};
use crate::error::Result;
use crate::preprocess::{self, Colour, Filter, Fit, Normalize};
use crate::tensor::InputSpec;
use serde_json::{Value, json};

/// How pixels become the model's input; each field with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The order of the channels.
    pub colour: Given<Colour>,
    /// Mean and standard deviation of R, G and B.
    pub normalize: Given<Normalize>,
    /// Stretch, crop or letterbox.
    pub fit: Given<Fit>,
    /// The share of the resized picture that is kept.
    pub crop_share: Given<f64>,
    /// The colour of a letterbox's bars.
    pub bars: Given<[u8; 3]>,
    /// The resampling filter.
    pub filter: Given<Filter>,
    /// Whether the input has integers without a scale, which are pixels as they are.
    raw: bool,
}

/// A recipe and its warnings.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The recipe.
    pub recipe: Recipe,
    /// Warnings about assumed values and about values that fit badly.
    pub warnings: Vec<String>,
}

impl Recipe {
    /// The recipe of `stated`, with defaults for the rest, checked against `range`, the range of the input of the model called
    /// `model`.
    pub fn settle(stated: Stated, input: &InputSpec, range: Option<&Range>, model: &str) -> Result<Settled> {
        let raw = input.tensor.element.bounds().is_some() && input.tensor.quantization.is_none();
        let usual = preprocess::Params::default();
        let fit = stated.fit.unwrap_or(Given::assumed(usual.fit));
        let usual_share = Given::new(fit.value.usual_share(), fit.origin.clone());
        let recipe = Self {
            colour: stated.colour.unwrap_or(match input.channels() {
                1 => Given::new(Colour::Gray, Origin::Graph("its input has one channel".into())),
                _ => Given::assumed(usual.colour),
            }),
            normalize: stated.normalize.unwrap_or(Given::assumed(if raw { values::BYTES } else { values::UNIT })),
            crop_share: stated.crop_share.unwrap_or(usual_share),
            bars: stated.bars.unwrap_or(Given::assumed(usual.bars)),
            filter: stated.filter.unwrap_or(Given::assumed(usual.filter)),
            fit,
            raw,
        };
        check::units(&recipe.normalize, model)?;
        let mut warnings: Vec<_> = check::range(&recipe.normalize, range, model)?.into_iter().collect();
        if recipe.normalize.origin.is_assumed() {
            warnings.push(recipe.assumption(model));
        }
        Ok(Settled { recipe, warnings })
    }

    /// The warning about assumed values, with the flags for others.
    fn assumption(&self, model: &str) -> String {
        let assumed = values::known(&self.normalize.value).map_or("", |known| known.words);
        let others = values::KNOWN.iter().filter(|known| known.normalize != self.normalize.value);
        let others: Vec<_> = others.map(|known| format!("{} ({})", values::flags(&known.normalize), known.words)).collect();
        let (fit, filter) = modelinfo::words_of(self.fit.value, self.filter.value);
        let placed = if self.fit.origin.is_assumed() {
            format!("; --resize, --crop-share and --filter if pictures were not fitted by {fit} {filter}")
        } else {
            String::new()
        };
        format!(
            "the model '{model}' does not say which values its pixels have: {} {assumed} is assumed. If that is wrong: {}, \
             or --mean and --std for any other; --colour bgr if its author reads pictures with OpenCV or Caffe{placed}",
            colour_word(self.colour.value),
            others.join(", or ")
        )
    }

    /// The parameters of preprocessing.
    pub fn params(&self) -> preprocess::Params {
        let mut normalize = self.normalize.value;
        if self.raw {
            // elements without a scale count as 255ths there
            normalize.std = normalize.std.map(|std| std * 255.0);
        }
        preprocess::Params {
            fit: self.fit.value,
            crop_share: Some(self.crop_share.value),
            bars: self.bars.value,
            filter: self.filter.value,
            colour: self.colour.value,
            normalize,
        }
    }

    /// The lines for people: a heading and the text.
    pub fn lines(&self) -> [(&'static str, String); 2] {
        let colour = colour_word(self.colour.value);
        let values = values_in_words(&self.normalize.value);
        let pixels = match (&self.colour.origin, &self.normalize.origin) {
            (colour_origin, origin)
                if colour_origin == origin || (colour_origin.is_assumed() && self.colour.value == Colour::Rgb) =>
            {
                format!("{colour}, {values} ({origin})")
            }
            (colour_origin, origin) => format!("{colour} ({colour_origin}), {values} ({origin})"),
        };
        let (fit, filter) = modelinfo::words_of(self.fit.value, self.filter.value);
        let fit = match self.fit.value {
            with_bars if with_bars.has_bars() => format!("{fit} on {}", self.bars.value.map(|value| value.to_string()).join(" ")),
            _ if self.crop_share.value < 1.0 || self.fit.value == Fit::Crop => {
                format!("{fit} {}", values::short((self.crop_share.value * 1e4).round() / 1e4))
            }
            _ => fit.to_owned(),
        };
        let placed = match (&self.fit.origin, &self.filter.origin) {
            (origin, other) if origin == other => format!("{fit} {filter} ({origin})"),
            (origin, other) => format!("{fit} ({origin}), {filter} ({other})"),
        };
        [("pixels", pixels), ("fit", placed)]
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let (fit, filter) = modelinfo::words_of(self.fit.value, self.filter.value);
        let Normalize { mean, std } = self.normalize.value;
        let exact = |values: [f32; 3]| values.map(|value| value.to_string().parse::<f64>().unwrap_or_default());
        let origins = [
            ("colour", &self.colour.origin),
            ("normalize", &self.normalize.origin),
            ("resize", &self.fit.origin),
            ("filter", &self.filter.origin),
        ];
        let origins: serde_json::Map<_, _> =
            origins.into_iter().map(|(key, origin)| (key.to_owned(), word(origin).into())).collect();
        json!({
            "colour": modelinfo::word(&preprocess::COLOURS, self.colour.value), "mean": exact(mean), "std": exact(std),
            "resize": fit, "crop_share": self.crop_share.value, "bars": self.bars.value, "filter": filter, "origins": origins,
        })
    }

    /// The `.modelinfo` that says this recipe; without what is `assumed`, if that is to stay open.
    pub fn written(&self, group: &str, assumed: bool) -> modelinfo::Written {
        fn value<T: Copy>(given: &Given<T>, assumed: bool) -> Option<T> {
            (assumed || !given.origin.is_assumed()).then_some(given.value)
        }
        modelinfo::Written {
            group: group.to_owned(),
            colour: value(&self.colour, assumed),
            normalize: value(&self.normalize, assumed),
            fit: value(&self.fit, assumed),
            crop_share: value(&self.crop_share, assumed),
            bars: value(&self.bars, assumed),
            filter: value(&self.filter, assumed),
            activation: None,
        }
    }
}

/// An origin for programs.
fn word(origin: &Origin) -> String {
    match origin {
        Origin::Flag => "flag".into(),
        Origin::Config => "config".into(),
        Origin::Assumed => "assumed".into(),
        origin => origin.to_string(),
    }
}

fn colour_word(colour: Colour) -> &'static str {
    match colour {
        Colour::Rgb => "RGB",
        Colour::Bgr => "BGR",
        Colour::Gray => "gray",
    }
}

fn values_in_words(normalize: &Normalize) -> String {
    let spaced = |values: [f32; 3]| values::joined(values).replace(',', " ");
    match values::known(normalize).map(|known| known.name) {
        Some("none") => "0..1: px/255".to_owned(),
        Some("255") => "0..255: px".to_owned(),
        Some("half") => "-1..1: px/127.5 - 1".to_owned(),
        _ => format!("(px/255 - mean)/std, mean {}, std {}", spaced(normalize.mean), spaced(normalize.std)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::values::KNOWN;
    use super::*;
    use crate::tensor::{ElementType, Layout, Quantization, TensorSpec};

    fn input(element: ElementType, quantization: Option<(f32, i32)>) -> InputSpec {
        let quantization = quantization.map(|(scale, zero_point)| Quantization { scale, zero_point });
        let tensor = TensorSpec { name: "x".into(), element, shape: vec![1, 3, 8, 8], quantization };
        InputSpec { tensor, layout: Layout::Nchw, width: 8, height: 8 }
    }

    fn given(name: &str, origin: Origin) -> Stated {
        let known = KNOWN.iter().find(|known| known.name == name).unwrap();
        Stated { normalize: Some(Given::new(known.normalize, origin)), ..Stated::default() }
    }

    fn settle(stated: Stated, input: &InputSpec) -> Result<Settled> {
        Recipe::settle(stated, input, Range::of(input).as_ref(), "m")
    }

    #[test]
    fn what_nobody_says_is_assumed_and_told() {
        let settled = settle(Stated::default(), &input(ElementType::F32, None)).unwrap();
        assert_eq!(settled.recipe.lines()[0].1, "RGB, 0..1: px/255 (assumed: the file does not say)");
        assert_eq!(settled.recipe.lines()[1].1, "stretch bicubic (assumed: the file does not say)");
        assert!(
            settled.warnings[0].contains("RGB 0..1 is assumed. If that is wrong: --normalize imagenet"),
            "{:?}",
            settled.warnings
        );
        assert_eq!(settled.recipe.params(), preprocess::Params { crop_share: Some(1.0), ..Default::default() });
    }

    #[test]
    fn what_a_file_says_is_shown_with_its_name() {
        let file = Origin::File("models/preprocessor_config.json".into());
        let mut stated = given("imagenet", file.clone());
        stated.fitted(Fit::Crop, 0.875, &file);
        let settled = settle(stated, &input(ElementType::F32, None)).unwrap();
        let [(_, pixels), (_, fit)] = settled.recipe.lines();
        let wanted = "RGB, (px/255 - mean)/std, mean 0.485 0.456 0.406, std 0.229 0.224 0.225 (preprocessor_config.json)";
        assert_eq!(pixels, wanted);
        assert_eq!(fit, "crop 0.875 (preprocessor_config.json), bicubic (assumed: the file does not say)");
        assert!(settled.warnings.is_empty());
        assert_eq!(settled.recipe.to_json()["mean"], json!([0.485, 0.456, 0.406]));
    }

    #[test]
    fn means_of_0_to_255_are_refused_with_the_divided_ones() {
        let normalize = Normalize { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
        let stated = Stated { normalize: Some(Given::new(normalize, Origin::Flag)), ..Stated::default() };
        let error = settle(stated, &input(ElementType::F32, None)).unwrap_err().to_string();
        assert!(error.contains("units of 0..255") && error.contains("--normalize imagenet"), "{error}");
        let caffe = Normalize { mean: [123.0, 117.0, 104.0], std: [1.0; 3] };
        let stated = Stated { normalize: Some(Given::new(caffe, Origin::Config)), ..Stated::default() };
        let error = settle(stated, &input(ElementType::F32, None)).unwrap_err().to_string();
        assert!(error.contains("--mean 0.482353,0.458824,0.407843 --std 0.003921569,0.003921569,0.003921569"), "{error}");
    }

    #[test]
    fn a_recipe_that_the_quantized_input_contradicts_is_refused() {
        let imagenet = input(ElementType::U8, Some((4.758 / 255.0, 114)));
        let error = settle(given("none", Origin::Flag), &imagenet).unwrap_err();
        assert_eq!(error.exit_status(), 78);
        assert!(error.to_string().contains("quantized for -2.13..2.63"), "{error}");
        assert!(error.to_string().contains("--normalize imagenet (ImageNet's mean and std)"), "{error}");
        assert!(settle(given("imagenet", Origin::Flag), &imagenet).unwrap().warnings.is_empty());
        // calibrated on dark pictures: 0..0.8
        let dark = input(ElementType::U8, Some((0.8 / 255.0, 0)));
        let settled = settle(given("none", Origin::Flag), &dark).unwrap();
        assert!(settled.warnings[0].contains("a difference of 20 %"), "{:?}", settled.warnings);
        // nothing known fits 0..7: told, not refused
        assert_eq!(settle(given("none", Origin::Flag), &input(ElementType::U8, Some((7.0 / 255.0, 0)))).unwrap().warnings.len(), 1);
    }

    #[test]
    fn five_per_cent_beside_it_are_told_and_twenty_five_refused() {
        // the input holds 0..1, and pixels become 0..most
        let unit = input(ElementType::U8, Some((1.0 / 255.0, 0)));
        let warnings = |most: f32| {
            let normalize = Some(Given::new(Normalize { mean: [0.0; 3], std: [1.0 / most; 3] }, Origin::Flag));
            settle(Stated { normalize, ..Stated::default() }, &unit).map(|settled| settled.warnings.len()).ok()
        };
        assert_eq!([0.96, 0.94, 0.81, 0.79].map(warnings), [Some(0), Some(1), Some(1), None]);
        // and to be taken for 0..1, a range may miss it by 5 % too
        let stated = |most: f32| Range::of(&input(ElementType::U8, Some((most / 255.0, 0)))).unwrap().stated();
        assert_eq!([0.96, 0.94].map(|most| stated(most).normalize.is_some()), [true, false]);
    }

    #[test]
    fn bytes_without_a_scale_are_pixels() {
        let settled = settle(given("255", Origin::Graph("it begins with Cast".into())), &input(ElementType::U8, None)).unwrap();
        let normalize = settled.recipe.params().normalize;
        assert!(normalize.std.iter().all(|std| (std - 1.0).abs() < 1e-6) && settled.warnings.is_empty());
        assert!(settle(given("imagenet", Origin::Flag), &input(ElementType::U8, None)).is_err());
        // and 32 bits hold any value
        let wide = input(ElementType::I32, Some((1.0 / 255.0, 0)));
        assert!(settle(given("none", Origin::Flag), &wide).unwrap().warnings.is_empty());
    }
}
