//! `metadata.yaml` or `metadata.json` beside the model, as Qualcomm AI Hub exports it: a second description, which must agree. Newer ones
//! also say what the input's values are.

use super::classifier::Model;
use super::recipe::{Given, Origin, Stated, of_range};
use crate::error::{Cause, Error, Result};
use crate::files;
use crate::preprocess::Colour;
use crate::tensor::{Quantization, Scores, TensorSpec};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    model_files: BTreeMap<String, ModelFile>,
    /// What `glimpsed compile` adds.
    glimpsed: Option<Ours>,
}

#[derive(Deserialize)]
struct Ours {
    /// What the numbers of the output are, by one of [`SCORES`].
    scores: String,
    /// Whether the original file said it.
    certain: bool,
    /// What its numbers are divided by.
    divisor: Option<f32>,
    model: String,
}

/// What the numbers of an output are, in the file.
const SCORES: [(&str, Scores); 5] = [
    ("logits", Scores::Logits),
    ("log-softmax", Scores::LogProbabilities),
    ("softmax", Scores::Probabilities),
    ("logits-of-sigmoid", Scores::IndependentLogits),
    ("sigmoid", Scores::Independent),
];

#[derive(Deserialize)]
struct ModelFile {
    #[serde(default)]
    inputs: BTreeMap<String, Described>,
    #[serde(default)]
    outputs: BTreeMap<String, Described>,
}

#[derive(Deserialize)]
struct Described {
    shape: Option<Vec<i64>>,
    dtype: Option<String>,
    quantization_parameters: Option<Parameters>,
    /// What the values are; infinite where that is open.
    value_range: Option<[Option<f64>; 2]>,
    image_metadata: Option<ImageMetadata>,
    #[serde(default)]
    softmax_applied: bool,
    labels_file: Option<String>,
}

#[derive(Deserialize)]
struct ImageMetadata {
    color_format: Option<String>,
}

#[derive(Deserialize)]
struct Parameters {
    scale: Option<f64>,
    zero_point: Option<i64>,
}

/// The files that may describe the model at `path`; the first that is there counts.
pub fn paths(path: &Path) -> [PathBuf; 2] {
    ["metadata.yaml", "metadata.json"].map(|name| path.with_file_name(name))
}

/// Checks the file beside the model at `path`, if it describes the model, against the model itself.
///
/// A graph that was built for the NPU no longer holds its scales: there the file is the only source, and is used.
pub fn check(path: &Path, model: &mut Model) -> Result<()> {
    let read = |file: PathBuf| files::read_text(&file, files::SETTINGS).ok().map(|text| (file, text));
    let Some((file, text)) = paths(path).into_iter().find_map(read) else {
        return if model.is_context() { Err(undescribed(path)) } else { Ok(()) };
    };
    let unreadable = |e: Cause| {
        Error::config(format!("cannot read '{}', which describes the model beside it", file.display()))
            .because(e)
            .hint("Mend it, or take it away.")
    };
    let parsed: std::result::Result<Metadata, Cause> = if file.extension().is_some_and(|kind| kind == "json") {
        serde_json::from_str(&text).map_err(Cause::from)
    } else {
        serde_saphyr::from_str(&text).map_err(Cause::from)
    };
    let metadata = match parsed {
        Ok(metadata) => metadata,
        // the only source of what the graph no longer holds
        Err(e) if model.is_context() => return Err(unreadable(e)),
        Err(e) => {
            model.sources.notes.push(format!("'{}' was not used: {e}", file.display()));
            return Ok(());
        }
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(described) = metadata.model_files.get(&*name) else {
        return if model.is_context() { Err(undescribed(path)) } else { Ok(()) };
    };
    if model.is_context() {
        model.input.tensor.quantization = said(&model.input.tensor, &described.inputs).map_err(|e| unreadable(e.into()))?;
        model.output.tensor.quantization = said(&model.output.tensor, &described.outputs).map_err(|e| unreadable(e.into()))?;
        let applied = described.outputs.get(&model.output.tensor.name).is_some_and(|output| output.softmax_applied);
        if applied {
            (model.output.scores, model.output.certain) = (Scores::Probabilities, true);
        }
        if let Some(Ours { scores, certain, divisor, model: name }) = metadata.glimpsed {
            let known = SCORES.iter().find(|(word, _)| *word == scores);
            let (_, scores) = known.ok_or_else(|| unreadable(format!("it has unknown scores '{scores}'").into()))?;
            (model.output.scores, model.output.certain, model.name) = (*scores, certain, name);
            model.output.divisor = divisor.filter(|divisor| divisor.is_finite() && *divisor > 0.0).unwrap_or(1.0);
        }
    }
    model.sources.metadata = recipe(described.inputs.get(&model.input.tensor.name), &file);
    let labels = described.outputs.get(&model.output.tensor.name).and_then(|output| output.labels_file.as_deref());
    // a name, not a path to somewhere else
    model.labels_file = labels.and_then(|name| Path::new(name).file_name()).map(|name| file.with_file_name(name));
    let mut faults = Vec::new();
    compare(&model.input.tensor, &described.inputs, &mut faults);
    compare(&model.output.tensor, &described.outputs, &mut faults);
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::config(format!("'{}' and the model '{}' disagree", file.display(), path.display()))
        .because(faults.join("; "))
        .hint("They are not of the same export. Fetch both again, or take the metadata away if the model is right."))
}

