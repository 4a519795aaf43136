//! `preprocessor_config.json` and `config.json`, as Hugging Face's image processors write them.
//!
//! pixels: (pixel * `rescale_factor` - `image_mean`) / `image_std`; then `size`, `crop_size` and `resample` (Pillow's numbers).

use super::given::{Given, Origin};
use super::stated::Stated;
use super::{json, timm, values};
use crate::labels;
use crate::preprocess::{Colour, Filter, Fit, Normalize};
use serde_json::Value;
use std::path::Path;

/// Parses `preprocessor_config.json` at `path`, for a model whose input has the size `input`, if that is known.
pub fn preprocessor(text: &str, path: &Path, input: Option<(u32, u32)>) -> Result<Stated, String> {
    let config = json::object(text)?;
    // multimodal models have a section for pictures
    let config = if config["image_processor"].is_object() { &config["image_processor"] } else { &config };
    let origin = Origin::File(path.to_owned());
    let mut stated = Stated { normalize: normalize(config).map(|value| Given::new(value, origin.clone())), ..Stated::default() };
    if config["do_flip_channel_order"].as_bool() == Some(true) {
        stated.colour = Some(Given::new(Colour::Bgr, origin.clone()));
    }
    stated.filter = json::number(&config["resample"]).and_then(filter_numbered).map(|filter| Given::new(filter, origin.clone()));
    if config["do_resize"].as_bool() != Some(false) {
        resize(config, input, &mut stated, &origin);
    }
    if stated.is_empty() {
        return Err("it says nothing of pictures".into());
    }
    Ok(stated)
}

/// Parses `config.json` at `path`: the names of the classes, and timm's configuration.
pub fn config(text: &str, path: &Path) -> Result<Stated, String> {
    let config = json::object(text)?;
    let origin = Origin::File(path.to_owned());
    let mut stated = timm::read(&config, &origin);
    // the library's default names are LABEL_0, LABEL_1, ...
    let named = labels::of_json(&config["id2label"]).ok().filter(|names| !names.iter().all(|name| name.starts_with("LABEL_")));
    if let Some(names) = named {
        stated.labels = Some(Given::new(names, origin.clone()));
    }
    if let Some(side) = json::side(&config["image_size"]) {
        stated.size.get_or_insert(Given::new((side, side), origin));
    }
    Ok(stated)
}

/// The filter with this number in Pillow.
fn filter_numbered(number: f64) -> Option<Filter> {
    [(0.0, Filter::Nearest), (1.0, Filter::Lanczos), (2.0, Filter::Bilinear), (3.0, Filter::Bicubic), (4.0, Filter::Box)]
        .into_iter()
        .find(|(known, _)| *known == number)
        .map(|(_, filter)| filter)
}

fn normalize(config: &Value) -> Option<Normalize> {
    let steps = ["do_rescale", "do_normalize", "rescale_factor", "image_mean", "image_std"];
    if steps.iter().all(|key| config[key].is_null()) {
        return None;
    }
    let factor = match config["do_rescale"].as_bool() {
        Some(false) => 1.0,
        _ => json::number(&config["rescale_factor"]).unwrap_or(1.0 / 255.0),
    };
    let (mut mean, mut std) = ([0.0; 3], [1.0; 3]);
    if config["do_normalize"].as_bool() != Some(false)
        && let (Some(said_mean), Some(said_std)) = (json::three(&config["image_mean"]), json::three(&config["image_std"]))
    {
        (mean, std) = (said_mean, said_std);
        // EfficientNet's processor divides by std a second time
        if config["include_top"].as_bool() == Some(true) {
            std = std.map(|std| std * std);
        }
    }
    // a rescale_offset subtracts 1 after rescaling
    if config["rescale_offset"].as_bool() == Some(true) {
        mean = [0, 1, 2].map(|channel| mean[channel] + 1.0);
    }
    values::of_rescaled(factor, mean, std)
}

