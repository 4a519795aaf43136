//! Files beside a model: what is read from them, what `compile` writes, and what a reload watches.

use crate::common;
use crate::common::net::Net;
use crate::common::onnx::{Onnx, node};
use glimpsed::model::recipe::Stated;
use glimpsed::model::{Model, Reading, metadata};
use glimpsed::tensor::Scores;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes `model` and `files` to `folder`.
fn written(folder: &Path, model: &[u8], files: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("model.onnx");
    fs::write(&path, model).unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    path
}

fn pixels(model: &Model) -> String {
    model.recipe(Stated::default()).unwrap().recipe.lines()[0].1.clone()
}

/// As AI Hub's exporter writes it, with what it says of images.
const AI_HUB: &str = "runtime: onnx\nprecision: float\nmodel_files:\n  model.onnx:\n    inputs:\n      image:\n        shape: [1, 3, 8, 8]\n        \
     dtype: float32\n        io_type: image\n        image_metadata:\n          color_format: bgr\n        value_range: [0.0, 255.0]\n    outputs:\n      \
     classes:\n        shape: [1, 3]\n        dtype: float32\n        value_range: [-.inf, .inf]\n        labels_file: imagenet_labels.txt\n";

#[test]
fn ai_hubs_metadata_says_values_colours_and_labels() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("metadata.yaml", AI_HUB), ("imagenet_labels.txt", "tench\ngoldfish\nshark\n")];
    let path = written(folder.path(), &Onnx::default().bytes(), &files);
    let model = Model::read(&path).unwrap();
    assert_eq!(pixels(&model), "BGR, 0..255: px (metadata.yaml)");
    assert_eq!(model.labels(None).unwrap().name(0), "tench");
    assert_eq!(model.files_named(), [folder.path().join("imagenet_labels.txt")]);
    // a name that leads elsewhere is looked for in the folder, and labels.txt comes first
    fs::write(folder.path().join("metadata.yaml"), AI_HUB.replace("imagenet_labels.txt", "../../etc/names")).unwrap();
    assert_eq!(Model::read(&path).unwrap().files_named(), [folder.path().join("names")]);
    fs::write(folder.path().join("labels.txt"), "a\nb\nc\n").unwrap();
    assert_eq!(Model::read(&path).unwrap().labels(None).unwrap().name(0), "a");
}

#[test]
fn a_built_graph_keeps_what_its_numbers_are() {
    let folder = tempfile::tempdir().unwrap();
    let ending = [node("Flatten", &["mean"], &["flat"]), node("LogSoftmax", &["flat"], &["classes"])];
    let original = Model::read(&written(folder.path(), &Onnx::ending_in(&ending).bytes(), &[])).unwrap();
    assert_eq!(original.output.scores, Scores::LogProbabilities);
    let context = Onnx { nodes: vec![node("EPContext", &["image"], &["classes"])], ..Onnx::default() };
    let read = |model: &Model| {
        let path = written(folder.path(), &context.bytes(), &[("metadata.json", &metadata::describe(model, "model.onnx"))]);
        let built = Model::read(&path).unwrap();
        (built.output.scores, built.output.certain)
    };
    assert_eq!(read(&original), (Scores::LogProbabilities, true));
    for scores in [Scores::Logits, Scores::Probabilities, Scores::IndependentLogits, Scores::Independent] {
        let mut model = original.clone();
        (model.output.scores, model.output.certain) = (scores, scores != Scores::Logits);
        assert_eq!(read(&model), (scores, scores != Scores::Logits));
    }
}

#[test]
fn any_names_of_classes_decide_between_two_outputs() {
    let Some(testdata) = common::testdata() else { return };
    let two = crate::forms::two_heads(Net::read(&testdata.join("models/squeezenet1_1_float.onnx")));
    let output = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let read = Model::read_with(&written(folder.path(), &two.bytes(), files), &Reading::default());
        read.map(|model| model.output.tensor.name).map_err(|error| error.to_string())
    };
    assert!(output(&[]).unwrap_err().contains("--output NAME"));
    for (name, text) in [
        ("labels.txt", "woman\nman\n"),
        ("config.json", r#"{"id2label": {"0": "woman", "1": "man"}}"#),
        ("class_indices.json", r#"{"woman": 0, "man": 1}"#),
    ] {
        assert_eq!(output(&[(name, text)]).as_deref(), Ok("gender"), "{name}");
    }
}

#[test]
fn a_model_with_fixed_shapes_keeps_its_recipe_and_labels() {
    let Some(testdata) = common::testdata() else { return };
    let folder = tempfile::tempdir().unwrap();
    let names: String = (0..1000).map(|n| format!("name {n}\n")).collect();
    let preprocessor = r#"{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"height": 224, "width": 224}}"#;
    let free = fs::read(testdata.join("models/squeezenet1_1_float_dynamic.onnx")).unwrap();
    let model = written(folder.path(), &free, &[("model_labels.txt", &names), ("preprocessor_config.json", preprocessor)]);
    let other = tempfile::tempdir().unwrap();
    let fixed = other.path().join("fixed.onnx");
    let flags = ["--activation", "sigmoid", "--filter", "bilinear", "--fix-shapes"];
    let output = common::glimpsed().arg("compile").arg(&model).args(flags).arg(&fixed).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let read = Model::read(&fixed).unwrap();
    let lines = read.recipe(Stated::default()).unwrap().recipe.lines().map(|(_, line)| line);
    let wanted = ["RGB, -1..1: px/127.5 - 1 (fixed.onnx.modelinfo)", "stretch bilinear (fixed.onnx.modelinfo)"];
    assert_eq!(lines, wanted);
    assert_eq!((read.output.scores, read.labels(None).unwrap().name(7)), (Scores::IndependentLogits, "name 7"));
    // what nobody said stays open
    fs::remove_file(folder.path().join("preprocessor_config.json")).unwrap();
    let open = other.path().join("open.onnx");
    let output =
        common::glimpsed().arg("compile").arg(&model).args(["--size", "224x224", "--fix-shapes"]).arg(&open).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(pixels(&Model::read(&open).unwrap()).contains("assumed"));
}
