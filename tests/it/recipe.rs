//! The recipe of a model: who says how pixels become its input, and what comes of it.

use crate::common;
use crate::common::onnx::{Message, Onnx, initializer, node};
use glimpsed::model::Model;
use glimpsed::model::recipe::{Stated, modelinfo_paths};
use std::fs;
use std::path::{Path, PathBuf};

const IMAGENET: &str = r#"{"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "rescale_factor": 0.00392156862745098,
    "do_center_crop": true, "crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 256}, "resample": 2}"#;
const TIMM: &str = r#"{"pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.9, "crop_mode": "center", "interpolation": "bicubic",
    "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}, "label_names": ["red", "green", "blue"]}"#;
const MODELINFO: &str = "[modelinfo]\nversion=1.0\n\n[image]\ndir=input\nranges=0,255;0,255;0,255\n";
const ASSUMED: &str = "(assumed: the file does not say)";

/// Writes `model` and `files` to `folder`.
fn written(folder: &Path, model: &Onnx, files: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("model.onnx");
    fs::write(&path, model.bytes()).unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    path
}

fn said_by(properties: &[(&str, &str)]) -> Onnx {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Onnx { properties: properties.iter().map(pair).collect(), ..Onnx::default() }
}

/// A model whose pictures go through `steps` first, each with its constant.
fn beginning_with(steps: &[(&str, f32)]) -> Onnx {
    let mut model = Onnx::default();
    let (mut nodes, mut from): (Vec<Message>, _) = (Vec::new(), "image".to_owned());
    for (n, (kind, constant)) in steps.iter().enumerate() {
        let (name, to) = (format!("constant{n}"), format!("step{n}"));
        nodes.push(node(kind, &[&from, &name], &[&to]));
        model.initializers.push(initializer(&name, &[], &constant.to_le_bytes()));
        from = to;
    }
    nodes.extend([node("GlobalAveragePool", &[&from], &["mean"]), node("Flatten", &["mean"], &["classes"])]);
    Onnx { nodes, ..model }
}

/// A model, the files beside it, and the lines `pixels` and `fit`.
type Case<'a> = (Onnx, Vec<(&'a str, &'a str)>, String, String);

#[test]
fn each_source_is_believed_in_its_order() {
    let crop = "crop 0.875 bilinear (preprocessor_config.json)";
    let stretch = format!("stretch bicubic {ASSUMED}");
    let imagenet = "RGB, (px/255 - mean)/std, mean 0.485 0.456 0.406, std 0.229 0.224 0.225";
    let custom_vision = [("Image.BitmapPixelFormat", "Bgr8"), ("Image.NominalPixelRange", "NominalRange_0_255")];
    let cases: Vec<Case> = vec![
        (Onnx::default(), vec![], format!("RGB, 0..1: px/255 {ASSUMED}"), stretch.clone()),
        (
            Onnx::default(),
            vec![("preprocessor_config.json", IMAGENET)],
            format!("{imagenet} (preprocessor_config.json)"),
            crop.into(),
        ),
        (
            Onnx::default(),
            vec![("config.json", TIMM)],
            "RGB, -1..1: px/127.5 - 1 (config.json)".into(),
            "crop 0.9032 bicubic (config.json)".into(),
        ),
        // the image processor is nearer to the pixels than the model's configuration
        (
            Onnx::default(),
            vec![("config.json", TIMM), ("preprocessor_config.json", IMAGENET)],
            format!("{imagenet} (preprocessor_config.json)"),
            crop.into(),
        ),
        // the graph comes before the folder, and .modelinfo before the graph
        (
            said_by(&custom_vision),
            vec![("preprocessor_config.json", IMAGENET)],
            "BGR (the model file: Image.BitmapPixelFormat), 0..255: px (the model file: Image.NominalPixelRange)".into(),
            crop.into(),
        ),
        (
            beginning_with(&[("Sub", 0.5), ("Div", 0.5)]),
            vec![("model.onnx.modelinfo", MODELINFO)],
            "RGB, 0..255: px (model.onnx.modelinfo)".into(),
            stretch.clone(),
        ),
        (
            beginning_with(&[("Mul", 1.0 / 127.5), ("Sub", 1.0)]),
            vec![],
            "RGB, 0..255: px (the model file: it begins with Mul, Sub)".into(),
            stretch.clone(),
        ),
        (
            beginning_with(&[("Sub", 0.5), ("Div", 0.5)]),
            vec![("model.modelinfo", "[modelinfo]\n[other]\ndir=output\n")],
            "RGB, 0..1: px/255 (the model file: it begins with Sub, Div)".into(),
            stretch.clone(),
        ),
    ];
    for (model, files, pixels, fit) in cases {
        let folder = tempfile::tempdir().unwrap();
        let model = Model::read(&written(folder.path(), &model, &files)).unwrap();
        let settled = model.recipe(Stated::default()).unwrap();
        let lines = settled.recipe.lines().map(|(_, text)| text);
        assert_eq!(lines, [pixels, fit], "{files:?}");
        assert_eq!(settled.warnings.len(), usize::from(lines[0].contains("assumed")), "{files:?}");
    }
}

