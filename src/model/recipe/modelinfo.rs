//! `MODEL.modelinfo` next to the model: GStreamer's description (1.28, `onnxinference`), an INI file with a section for each
//! tensor.
//!
//! In the input's section, `ranges=min,max;...` are the values for pixel 0 and pixel 255 of each channel, equivalent to a mean and
//! a
//! standard deviation. For an integer input they are the integers that GStreamer feeds, not the real values. Settings for which
//! GStreamer has no
//! key are in a section `[glimpsed]`.

use super::given::{Given, Origin};
use super::stated::Stated;
use super::values;
use crate::model::activation::ACTIVATIONS;
use crate::preprocess::{COLOURS, Colour, FILTERS, FITS, Filter, Fit, Normalize};
use crate::tensor::{InputSpec, Scores, TensorSpec};
use std::fmt::Write;
use std::path::Path;

/// The section that only glimpsed reads.
const OURS: &str = "glimpsed";

/// Parses the file at `path` for `input`; with notes on invalid values.
pub fn read(text: &str, path: &Path, input: &InputSpec) -> Result<(Stated, Vec<String>), String> {
    let sections = sections(text);
    if !sections.iter().any(|section| section.name == "modelinfo") {
        return Err("it has no section [modelinfo]".into());
    }
    let inputs: Vec<_> = sections.iter().filter(|section| section.get("dir") == Some("input")).collect();
    let section =
        inputs.iter().find(|section| section.name == input.tensor.name).or(if inputs.len() == 1 { inputs.first() } else { None });
    let (mut stated, mut notes) = (Stated::default(), Vec::new());
    let origin = Origin::ModelInfo(path.to_owned());
    if let Some(section) = section
        && let Some(ranges) = section.get("ranges")
    {
        match normalize(ranges, input) {
            Some(normalize) => stated.normalize = Some(Given::new(normalize, origin.clone())),
            None => notes
                .push(format!("ranges={ranges} of [{}] is not one pair MIN,MAX, or one for each of three channels", section.name)),
        }
    }
    let Some(ours) = sections.iter().find(|section| section.name == OURS) else { return Ok((stated, notes)) };
    let given = |value| Given::new(value, origin.clone());
    for (key, value) in &ours.keys {
        let taken = match *key {
            "colour" => one_of(&COLOURS, value).map(|colour| stated.colour = Some(given(colour))).is_some(),
            "resize" => one_of(&FITS, value).map(|fit| stated.fit = Some(Given::new(fit, origin.clone()))).is_some(),
            "filter" => one_of(&FILTERS, value).map(|filter| stated.filter = Some(Given::new(filter, origin.clone()))).is_some(),
            "crop-share" => value
                .parse()
                .ok()
                .filter(|share| *share > 0.0 && *share <= 1.0)
                .map(|share| stated.crop_share = Some(Given::new(share, origin.clone())))
                .is_some(),
            "activation" => {
                one_of(&ACTIVATIONS, value).map(|scores| stated.activation = Some(Given::new(scores, origin.clone()))).is_some()
            }
            "bars" => bars(value).map(|bars| stated.bars = Some(Given::new(bars, origin.clone()))).is_some(),
            _ => false,
        };
        if !taken {
            notes.push(format!("{key}={value} of [{OURS}] is not valid"));
        }
    }
    Ok((stated, notes))
}

