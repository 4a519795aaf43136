//! timm's `pretrained_cfg`, in the `config.json` of its models on Hugging Face.
//!
//! Its evaluation resizes the short side to floor(input / `crop_pct`) and cuts out the middle (`crop_mode` center), or stretches to
//! that size
//! first (squash), or keeps the whole picture with bars (border).

use super::given::{Given, Origin};
use super::stated::Stated;
use super::{json, values};
use crate::labels;
use crate::preprocess::{Filter, Fit};
use serde_json::Value;

/// Parses the object `config` of the file `origin`; the result is empty if it is not timm's.
pub fn read(config: &Value, origin: &Origin) -> Stated {
    let mut stated = Stated::default();
    let cfg = if config["pretrained_cfg"].is_object() { &config["pretrained_cfg"] } else { config };
    // older files, and timm's resolve_model_data_config, have the keys at the top
    if !cfg["input_size"].is_array() || !cfg["crop_pct"].is_number() {
        return stated;
    }
    let (mean, std) = (json::three(&cfg["mean"]), json::three(&cfg["std"]));
    let normalize = mean.zip(std).and_then(|(mean, std)| values::of_numbers(mean, std));
    stated.normalize = normalize.map(|normalize| Given::new(normalize, origin.clone()));
    stated.filter = cfg["interpolation"].as_str().and_then(filter_called).map(|filter| Given::new(filter, origin.clone()));
    if let Some([_, height, width]) = cfg["input_size"].as_array().map(Vec::as_slice)
        && let (Some(height), Some(width)) = (json::side(height), json::side(width))
    {
        stated.size = Some(Given::new((width, height), origin.clone()));
        let pct = json::number(&cfg["crop_pct"]).filter(|pct| *pct > 0.0).unwrap_or(1.0).min(1.0);
        let share = f64::from(height) / (f64::from(height) / pct).floor();
        match cfg["crop_mode"].as_str() {
            Some("squash") => stated.fitted(Fit::Stretch, share, origin),
            Some("border") => stated.fitted(Fit::Letterbox, 1.0, origin),
            _ => stated.fitted(Fit::Crop, share, origin),
        }
    }
    stated.labels = labels::of_json(&config["label_names"]).ok().map(|names| Given::new(names, origin.clone()));
    stated
}

/// A filter by the name that torchvision and timm have for it.
fn filter_called(name: &str) -> Option<Filter> {
    match name.to_ascii_lowercase().as_str() {
        "nearest" => Some(Filter::Nearest),
        "bilinear" | "random" => Some(Filter::Bilinear),
        "bicubic" => Some(Filter::Bicubic),
        "lanczos" => Some(Filter::Lanczos),
        "box" => Some(Filter::Box),
        _ => None,
    }
}
