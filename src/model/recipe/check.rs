//! Checks a recipe: the unit of the means, and the range of the input.

use super::given::{Given, Origin};
use super::range::Range;
use super::values;
use crate::error::{Error, Result};
use crate::preprocess::Normalize;

/// A larger difference, as a share of the range, is a warning. Calibration with dark pictures causes some.
const NOTABLE: f64 = 0.05;

/// A larger difference is an error, if a known normalization fits.
const WRONG: f64 = 0.25;

/// An error if the means are in units of 0..255.
pub fn units(normalize: &Given<Normalize>, model: &str) -> Result<()> {
    let Normalize { mean, std } = normalize.value;
    if mean.iter().all(|mean| mean.abs() <= 1.0) {
        return Ok(());
    }
    let divided = Normalize { mean: mean.map(|mean| mean / 255.0), std: std.map(|std| std / 255.0) };
    Err(Error::config(format!(
        "the mean {} for the model '{model}' is in units of 0..255 (from {})",
        values::joined(mean),
        normalize.origin
    ))
    .hint(format!("Mean and std are of pixels from 0 to 1. Divided by 255 they are: {}", values::flags(&divided))))
}

/// An error if the values miss the input's range and a known normalization fits; a warning if they miss it a little.
pub fn range(normalize: &Given<Normalize>, range: Option<&Range>, model: &str) -> Result<Option<String>> {
    let Some(range) = range else { return Ok(None) };
    let missed = range.missed_by(&normalize.value);
    let (least, most) = values::reach(&normalize.value);
    let become_ = format!("{}..{}", values::short((least * 100.0).round() / 100.0), values::short((most * 100.0).round() / 100.0));
    if missed <= NOTABLE {
        return Ok(None);
    }
    let fitting: Vec<_> = range.fitting(NOTABLE).collect();
    if missed > WRONG && !fitting.is_empty() {
        let flags: Vec<_> = fitting.iter().map(|known| format!("{} ({})", values::flags(&known.normalize), known.words)).collect();
        let by = match &normalize.origin {
            Origin::Assumed => "assumed".to_owned(),
            origin => format!("from {origin}"),
        };
        return Err(Error::config(format!(
            "pixels become {become_} ({by}), but the input of the model '{model}' is quantized for {range}"
        ))
        .hint(format!("This fits: {}", flags.join(", or "))));
    }
    Ok(Some(format!(
        "pixels become {become_}, and the input of the model '{model}' is quantized for {range}: a difference of {:.0} %. \
         If the answers are poor, check its recipe: glimpsed inspect",
        missed * 100.0
    )))
}