/// The text of a file with `params` for the model with `input` and `output`.
pub fn write(input: &InputSpec, output: &TensorSpec, params: &Written) -> String {
    let mut text = format!("[modelinfo]\nversion=1.0\ngroup-id={}\n", params.group);
    let tensor = |text: &mut String, spec: &TensorSpec, dir: &str| {
        let dims: Vec<_> = spec.shape.iter().map(usize::to_string).collect();
        let _ = write!(text, "\n[{}]\ndir={dir}\ntype={}\ndims={}\n", spec.name, spec.element, dims.join(","));
    };
    tensor(&mut text, &input.tensor, "input");
    let element = |real: f64| input.tensor.quantization.map_or(real, |q| real / f64::from(q.scale) + f64::from(q.zero_point));
    if let Some(Normalize { mean, std }) = params.normalize {
        let range = |channel: usize| {
            let (mean, std) = (f64::from(mean[channel]), f64::from(std[channel]));
            format!("{},{}", values::short(element(-mean / std)), values::short(element((1.0 - mean) / std)))
        };
        let _ = writeln!(text, "ranges={}", [0, 1, 2].map(range).join(";"));
    }
    tensor(&mut text, output, "output");
    let has_bars = params.fit.is_some_and(Fit::has_bars);
    let bars = params.bars.filter(|_| has_bars);
    // all digits, so that 224 / 248 is read as the same number
    let share = params.crop_share.filter(|_| !has_bars).map(|share| share.to_string());
    let ours = [
        ("colour", params.colour.map(|colour| word(&COLOURS, colour).to_owned())),
        ("resize", params.fit.map(|fit| word(&FITS, fit).to_owned())),
        ("filter", params.filter.map(|filter| word(&FILTERS, filter).to_owned())),
        ("bars", bars.map(|bars| bars.map(|value| value.to_string()).join(","))),
        ("crop-share", share),
        ("activation", params.activation.map(|scores| word(&ACTIVATIONS, scores).to_owned())),
    ];
    let ours: Vec<_> = ours.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    if !ours.is_empty() {
        let _ = writeln!(text, "\n[{OURS}]");
        for (key, value) in ours {
            let _ = writeln!(text, "{key}={value}");
        }
    }
    text
}

/// The values to write; `None` is left out.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The name of the model, for `group-id`.
    pub group: String,
    /// The order of the channels.
    pub colour: Option<Colour>,
    /// Mean and standard deviation.
    pub normalize: Option<Normalize>,
    /// Stretch, crop or letterbox.
    pub fit: Option<Fit>,
    /// The share that is kept.
    pub crop_share: Option<f64>,
    /// The colour of bars.
    pub bars: Option<[u8; 3]>,
    /// The filter.
    pub filter: Option<Filter>,
    /// What the numbers of the output are.
    pub activation: Option<Scores>,
}

/// The word for `value`, as in flags.
pub fn word<T: PartialEq>(words: &[(&'static str, &str, T)], value: T) -> &'static str {
    words.iter().find(|(.., known)| *known == value).map_or("", |(word, ..)| word)
}

/// The words for a fit and a filter.
pub fn words_of(fit: Fit, filter: Filter) -> (&'static str, &'static str) {
    (word(&FITS, fit), word(&FILTERS, filter))
}

fn one_of<T: Copy>(words: &[(&str, &str, T)], wanted: &str) -> Option<T> {
    words.iter().find(|(word, ..)| *word == wanted).map(|(.., value)| *value)
}

fn bars(text: &str) -> Option<[u8; 3]> {
    let values: Vec<u8> = text.split(',').map(|value| value.trim().parse().ok()).collect::<Option<_>>()?;
    values.try_into().ok()
}

/// `min,max` for all channels, or `min,max;min,max;min,max`.
fn normalize(ranges: &str, input: &InputSpec) -> Option<Normalize> {
    let real =
        |element: f64| input.tensor.quantization.map_or(element, |q| (element - f64::from(q.zero_point)) * f64::from(q.scale));
    let pair = |pair: &str| {
        let (least, most) = pair.split_once(',')?;
        Some((least.trim().parse::<f64>().ok()?, most.trim().parse::<f64>().ok()?))
    };
    let pairs: Vec<_> = ranges.trim().trim_end_matches(';').split(';').take(4).map(pair).collect::<Option<_>>()?;
    let three = match pairs[..] {
        [one] => [one; 3],
        [a, b, c] => [a, b, c],
        _ => return None,
    };
    values::of_range(three.map(|pair| real(pair.0)), three.map(|pair| real(pair.1)))
}

struct Section<'a> {
    name: &'a str,
    keys: Vec<(&'a str, &'a str)>,
}

impl Section<'_> {
    fn get(&self, wanted: &str) -> Option<&str> {
        self.keys.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value)
    }
}

