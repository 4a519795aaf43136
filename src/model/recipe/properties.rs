//! The model file's `metadata_props`: pairs of key and text, written by exporters.
//!
//! `Image.BitmapPixelFormat` and `Image.NominalPixelRange` are ONNX's own keys (Custom Vision and Windows ML write them),
//! Ultralytics
//! writes `names`, `imgsz` and `task`; `labels`, `character`, `mean` and `std` are added by hand.

use super::given::{Given, Origin};
use super::stated::Stated;
use super::{json, values};
use crate::labels;
use crate::preprocess::{Colour, Filter, Fit, Normalize};

/// The maximum number of pairs that are read; files have about ten.
const PAIRS: usize = 1000;

/// Parses `pairs` of key and value; with notes on invalid values.
pub fn read<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> (Stated, Vec<String>) {
    let pairs: Vec<_> = pairs.take(PAIRS).collect();
    let get = |key: &str| pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim());
    let origin = |key: &str| Origin::Graph(key.to_owned());
    let (mut stated, mut notes) = (Stated::default(), Vec::new());
    let mut wrong = |key: &str, value: &str| {
        let shown: String = value.chars().take(40).collect();
        notes.push(format!("the model file's '{key}' is '{shown}', which is not valid"));
    };
    if let Some(format) = get("Image.BitmapPixelFormat") {
        let colour = match format.to_ascii_lowercase().as_str() {
            "gray8" => Some(Colour::Gray),
            "rgb8" | "rgba8" => Some(Colour::Rgb),
            "bgr8" | "bgra8" => Some(Colour::Bgr),
            _ => None,
        };
        match colour {
            Some(colour) => stated.colour = Some(Given::new(colour, origin("Image.BitmapPixelFormat"))),
            None => wrong("Image.BitmapPixelFormat", format),
        }
    }
    if let Some(range) = get("Image.NominalPixelRange") {
        match nominal(range) {
            Some(normalize) => stated.normalize = Some(Given::new(normalize, origin("Image.NominalPixelRange"))),
            None => wrong("Image.NominalPixelRange", range),
        }
    }
    if let (Some(mean), Some(std)) = (get("mean"), get("std")) {
        match three(mean).zip(three(std)).and_then(|(mean, std)| values::of_numbers(mean, std)) {
            Some(normalize) => stated.normalize = Some(Given::new(normalize, origin("mean and std"))),
            None => wrong("mean and std", &format!("{mean}; {std}")),
        }
    }
    if let Some(size) = get("imgsz") {
        match three_or_two(size) {
            Some(size) => stated.size = Some(Given::new(size, origin("imgsz"))),
            None => wrong("imgsz", size),
        }
    }
    // Ultralytics classifies with Resize(imgsz), CenterCrop(imgsz), bilinear, 0..1
    if get("task") == Some("classify") && get("stride").is_some() && get("names").is_some() {
        let of = origin("Ultralytics' task classify");
        stated.fitted(Fit::Crop, 1.0, &of);
        stated.filter = Some(Given::new(Filter::Bilinear, of.clone()));
        stated.normalize.get_or_insert(Given::new(values::UNIT, of));
    }
    for key in ["names", "labels", "classes", "class_names", "character"] {
        let Some(text) = get(key) else { continue };
        match names(text) {
            Some(names) => {
                stated.labels = Some(Given::new(names, origin(key)));
                break;
            }
            None => wrong(key, text),
        }
    }
    (stated, notes)
}

/// Parses names: JSON, a printed Python dictionary or list, one per line, or separated by commas.
fn names(said: &str) -> Option<Vec<String>> {
    if said.starts_with(['{', '[']) {
        return labels::structured(said)?.ok();
    }
    let between = if said.contains('\n') { '\n' } else { ',' };
    let names: Vec<_> = said.split(between).map(|name| name.trim().to_owned()).collect();
    (names.len() > 1 && names.iter().all(|name| !name.is_empty())).then_some(names)
}

/// Parses ONNX's names of ranges.
fn nominal(range: &str) -> Option<Normalize> {
    match range.to_ascii_lowercase().as_str() {
        "nominalrange_0_255" => Some(values::BYTES),
        "normalized_0_1" => Some(values::UNIT),
        "normalized_1_1" => values::of_range([-1.0; 3], [1.0; 3]),
        // limited range: black is 16 and white is 235
        "nominalrange_16_235" => values::of_range([16.0; 3], [235.0; 3]),
        _ => None,
    }
}

