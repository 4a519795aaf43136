//! Normalizations: the common ones and their names.

use crate::preprocess::{NORMALIZATIONS, Normalize};

/// A common mean and standard deviation, with a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// For `--normalize`.
    pub name: &'static str,
    /// In words.
    pub words: &'static str,
    /// What it is.
    pub normalize: Normalize,
}

/// ImageNet's mean, as torchvision has it.
pub const IMAGENET_MEAN: [f32; 3] = NORMALIZATIONS[1].2.mean;

/// The most common ones.
pub const KNOWN: [Known; 4] = [called(0), called(1), called(2), called(3)];

const fn called(index: usize) -> Known {
    let (name, words, normalize) = NORMALIZATIONS[index];
    Known { name, words, normalize }
}

/// 0..1.
pub const UNIT: Normalize = KNOWN[0].normalize;

/// 0..255.
pub const BYTES: Normalize = KNOWN[3].normalize;

/// The known one that equals `normalize` except for rounding.
pub fn known(normalize: &Normalize) -> Option<&'static Known> {
    let near = |a: [f32; 3], b: [f32; 3], step: f32| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= step);
    KNOWN.iter().find(|known| {
        let usual = known.normalize;
        near(normalize.mean, usual.mean, 1e-3)
            && near(normalize.std, usual.std, usual.std.into_iter().fold(f32::MAX, f32::min) * 5e-3)
    })
}

/// Mean and standard deviation that map pixel 0 to `least` and pixel 255 to `most`, for R, G and B. `None` if there are none.
pub fn of_range(least: [f64; 3], most: [f64; 3]) -> Option<Normalize> {
    let mut normalize = UNIT;
    for channel in 0..3 {
        let width = most[channel] - least[channel];
        normalize.std[channel] = (1.0 / width) as f32;
        normalize.mean[channel] = (-least[channel] / width) as f32;
    }
    is_usable(&normalize).then_some(normalize)
}

/// `mean` and `std` for pixels of 0..1. `None` if they are not usable.
pub fn of_numbers(mean: [f64; 3], std: [f64; 3]) -> Option<Normalize> {
    let normalize = Normalize { mean: mean.map(|mean| mean as f32), std: std.map(|std| std as f32) };
    is_usable(&normalize).then_some(normalize)
}

/// Mean and standard deviation for (`pixel` * `factor` - `mean`) / `std`, with a pixel of 0..255. `None` where that cannot be.
pub fn of_rescaled(factor: f64, mean: [f64; 3], std: [f64; 3]) -> Option<Normalize> {
    let whole = factor * 255.0;
    of_numbers(mean.map(|mean| mean / whole), std.map(|std| std / whole))
}

/// Whether the values are in the range that flags accept, so that quotients are far from the limits of float32.
fn is_usable(normalize: &Normalize) -> bool {
    let mean = normalize.mean.iter().all(|mean| mean.abs() <= 10_000.0);
    mean && normalize.std.iter().all(|std| (1e-6..=10_000.0).contains(std))
}

/// The smallest and the largest value of a pixel, in any channel.
pub fn reach(normalize: &Normalize) -> (f64, f64) {
    let ends = normalize.mean.iter().zip(normalize.std).map(|(&mean, std)| {
        let (mean, std) = (f64::from(mean), f64::from(std));
        (-mean / std, (1.0 - mean) / std)
    });
    ends.fold((f64::MAX, f64::MIN), |(least, most), (low, high)| (least.min(low), most.max(high)))
}

/// Numbers in the format of flags: `0.485,0.456,0.406`.
pub fn joined(values: [f32; 3]) -> String {
    values.map(|value| short(value.into())).join(",")
}

/// A number with at most six digits after the decimal point (nine for small ones), without trailing zeros.
pub fn short(value: f64) -> String {
    let digits = if value != 0.0 && value.abs() < 0.01 { 9 } else { 6 };
    let text = format!("{value:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The flags for `normalize`.
pub fn flags(normalize: &Normalize) -> String {
    match known(normalize) {
        Some(known) => format!("--normalize {}", known.name),
        None => format!("--mean {} --std {}", joined(normalize.mean), joined(normalize.std)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_factors_are_means_and_deviations() {
        assert_eq!(known(&of_range([0.0; 3], [255.0; 3]).unwrap()).unwrap().name, "255");
        assert_eq!(known(&of_range([-1.0; 3], [1.0; 3]).unwrap()).unwrap().name, "half");
        let imagenet = of_range([-2.117904, -2.035714, -1.804444], [2.248908, 2.428571, 2.64]).unwrap();
        assert_eq!(known(&imagenet).unwrap().name, "imagenet");
        assert_eq!(known(&of_rescaled(1.0 / 255.0, [0.0; 3], [1.0; 3]).unwrap()).unwrap().name, "none");
        // TensorFlow's pixel / 127.5 - 1
        assert_eq!(known(&of_rescaled(1.0 / 127.5, [1.0; 3], [1.0; 3]).unwrap()).unwrap().name, "half");
        for (least, most) in [(0.0, 0.0), (1.0, 0.0), (0.0, f64::NAN), (0.0, 1e30), (f64::INFINITY, f64::INFINITY)] {
            assert_eq!(of_range([least; 3], [most; 3]), None, "{least} {most}");
        }
        assert!(of_rescaled(0.0, [0.0; 3], [1.0; 3]).is_none() && of_rescaled(1.0, [0.0; 3], [0.0; 3]).is_none());
    }

    #[test]
    fn flags_are_short_and_exact_enough() {
        assert_eq!(flags(&KNOWN[1].normalize), "--normalize imagenet");
        let other = Normalize { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
        assert_eq!(flags(&other), "--mean 0.4914,0.4822,0.4465 --std 0.247,0.2435,0.2616");
        assert_eq!((short(1.0 / 255.0), short(0.0), short(-0.5)), ("0.003921569".into(), "0".into(), "-0.5".into()));
        let (least, most) = reach(&KNOWN[1].normalize);
        assert!((least + 2.118).abs() < 1e-3 && (most - 2.64).abs() < 1e-3);
    }
}