fn undescribed(path: &Path) -> Error {
    Error::config(format!("nothing describes '{}', a graph that was built for the NPU", path.display()))
        .hint("Its scales are in metadata.json, which `glimpsed compile` writes beside it.")
}

/// What `file` says of the recipe, by its description of the `input`.
fn recipe(input: Option<&Described>, file: &Path) -> Stated {
    let origin = || Origin::File(file.to_owned());
    let mut stated = Stated::default();
    if let Some([Some(least), Some(most)]) = input.and_then(|input| input.value_range) {
        stated.normalize = of_range([least; 3], [most; 3]).map(|normalize| Given::new(normalize, origin()));
    }
    let format = input.and_then(|input| input.image_metadata.as_ref()).and_then(|image| image.color_format.as_deref());
    let colour = match format {
        Some("rgb") => Some(Colour::Rgb),
        Some("bgr") => Some(Colour::Bgr),
        Some("grayscale") => Some(Colour::Gray),
        _ => None,
    };
    stated.colour = colour.map(|colour| Given::new(colour, origin()));
    stated
}

/// The quantization that the file gives for the tensor of `spec`; an error in words where it is none.
fn said(spec: &TensorSpec, described: &BTreeMap<String, Described>) -> std::result::Result<Option<Quantization>, String> {
    let parameters = described.get(&spec.name).and_then(|tensor| tensor.quantization_parameters.as_ref());
    let Some((scale, zero_point)) = parameters.and_then(|said| Some((said.scale?, said.zero_point.unwrap_or(0)))) else {
        return Ok(None);
    };
    let wrong =
        || format!("'{}' has scale {scale} and zero point {zero_point}, which no tensor of 8 or 16 bits can have", spec.name);
    Quantization::new(scale as f32, zero_point).map(Some).ok_or_else(wrong)
}

/// The `metadata.json` of a graph that was built of `model`, as the file `name`.
pub fn describe(model: &Model, name: &str) -> String {
    let tensor = |spec: &TensorSpec| {
        let quantization = spec.quantization.map(|q| json!({"scale": q.scale, "zero_point": q.zero_point}));
        json!({ &*spec.name: {"shape": spec.shape, "dtype": spec.element.to_string(), "quantization_parameters": quantization} })
    };
    let word = SCORES.iter().find(|(_, scores)| *scores == model.output.scores).map_or("", |(word, _)| word);
    let file = json!({"inputs": tensor(&model.input.tensor), "outputs": tensor(&model.output.tensor)});
    let described = json!({"model_files": { name: file }, "glimpsed": {
        "scores": word, "certain": model.output.certain, "divisor": model.output.divisor, "model": model.name,
    }});
    format!("{described:#}\n")
}

fn compare(spec: &TensorSpec, described: &BTreeMap<String, Described>, faults: &mut Vec<String>) {
    let Some(said) = described.get(&spec.name) else { return };
    let name = &spec.name;
    let shape: Vec<i64> = spec.shape.iter().map(|size| *size as i64).collect();
    if let Some(said) = said.shape.as_ref().filter(|said| **said != shape) {
        faults.push(format!("'{name}' has shape {said:?} there, {shape:?} here"));
    }
    let element = spec.element.to_string();
    if let Some(said) = said.dtype.as_ref().filter(|said| **said != element) {
        faults.push(format!("'{name}' is {said} there, {element} here"));
    }
    let (Some(said), Some(have)) = (&said.quantization_parameters, spec.quantization) else { return };
    // the graph holds the scale as float32; the text may have fewer digits
    if let Some(scale) = said.scale.filter(|scale| (scale / f64::from(have.scale) - 1.0).abs() > 1e-4) {
        faults.push(format!("'{name}' has scale {scale} there, {} here", have.scale));
    }
    if let Some(zero_point) = said.zero_point.filter(|zero_point| *zero_point != i64::from(have.zero_point)) {
        faults.push(format!("'{name}' has zero point {zero_point} there, {} here", have.zero_point));
    }
}