/// The sections of an INI file; lines that are neither a section nor a key are ignored.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push(Section { name, keys: Vec::new() });
        } else if let (Some(section), Some((key, value))) = (sections.last_mut(), line.split_once('=')) {
            section.keys.push((key.trim(), value.trim()));
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{ElementType, Layout, Quantization};

    fn tensor(name: &str, shape: &[usize]) -> TensorSpec {
        TensorSpec { name: name.into(), element: ElementType::F32, shape: shape.to_vec(), quantization: None }
    }

    fn input() -> InputSpec {
        InputSpec { tensor: tensor("image", &[1, 3, 224, 224]), layout: Layout::Nchw, width: 224, height: 224 }
    }

    fn read_it(text: &str) -> (Stated, Vec<String>) {
        read(text, Path::new("m.onnx.modelinfo"), &input()).unwrap()
    }

    fn normalized(ranges: &str) -> Option<&'static str> {
        let text = format!("[modelinfo]\nversion=1.0\n\n# the picture\n[image]\ndir=input\ntype=float32\nranges={ranges}\n");
        values::known(&read_it(&text).0.normalize?.value).map(|known| known.name)
    }

    #[test]
    fn ranges_are_a_mean_and_a_deviation() {
        assert_eq!(normalized("0.0,255.0;0.0,255.0;0.0,255.0"), Some("255"));
        assert_eq!(normalized("-1,1"), Some("half"));
        assert_eq!(normalized("0,1;0,1;0,1;"), Some("none"));
        assert_eq!(normalized("-2.117904,2.248908;-2.035714,2.428571;-1.804444,2.64"), Some("imagenet"));
        for wrong in ["", "1", "0,1;0,1", "1,0", "a,b", "0,1;0,1;0,1;0,1", "0,inf"] {
            let text = format!("[modelinfo]\n[image]\ndir=input\nranges={wrong}\n");
            let (stated, notes) = read_it(&text);
            assert!(stated.is_empty() && notes.len() == 1, "{wrong}");
        }
    }

    #[test]
    fn the_section_of_the_input_counts() {
        let two = "[modelinfo]\n[other]\ndir=input\nranges=0,255\n[image]\ndir=input\nranges=0,1\n";
        assert_eq!(values::known(&read_it(two).0.normalize.unwrap().value).unwrap().name, "none");
        let neither = "[modelinfo]\n[a]\ndir=input\nranges=0,255\n[b]\ndir=input\nranges=0,1\n[c]\ndir=output\n";
        assert!(read_it(neither).0.is_empty());
        assert!(read("junk", Path::new("x"), &input()).is_err());
    }

    #[test]
    fn ranges_of_an_integer_input_are_integers() {
        let mut input = input();
        input.tensor.element = ElementType::U8;
        input.tensor.quantization = Some(Quantization { scale: 1.0 / 255.0, zero_point: 0 });
        let text = "[modelinfo]\n[image]\ndir=input\nranges=0,255\n";
        let normalize = read(text, Path::new("m"), &input).unwrap().0.normalize.unwrap().value;
        assert_eq!(values::known(&normalize).map(|known| known.name), Some("none"));
        let written = Written { group: "net".into(), normalize: Some(normalize), ..Written::default() };
        assert!(write(&input, &tensor("classes", &[1, 3]), &written).contains("ranges=0,255;0,255;0,255\n"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let input = input();
        let written = Written {
            group: "net".into(),
            colour: Some(Colour::Bgr),
            normalize: Some(values::KNOWN[1].normalize),
            fit: Some(Fit::Crop),
            crop_share: Some(224.0 / 248.0),
            bars: Some([0; 3]),
            filter: Some(Filter::Bilinear),
            activation: Some(Scores::IndependentLogits),
        };
        let (stated, notes) = read_it(&write(&input, &tensor("classes", &[1, 3]), &written));
        assert_eq!(notes, Vec::<String>::new());
        assert_eq!(values::known(&stated.normalize.unwrap().value).unwrap().name, "imagenet");
        assert_eq!((stated.colour.unwrap().value, stated.fit.unwrap().value), (Colour::Bgr, Fit::Crop));
        assert_eq!((stated.crop_share.unwrap().value, stated.filter.unwrap().value), (224.0 / 248.0, Filter::Bilinear));
        assert_eq!(stated.activation.unwrap().value, Scores::IndependentLogits);
        let nothing = write(&input, &tensor("c", &[1, 3]), &Written { group: "net".into(), ..Written::default() });
        assert!(read_it(&nothing).0.is_empty() && !nothing.contains("[glimpsed]"), "{nothing}");
        let (stated, _) =
            read_it(&write(&input, &tensor("c", &[1, 3]), &Written { fit: Some(Fit::Letterbox), bars: Some([114; 3]), ..written }));
        assert_eq!((stated.bars.unwrap().value, stated.crop_share), ([114; 3], None));
    }
}
