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

/// A folder as an exporter leaves it: properties of the model, files, the two lines of the recipe and the last of three classes.
struct Exported {
    by: &'static str,
    properties: &'static [(&'static str, &'static str)],
    files: &'static [(&'static str, &'static str)],
    recipe: [&'static str; 2],
    third: &'static str,
}

/// Shapes and keys are those of real files, less the classes.
const EXPORTED: [Exported; 6] = [
    Exported {
        by: "optimum-cli, google/vit-base-patch16-224",
        properties: &[],
        files: &[
            (
                "preprocessor_config.json",
                r#"{"do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
                "image_processor_type": "ViTImageProcessor", "image_std": [0.5, 0.5, 0.5], "resample": 2,
                "rescale_factor": 0.00392156862745098, "size": {"height": 224, "width": 224}}"#,
            ),
            (
                "config.json",
                r#"{"architectures": ["ViTForImageClassification"], "hidden_size": 768, "id2label": {"0": "tench", "1": "goldfish",
                "2": "shark"}, "image_size": 224, "label2id": {"goldfish": 1, "shark": 2, "tench": 0}, "model_type": "vit"}"#,
            ),
        ],
        recipe: ["RGB, -1..1: px/127.5 - 1 (preprocessor_config.json)", "stretch bilinear (preprocessor_config.json)"],
        third: "shark",
    },
    Exported {
        by: "timm.data.resolve_model_data_config",
        properties: &[],
        files: &[
            (
                "config.json",
                r#"{"input_size": [3, 224, 224], "interpolation": "bicubic", "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225], "crop_pct": 0.95, "crop_mode": "center"}"#,
            ),
            ("labels.txt", "a\nb\nc\n"),
        ],
        recipe: [
            "RGB, (px/255 - mean)/std, mean 0.485 0.456 0.406, std 0.229 0.224 0.225 (config.json)",
            "crop 0.9532 bicubic (config.json)",
        ],
        third: "c",
    },
    Exported {
        by: "timm's repository",
        properties: &[],
        files: &[(
            "config.json",
            r#"{"architecture": "mobilenetv3_small_100", "num_classes": 3, "num_features": 1024, "pretrained_cfg": {
            "tag": "lamb_in1k", "custom_load": false, "input_size": [3, 224, 224], "fixed_input_size": false, "interpolation": "bicubic",
            "crop_pct": 0.875, "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "num_classes": 3,
            "pool_size": [7, 7], "first_conv": "conv_stem", "classifier": "classifier"}, "label_names": ["x", "y", "z"]}"#,
        )],
        recipe: [
            "RGB, (px/255 - mean)/std, mean 0.485 0.456 0.406, std 0.229 0.224 0.225 (config.json)",
            "crop 0.875 bicubic (config.json)",
        ],
        third: "z",
    },
    Exported {
        by: "Ultralytics",
        properties: &[
            ("description", "Ultralytics YOLO11n-cls model"),
            ("task", "classify"),
            ("stride", "1"),
            ("batch", "1"),
            ("imgsz", "[8, 8]"),
            ("names", "{0: 'cat', 1: 'dog', 2: 'owl'}"),
            ("channels", "3"),
        ],
        files: &[],
        recipe: [
            "RGB, 0..1: px/255 (the model file: Ultralytics' task classify)",
            "crop 1 bilinear (the model file: Ultralytics' task classify)",
        ],
        third: "owl",
    },
    Exported {
        by: "Custom Vision",
        properties: &[
            ("Image.BitmapPixelFormat", "Bgr8"),
            ("Image.ColorSpaceGamma", "SRGB"),
            ("Image.NominalPixelRange", "NominalRange_0_255"),
        ],
        files: &[
            ("labels.txt", "fork\r\nknife\r\nspoon\r\n"),
            ("cvexport.manifest", r#"{"DomainType": "Classification", "Platform": "ONNX", "Flavor": null}"#),
        ],
        recipe: [
            "BGR (the model file: Image.BitmapPixelFormat), 0..255: px (the model file: Image.NominalPixelRange)",
            "stretch bicubic (assumed: the file does not say)",
        ],
        third: "spoon",
    },
    Exported {
        by: "Teachable Machine, by tf2onnx, settled by inspect --write-modelinfo",
        properties: &[],
        files: &[
            ("labels.txt", "0 Class 1\n1 Class 2\n2 Class 3"),
            (
                "model.onnx.modelinfo",
                "[modelinfo]\nversion=1.0\n[image]\ndir=input\nranges=-1,1;-1,1;-1,1\n[glimpsed]\nresize=crop\nfilter=lanczos\ncrop-share=1\n",
            ),
        ],
        recipe: ["RGB, -1..1: px/127.5 - 1 (model.onnx.modelinfo)", "crop 1 lanczos (model.onnx.modelinfo)"],
        third: "Class 3",
    },
];

#[test]
fn folders_of_exporters_say_recipe_and_labels() {
    for Exported { by, properties, files, recipe, third } in EXPORTED {
        let folder = tempfile::tempdir().unwrap();
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let model = Model::read(&written(folder.path(), &Onnx { properties, ..Onnx::default() }.bytes(), files)).unwrap();
        let settled = model.recipe(Stated::default()).unwrap();
        assert_eq!(settled.recipe.lines().map(|(_, line)| line), recipe, "{by}");
        assert_eq!((model.labels(None).unwrap().name(2), model.sources.notes.len()), (third, 0), "{by}");
    }
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
fn a_model_of_two_outputs_is_built_with_the_one_that_is_named() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let two = crate::forms::two_heads(Net::read(&testdata.join("models/squeezenet1_1_w8a8_f32out.onnx")));
    let (model, built) = (written(folder.path(), &two.bytes(), &[]), folder.path().join("built"));
    let flags = ["--output", "gender", "--folder"];
    let output =
        common::glimpsed().arg("compile").arg(&model).args(flags).arg(&built).arg("--qnn-dir").arg(qnn_dir).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("model.onnx --output gender ..."), "{output:?}");
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
