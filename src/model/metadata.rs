//! `metadata.yaml` or `metadata.json` beside the model, as Qualcomm AI Hub exports it: a second description, which must agree.

use super::classifier::Model;
use crate::error::{Cause, Error, Result};
use crate::files;
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
    /// Whether the graph ends in a Softmax.
    softmax: bool,
    /// Whether it ends in a Sigmoid.
    #[serde(default)]
    sigmoid: bool,
    /// What its numbers are divided by.
    divisor: Option<f32>,
    model: String,
}

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
        if let Some(Ours { softmax, sigmoid, divisor, model: name }) = metadata.glimpsed {
            model.output.scores = match (softmax, sigmoid) {
                (true, _) => Scores::Probabilities,
                (_, true) => Scores::Independent,
                _ => Scores::Logits,
            };
            (model.output.certain, model.name) = (softmax || sigmoid, name);
            model.output.divisor = divisor.filter(|divisor| divisor.is_finite() && *divisor > 0.0).unwrap_or(1.0);
        }
    }
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
    let file = json!({"inputs": tensor(&model.input.tensor), "outputs": tensor(&model.output.tensor)});
    let described = json!({"model_files": { name: file }, "glimpsed": {
        "softmax": model.output.scores == Scores::Probabilities, "sigmoid": model.output.scores == Scores::Independent, "divisor": model.output.divisor,
        "model": model.name,
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