#[test]
fn names_of_classes_are_found_where_there_is_no_labels_txt() {
    let named = |model: &Onnx, files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let model = Model::read(&written(folder.path(), model, files)).unwrap();
        model.labels(None).unwrap().name(2).to_owned()
    };
    let names = said_by(&[("names", "{0: 'x', 1: 'y', 2: 'z'}")]);
    assert_eq!(named(&names, &[("config.json", TIMM)]), "z");
    assert_eq!(named(&names, &[("labels.txt", "a\nb\nc\n")]), "c");
    assert_eq!(named(&Onnx::default(), &[("config.json", TIMM)]), "blue");
    assert_eq!(named(&Onnx::default(), &[("class_indices.json", r#"{"cat": 0, "dog": 1, "owl": 2}"#)]), "owl");
    // another number of names is of another model
    assert_eq!(named(&said_by(&[("names", "{0: 'x', 1: 'y'}")]), &[]), "class 2");
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("preprocessor_config.json", "{"), ("metadata.json", r#"{"model_files": 7}"#), ("labels.json", "[1")];
    let model = written(folder.path(), &Onnx::default(), &files);
    let output = common::run(&["inspect", model.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    for (name, _) in files {
        assert!(said.lines().any(|line| line.starts_with("note") && line.contains(name)), "{name}: {said}");
    }
    assert!(said.contains("pixels    RGB, 0..1: px/255 (assumed"), "{said}");
}

/// A red picture of 8 x 8, as a PNG.
fn red(folder: &Path) -> PathBuf {
    let path = folder.join("red.png");
    let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), 8, 8);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[250, 20, 40].repeat(64)).unwrap();
    path
}

#[test]
fn what_a_model_says_is_what_it_gets() {
    // the model gives the mean of each channel: its best class is the first channel where red comes first
    for (properties, best) in [(&[][..], "class 0"), (&[("Image.BitmapPixelFormat", "Bgr8")][..], "class 2")] {
        let folder = tempfile::tempdir().unwrap();
        let model = written(folder.path(), &said_by(properties), &[]);
        let output = common::run(&["classify", "--json", "--model", model.to_str().unwrap(), red(folder.path()).to_str().unwrap()]);
        let line = &common::json_lines(&output)[0];
        assert_eq!(line["classifications"][0]["label"], best, "{}", common::stderr(&output));
        let told = common::stderr(&output);
        assert!(told.contains("does not say which values its pixels have"), "{told}");
    }
}

#[test]
fn means_of_0_to_255_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = written(folder.path(), &said_by(&[("mean", "123.675,116.28,103.53"), ("std", "58.395,57.12,57.375")]), &[]);
    let output = common::run(&["classify", "--model", model.to_str().unwrap(), red(folder.path()).to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(78));
    let told = common::stderr(&output);
    assert!(told.contains("units of 0..255") && told.contains("--normalize imagenet"), "{told}");
    // the GStreamer name comes first
    assert_eq!(modelinfo_paths(&model)[0], folder.path().join("model.onnx.modelinfo"));
}

#[test]
fn a_recipe_is_settled_by_writing_it_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = written(folder.path(), &Onnx::default(), &[]);
    let path = model.to_str().unwrap();
    let flags = ["--normalize", "imagenet", "--colour", "bgr", "--resize", "crop", "--crop-share", "0.9", "--filter", "bilinear"];
    let write = || common::run(&[&["inspect", "--write-modelinfo", path][..], &flags].concat());
    let output = write();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(said.contains("crop 0.9 bilinear (the command line)"), "{said}");
    let read = Model::read(&model).unwrap().recipe(Stated::default()).unwrap();
    assert!(read.warnings.is_empty());
    let wanted = "BGR, (px/255 - mean)/std, mean 0.485 0.456 0.406, std 0.229 0.224 0.225 (model.onnx.modelinfo)";
    assert_eq!(read.recipe.lines().map(|(_, line)| line), [wanted, "crop 0.9 bilinear (model.onnx.modelinfo)"]);
    // it is not replaced
    let output = write();
    assert_eq!(output.status.code(), Some(78));
    assert!(common::stderr(&output).contains("is there already"), "{}", common::stderr(&output));
}

#[test]
fn the_usual_recipes_are_tried_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let model = written(folder.path(), &Onnx::default(), &[]);
    let picture = red(folder.path());
    let output = common::run(&["classify", "--try", "--json", "--model", model.to_str().unwrap(), picture.to_str().unwrap()]);
    let lines = common::json_lines(&output);
    let flags: Vec<_> = lines.iter().map(|line| line["flags"].as_str().unwrap()).collect();
    let wanted = ["", "--normalize imagenet", "--normalize half", "--normalize 255", "--colour bgr"];
    assert_eq!(flags, wanted, "{}", common::stderr(&output));
    let best: Vec<_> = lines.iter().map(|line| line["classifications"][0]["index"].as_u64().unwrap()).collect();
    assert_eq!(best, [0, 0, 0, 0, 2]);
    let output = common::run(&["classify", "--try", "--text", "--model", model.to_str().unwrap(), picture.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("the recipe in force") && text.contains("--normalize half"), "{text}");
    // a picture that cannot be read is left out
    let none = folder.path().join("none.png");
    let both =
        ["classify", "--try", "--json", "--model", model.to_str().unwrap(), none.to_str().unwrap(), picture.to_str().unwrap()];
    let output = common::run(&both);
    let said = common::stderr(&output);
    assert_eq!((output.status.code(), common::json_lines(&output).len()), (Some(1), 5), "{said}");
    assert!(said.contains("none.png") && said.contains("1 of 2 files could not be classified"), "{said}");
}

#[test]
fn a_single_probability_is_of_the_second_of_two_names_for_every_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = ["GlobalAveragePool image mean", "Flatten mean flat", "MatMul flat,redness logit", "Sigmoid logit classes"];
    let nodes = nodes.map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        node(words[0], &words[1].split(',').collect::<Vec<_>>(), &words[2..])
    });
    let redness: Vec<u8> = [4.0_f32, 0.0, 0.0].iter().flat_map(|weight| weight.to_le_bytes()).collect();
    let initializers = vec![initializer("redness", &[3, 1], &redness)];
    let model = Onnx { nodes: nodes.to_vec(), initializers, output: vec![1, 1], ..Onnx::default() };
    let model = written(folder.path(), &model, &[("labels.txt", "other\nred\n")]);
    let (model, picture) = (model.to_str().unwrap().to_owned(), red(folder.path()));
    for flags in [&["classify", "--json"][..], &["classify", "--json", "--try"]] {
        let output = common::run(&[flags, &["--model", &model, picture.to_str().unwrap()]].concat());
        assert_eq!(common::json_lines(&output)[0]["classifications"][0]["label"], "red", "{flags:?} {}", common::stderr(&output));
    }
}