/// `0.485,0.456,0.406`, or the same in brackets.
fn three(text: &str) -> Option<[f64; 3]> {
    let inside = text.trim_matches(['[', ']', '(', ')']);
    json::three(&serde_json::from_str(&format!("[{inside}]")).ok()?)
}

/// `[height, width]`, or one number for both: width and height.
fn three_or_two(text: &str) -> Option<(u32, u32)> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    match value.as_array() {
        Some(sides) if sides.len() == 2 => Some((json::side(&sides[1])?, json::side(&sides[0])?)),
        Some(_) => None,
        None => json::side(&value).map(|side| (side, side)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> (Stated, Vec<String>) {
        read(pairs.iter().copied())
    }

    fn known(stated: &Stated) -> Option<&'static str> {
        values::known(&stated.normalize.as_ref()?.value).map(|known| known.name)
    }

    #[test]
    fn custom_vision_says_bgr_and_0_to_255() {
        let (stated, notes) = of(&[
            ("Image.BitmapPixelFormat", "Bgr8"),
            ("Image.ColorSpaceGamma", "SRGB"),
            ("Image.NominalPixelRange", "NominalRange_0_255"),
        ]);
        assert_eq!((stated.colour.as_ref().unwrap().value, known(&stated)), (Colour::Bgr, Some("255")));
        assert!(notes.is_empty());
        let (stated, _) = of(&[("image.bitmappixelformat", "GRAY8"), ("image.nominalpixelrange", "normalized_1_1")]);
        assert_eq!((stated.colour.as_ref().unwrap().value, known(&stated)), (Colour::Gray, Some("half")));
    }

    #[test]
    fn ultralytics_says_names_size_and_crop() {
        let (stated, notes) = of(&[
            ("task", "classify"),
            ("stride", "1"),
            ("imgsz", "[224, 320]"),
            ("names", "{0: 'tench', 1: \"jack-o'-lantern\"}"),
        ]);
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(stated.size.as_ref().unwrap().value, (320, 224));
        assert_eq!(stated.labels.as_ref().unwrap().value, ["tench", "jack-o'-lantern"]);
        assert_eq!((known(&stated), stated.crop_share.unwrap().value), (Some("none"), 1.0));
        // a detector's task says nothing of crops
        assert!(of(&[("task", "detect"), ("stride", "32"), ("names", "{0: 'a', 1: 'b'}")]).0.fit.is_none());
    }

    #[test]
    fn mean_and_std_by_hand() {
        for (mean, std) in [("0.485,0.456,0.406", "0.229,0.224,0.225"), ("[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]")] {
            assert_eq!(known(&of(&[("mean", mean), ("std", std)]).0), Some("imagenet"));
        }
        assert_eq!(known(&of(&[("mean", "0.5"), ("std", "0.5")]).0), Some("half"));
        for (mean, std) in [("x", "1"), ("0.5", "0"), ("0.5", "1e-300"), ("1,2", "1"), ("", ""), ("[[1], [2]]", "1")] {
            let (stated, notes) = of(&[("mean", mean), ("std", std)]);
            assert!(stated.is_empty() && notes.len() == 1, "{mean} {std}");
        }
    }

    #[test]
    fn names_in_every_form() {
        for text in ["{0: 'cat', 1: 'dog'}", "['cat', 'dog']", "cat,dog", "cat\ndog\n", r#"{"0": "cat", "1": "dog"}"#] {
            let (stated, _) = of(&[("names", text)]);
            assert_eq!(stated.labels.unwrap().value, ["cat", "dog"], "{text}");
        }
        for text in ["", "one", "{0: ", "{0: 'cat', 1: 'dog'", "cat,,dog", "[]"] {
            assert!(of(&[("names", text)]).0.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_note() {
        let (stated, notes) =
            of(&[("Image.BitmapPixelFormat", "Yuv"), ("Image.NominalPixelRange", "?"), ("imgsz", "big"), ("names", "{")]);
        assert!(stated.is_empty() && notes.len() == 4, "{notes:?}");
    }
}
