//! `glimpsed inspect`: what a model file says, and what keeps it from the NPU.

use crate::cli::Inspect;
use crate::error::Result;
use crate::labels::Labels;
use crate::model::recipe::Recipe;
use crate::model::{Model, Source};
use crate::npu::NAME;
use crate::printable::line as on_one_line;
use crate::publish::{write_all, write_text};
use crate::runtime::{self, Coverage, Provider};
use crate::startup::{self, OpenModel};
use crate::tensor::{Quantization, Scores, TensorSpec};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs::File;

/// Tells it on `out`.
pub fn run(args: &Inspect, mut out: File) -> Result<()> {
    let opened = startup::model(args.settings()?)?;
    if args.write_modelinfo {
        let written = super::modelinfo::beside(&opened)?;
        tracing::info!("wrote '{}'", written.display());
    }
    let OpenModel { settings, model, labels, recipe, warnings, .. } = opened;
    let params = &settings.runtime;
    let coverage = match params.provider {
        Provider::Cpu => None,
        _ => Some(runtime::coverage(&model, params)?),
    };
    let slowest = match args.slowest {
        Some(count) => Some(runtime::slowest(&model, params)?.into_iter().take(count).collect::<Vec<_>>()),
        None => None,
    };
    if args.json {
        let mut json = as_json(&model, &labels);
        json["recipe"] = recipe.to_json();
        json["notes"] = json!(warnings);
        if let Some((qnn, coverage)) = &coverage {
            json["qnn"] = qnn.as_str().into();
            json["coverage"] = json!({
                "npu": coverage.npu, "cpu": coverage.cpu, "partitions": coverage.partitions,
                "on_cpu": coverage.on_cpu.iter().map(|(operator, name)| json!({"operator": operator, "name": name})).collect::<Vec<_>>(),
            });
        }
        if let Some(slowest) = &slowest {
            json["slowest"] = slowest.iter().map(|(name, cycles)| json!({"node": name, "cycles": cycles})).collect();
        }
        write_all(&mut out, format!("{json}\n").as_bytes())
    } else {
        let table = coverage.map(|(qnn, coverage)| table(&model, &qnn, &coverage));
        let slowest = slowest.unwrap_or_default();
        let slowest: String =
            slowest.iter().map(|(name, cycles)| format!("          {cycles:>12} cycles  {}\n", on_one_line(name))).collect();
        let slowest = if slowest.is_empty() { slowest } else { format!("slowest   nodes on the {NAME}, in one run\n{slowest}") };
        write_text(&mut out, &(as_text(&model, &labels) + &recipe_text(&recipe, &warnings) + &table.unwrap_or_default() + &slowest))
    }
}

/// How pixels become the input, and what is to be known of it.
fn recipe_text(recipe: &Recipe, notes: &[String]) -> String {
    let notes = notes.iter().map(|note| ("note", note.clone()));
    let lines = recipe.lines().into_iter().chain(notes);
    lines.map(|(key, said)| format!("{key:<9} {}\n", on_one_line(&said))).collect()
}

/// What runs where, operator by operator.
fn table(model: &Model, qnn: &str, coverage: &Coverage) -> String {
    let mut text = format!("QNN       {qnn}\ncoverage  {coverage}\n");
    let _ = writeln!(text, "          {:<24} {:>5} {NAME:>5} {:>5}", "operator", "nodes", "CPU");
    for (operator, count) in &model.operators {
        let listed = coverage.on_cpu.iter().filter(|(known, _)| known == operator).count();
        let cpu = if coverage.npu == 0 { *count } else { listed.min(*count) };
        let operator = on_one_line(operator);
        let _ = writeln!(text, "          {operator:<24} {count:>5} {:>width$} {cpu:>5}", count - cpu, width = NAME.len().max(5));
    }
    text
}

fn as_json(model: &Model, labels: &Labels) -> Value {
    let tensor = |spec: &TensorSpec| {
        let quantization =
            spec.quantization.map(|Quantization { scale, zero_point }| json!({"scale": scale, "zero_point": zero_point}));
        json!({"name": spec.name, "type": spec.element.to_string(), "shape": spec.shape, "quantization": quantization})
    };
    let mut input = tensor(&model.input.tensor);
    input["layout"] = json!(model.input.layout.to_string());
    let mut output = tensor(&model.output.tensor);
    output["softmax"] = json!(model.output.scores == Scores::Probabilities);
    output["scores"] = json!(model.output.scores.describe());
    json!({
        "model": model.name, "file": file(model), "weights": model.files, "producer": model.producer, "opset": model.opset,
        "ir_version": model.ir_version, "input": input, "output": output, "classes": model.output.classes, "labels": labels.origin(), "first_labels": first_of(labels), "names": names(labels), "nodes": model.nodes(), "operators": model.operators, "quantized": model.is_quantized(),
        "npu_obstacle": model.npu_obstacle(),
    })
}

fn as_text(model: &Model, labels: &Labels) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        for (n, value) in value.lines().enumerate() {
            let _ = writeln!(text, "{:<9} {value}", if n == 0 { key } else { "" });
        }
    };
    line("model", on_one_line(&format!("{} ({})", model.name, file(model))).into_owned());
    model.files.iter().for_each(|path| line("weights", on_one_line(&path.display().to_string()).into_owned()));
    line("made by", format!("{}, opset {}, IR version {}", on_one_line(&model.producer), model.opset, model.ir_version));
    let input = &model.input;
    line("input", format!("{}, {}, {} x {} pixels", tensor(&input.tensor), input.layout, input.width, input.height));
    let ending = match model.output.certain {
        true => model.output.scores.describe().to_owned(),
        false => format!("no Softmax or Sigmoid at the end: {}", model.output.scores.describe()),
    };
    line("output", format!("{}; {ending}", tensor(&model.output.tensor)));
    if !model.other_outputs.is_empty() {
        line("", on_one_line(&format!("not read: {}", model.other_outputs.join(", "))).into_owned());
    }
    let named = match labels.origin() {
        Some(origin) => on_one_line(&format!("named by {origin}: {}...", first_of(labels).join(", "))).into_owned(),
        None => "no labels.txt beside the model; --labels FILE names them".to_owned(),
    };
    line("classes", format!("{}, {named}", model.output.classes));
    let operators: Vec<_> = model.operators.iter().map(|(kind, count)| format!("{count} {}", on_one_line(kind))).collect();
    line("nodes", format!("{}: {}", model.nodes(), operators.join(", ")));
    let free = if model.free { "free shapes, which glimpsed fixes" } else { "fixed shapes" };
    line(
        "NPU",
        model.npu_obstacle().map_or_else(|| format!("quantized, {free}: nothing in the file speaks against it"), str::to_owned),
    );
    text
}

/// All names, where the classes have some.
fn names(labels: &Labels) -> Vec<&str> {
    let known = labels.origin().is_some();
    (0..labels.len()).filter(|_| known).map(|index| labels.name(index)).collect()
}

fn first_of(labels: &Labels) -> Vec<&str> {
    (0..labels.len().min(3)).map(|index| labels.name(index)).collect()
}

fn file(model: &Model) -> String {
    match &model.source {
        Source::File(path) => path.display().to_string(),
        Source::Memory(_) | Source::Changed { .. } => "built in".into(),
    }
}

fn tensor(spec: &TensorSpec) -> String {
    let meaning = match spec.quantization {
        Some(Quantization { scale, zero_point }) => format!(", scale {scale}, zero point {zero_point}"),
        None => String::new(),
    };
    format!("{}: {} {:?}{meaning}", on_one_line(&spec.name), spec.element, spec.shape)
}
