//! What is opened at start.

use super::*;
use crate::error::Error;
use std::os::unix::fs::symlink;

fn settings(model: &Path) -> ModelSettings {
    ModelSettings { model: model.into(), ..ModelSettings::builtin(Default::default()) }
}

#[test]
fn a_file_that_belongs_to_the_model_and_was_replaced_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("model.onnx", "model");
    let settings = settings(&folder.path().join("model.onnx"));
    let mut before = Files::of(&settings, &[]);
    write("other.txt", "something else");
    assert_eq!(Files::of(&settings, &[]), before, "a file of something else");
    for name in ["model.onnx", "labels.txt", "model_labels.txt", "metadata.json", "weights.data", "config.json", "model.modelinfo"]
    {
        write(name, &format!("other text of {name}"));
        let now = Files::of(&settings, &[]);
        assert_ne!(now, before, "{name}");
        before = now;
    }
}

#[test]
fn weights_in_another_folder_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (model, weights) = (folder.path().join("model.onnx"), folder.path().join("weights/part.0"));
    fs::write(&model, "model").unwrap();
    fs::create_dir(folder.path().join("weights")).unwrap();
    fs::write(&weights, "weights").unwrap();
    let before = Files::of(&settings(&model), &[]).and(vec![weights.clone()]);
    assert!(!before.changed(&settings(&model)));
    fs::write(&weights, "other weights").unwrap();
    assert!(before.changed(&settings(&model)));
}

#[test]
fn every_file_that_says_the_recipe_is_seen_in_the_folder_above_too() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("onnx/model.onnx");
    fs::create_dir(folder.path().join("onnx")).unwrap();
    fs::write(&model, "model").unwrap();
    let mut before = Files::of(&settings(&model), &[]);
    let read = model::files_beside(&model);
    for name in ["metadata.yaml", "class_indices.json", "model.onnx.modelinfo", "../preprocessor_config.json", "../config.json"] {
        let path = folder.path().join(name.strip_prefix("../").map_or(format!("onnx/{name}"), str::to_owned));
        assert!(read.contains(&path), "{name}");
    }
    for path in read {
        fs::write(&path, "something").unwrap();
        let now = Files::of(&settings(&model), &[]);
        assert_ne!(now, before, "{}", path.display());
        before = now;
    }
}

#[test]
fn a_model_in_the_working_directory_has_files_as_well() {
    let name = "Cargo.toml";
    assert!(Files::of(&settings(Path::new(name)), &[]).known.iter().any(|(path, ..)| path.ends_with(name)));
    let folder = tempfile::tempdir().unwrap();
    symlink("nowhere", folder.path().join("model.onnx")).unwrap();
    assert_eq!(Files::of(&settings(&folder.path().join("model.onnx")), &[]), Files::default(), "a link to nothing");
}

fn reading(model: &Path, pipeline: &str) -> Reading {
    let text = format!("[model]\nfile = '{}'\n[[camera]]\nlaunch = '{pipeline}'\n", model.display());
    crate::config::parse(&text, Path::new(""), "a test", &Default::default(), &|_| None).unwrap()
}

#[test]
fn a_model_that_has_not_changed_is_not_opened_again() {
    let (folder, sound) = (tempfile::tempdir().unwrap(), "videotestsrc ! appsink name=frames");
    let path = folder.path().join("model.onnx");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/models/testcard/testcard.onnx"), &path).unwrap();
    let OpenModel { settings, files, .. } = open(reading(&path, sound)).unwrap().models.remove(0);
    let known = [(settings, files)];
    let again = || reopen(reading(&path, sound), &known);
    assert!(again().unwrap().1.is_empty());
    assert!(reopen(reading(&path, "nonsense"), &known).is_err(), "pipelines are tried all the same");
    fs::write(&path, "something else").unwrap();
    let Err(Refused::Faulty(_, faults)) = again() else { panic!("a damaged model was taken") };
    assert_eq!(faults.iter().map(|fault| fault.origin.line()).collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn the_model_and_the_pipeline_of_flags_are_told_of_at_once() {
    let flags = crate::settings::Flags::default();
    let flags = flags.with("model", "file", "--model", "/nowhere.onnx").with("camera", "launch", "--", "nonsense");
    let refused = open(crate::config::of_flags(&flags, &|_| None).unwrap()).unwrap_err();
    let text = Error::from(refused).to_string();
    assert!(
        text.starts_with("the command line: 2 errors") && text.contains("/nowhere.onnx") && text.contains("nonsense"),
        "{text}"
    );
}
