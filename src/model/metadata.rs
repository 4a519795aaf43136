//! `metadata.yaml` or `metadata.json` beside the model, as Qualcomm AI Hub exports it: a second witness, which must agree.

use super::Model;
use crate::error::{Error, Result};
use crate::tensor::TensorSpec;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    model_files: BTreeMap<String, ModelFile>,
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

/// Holds the file beside the model at `path`, where there is one that speaks of it, to what the model itself says.
pub fn check(path: &Path, model: &Model) -> Result<()> {
    let Some((file, text)) = ["metadata.yaml", "metadata.json"].iter().find_map(|name| {
        let file = path.with_file_name(name);
        std::fs::read_to_string(&file).ok().map(|text| (file, text))
    }) else {
        return Ok(());
    };
    let unreadable = |e: &dyn std::fmt::Display| {
        Error::config(format!("cannot read '{}', which describes the model beside it", file.display()))
            .because(e)
            .hint("Mend it, or take it away.")
    };
    let metadata: Metadata = if file.extension().is_some_and(|kind| kind == "json") {
        serde_json::from_str(&text).map_err(|e| unreadable(&e))?
    } else {
        serde_saphyr::from_str(&text).map_err(|e| unreadable(&e))?
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(described) = metadata.model_files.get(&*name) else { return Ok(()) };
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