fn resize(config: &Value, input: Option<(u32, u32)>, stated: &mut Stated, origin: &Origin) {
    let kind = ["image_processor_type", "feature_extractor_type"].iter().find_map(|key| config[key].as_str()).unwrap_or_default();
    let is_a = |kinds: &[&str]| kinds.iter().any(|known| kind.starts_with(known));
    let both = |value: &Value| {
        json::side(value).map(|side| (side, side)).or_else(|| Some((json::side(&value["width"])?, json::side(&value["height"])?)))
    };
    let size = &config["size"];
    let crop = both(&config["crop_size"]);
    let crops = config["do_center_crop"].as_bool().unwrap_or(crop.is_some());
    let kept = crop.filter(|_| crops);
    let short = json::side(&size["shortest_edge"]);
    // a number means both sides for some processors, the shorter one for others
    let short = short.or_else(|| json::side(size).filter(|_| kept.is_some() && !is_a(&["DeiT", "Beit", "BeiT", "ViT"])));
    let pct = json::number(&config["crop_pct"]).filter(|pct| *pct > 0.0 && *pct <= 1.0);
    if let (Some(short), true) = (short, pct.is_some() || is_a(&["ConvNext"])) {
        stated.size = Some(Given::new((short, short), origin.clone()));
        let resized = (f64::from(short) / pct.unwrap_or(224.0 / 256.0)).floor();
        // ConvNext's processor stretches large pictures
        return if short < 384 {
            stated.fitted(Fit::Crop, f64::from(short) / resized, origin)
        } else {
            stated.fitted(Fit::Stretch, 1.0, origin)
        };
    }
    let target = kept.or_else(|| both(size)).or(input);
    stated.size = kept.or_else(|| both(size)).map(|size| Given::new(size, origin.clone()));
    let share = |whole: u32| target.map_or(1.0, |(_, height)| (f64::from(height) / f64::from(whole)).min(1.0));
    match (short, both(size)) {
        (Some(short), _) if is_a(&["Levit"]) => {
            let resized = f64::from(short) * 256.0 / 224.0;
            stated.fitted(Fit::Crop, target.map_or(0.875, |(_, height)| f64::from(height) / resized.floor()).min(1.0), origin);
        }
        (Some(short), _) if kept.is_some() => stated.fitted(Fit::Crop, share(short), origin),
        (Some(_), _) => stated.fitted(Fit::Crop, 1.0, origin),
        (None, Some((_, height))) => stated.fitted(Fit::Stretch, if kept.is_some() { share(height) } else { 1.0 }, origin),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(stated: &Stated) -> &'static str {
        values::known(&stated.normalize.as_ref().unwrap().value).unwrap().name
    }

    fn placed(stated: &Stated) -> (Fit, f64) {
        let share = stated.crop_share.as_ref().unwrap().value;
        (stated.fit.as_ref().unwrap().value, (share * 1e4).round() / 1e4)
    }

    #[test]
    fn processors_of_many_models() {
        let of = |text: &str| preprocessor(text, Path::new("preprocessor_config.json"), Some((224, 224))).unwrap();
        // google/vit-base-patch16-224
        let vit = of(
            r#"{"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": 224}"#,
        );
        assert_eq!((known(&vit), placed(&vit)), ("half", (Fit::Stretch, 1.0)));
        // google/mobilenet_v2_1.0_224
        let mobilenet =
            of(r#"{"crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_normalize": true, "do_rescale": true,
            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2, "rescale_factor": 0.00392156862745098,
            "size": {"shortest_edge": 256}}"#);
        assert_eq!((known(&mobilenet), placed(&mobilenet)), ("half", (Fit::Crop, 0.875)));
        assert_eq!(mobilenet.filter.unwrap().value, Filter::Bilinear);
        // microsoft/resnet-50
        let resnet =
            of(r#"{"crop_pct": 0.875, "feature_extractor_type": "ConvNextFeatureExtractor", "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": {"shortest_edge": 224}}"#);
        assert_eq!((known(&resnet), placed(&resnet)), ("imagenet", (Fit::Crop, 0.875)));
        // google/efficientnet-b2
        let efficient = of(
            r#"{"crop_size": {"height": 289, "width": 289}, "do_center_crop": true, "do_rescale": true, "include_top": true,
            "image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163], "size": {"height": 346, "width": 346}}"#,
        );
        assert_eq!((known(&efficient), placed(&efficient)), ("imagenet", (Fit::Stretch, 0.8353)));
        // apple/mobilevit-small: BGR, 0..1
        let mobilevit = of(r#"{"crop_size": {"height": 256, "width": 256}, "do_center_crop": true, "do_flip_channel_order": true,
            "do_rescale": true, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 288}}"#);
        assert_eq!((known(&mobilevit), mobilevit.colour.as_ref().unwrap().value), ("none", Colour::Bgr));
        assert_eq!(placed(&mobilevit), (Fit::Crop, 0.8889));
        // no rescaling: pixels of 0..255
        assert_eq!(known(&of(r#"{"do_rescale": false, "do_normalize": false}"#)), "255");
        assert_eq!(known(&of(r#"{"do_rescale": true, "rescale_factor": 0.00784313725490196, "rescale_offset": true}"#)), "half");
    }

    #[test]
    fn configs_name_the_classes() {
        let of = |text: &str| config(text, Path::new("config.json")).unwrap();
        let named = of(r#"{"id2label": {"1": "dog", "0": "cat"}, "image_size": 224}"#);
        assert_eq!(named.labels.unwrap().value, ["cat", "dog"]);
        assert_eq!(named.size.unwrap().value, (224, 224));
        assert!(of(r#"{"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}"#).is_empty());
    }

    #[test]
    fn timm_says_all_of_it() {
        let of = |text: &str| config(text, Path::new("config.json")).unwrap();
        let stated = of(r#"{"architecture": "resnet50", "num_classes": 2, "label_names": ["cat", "dog"], "pretrained_cfg": {
            "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center",
            "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}"#);
        // floor(224 / 0.9) = 248, of which 224
        assert_eq!((known(&stated), placed(&stated)), ("imagenet", (Fit::Crop, 0.9032)));
        assert_eq!(stated.labels.as_ref().unwrap().value.len(), 2);
        let squashed = of(
            r#"{"pretrained_cfg": {"input_size": [3, 256, 256], "crop_pct": 1.0, "crop_mode": "squash", "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5], "interpolation": "lanczos"}}"#,
        );
        assert_eq!(
            (known(&squashed), placed(&squashed), squashed.filter.unwrap().value),
            ("half", (Fit::Stretch, 1.0), Filter::Lanczos)
        );
    }

    #[test]
    fn other_files_of_these_names_say_so() {
        let of = |text: &str| preprocessor(text, Path::new("p.json"), None);
        assert_eq!(of("{}").unwrap_err(), "it says nothing of pictures");
        assert!(of("nonsense").unwrap_err().starts_with("it is not JSON"));
        assert!(of("[1]").unwrap_err().contains("no JSON object"));
        assert!(
            of(r#"{"image_mean": [1, 2], "image_std": 0, "size": -1, "resample": 9, "do_rescale": true, "rescale_factor": 0}"#)
                .is_err()
        );
    }
}
