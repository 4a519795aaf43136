//! `glimpsed evaluate`: pictures whose classes are known.

use crate::common;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `glimpsed evaluate` with a SqueezeNet of `testdata`.
fn squeezenet(testdata: &Path, model: &str) -> Command {
    let mut command = common::glimpsed();
    command.args(["evaluate", "--json", "--model"]).arg(testdata.join("models").join(model));
    command.arg("--labels").arg(testdata.join("synset_words.txt"));
    command
}

/// The one object of the output.
fn report(output: &Output) -> Value {
    let mut lines = common::json_lines(output);
    assert_eq!(lines.len(), 1, "{}", common::stderr(output));
    lines.remove(0)
}

/// A folder with one folder of links for each picture, which `name` names after the picture's file.
fn tree(pictures: &[PathBuf], name: impl Fn(&str) -> String) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for picture in pictures {
        let folder = root.path().join(name(picture.file_stem().unwrap().to_str().unwrap()));
        fs::create_dir_all(&folder).unwrap();
        symlink(picture.canonicalize().unwrap(), folder.join(picture.file_name().unwrap())).unwrap();
    }
    root
}

#[test]
fn lossless_photos_have_pythons_accuracy() {
    let Some(testdata) = common::testdata() else { return };
    let (expected, photos) = (common::expected(&testdata), common::files_of(&testdata.join("png")));
    // how many Python takes for what they are, and how many have it among the best five
    let truth = |photo: &PathBuf| &expected[common::expected_row(&expected, photo)];
    let is_within = |photo: &&PathBuf, model: &str, top: usize| {
        let photo = truth(photo);
        photo[model]["top5"].as_array().unwrap()[..top].iter().any(|class| class["index"] == photo["class_index"])
    };
    for (file, model) in [("squeezenet1_1_w8a8.onnx", "w8a8"), ("squeezenet1_1_float.onnx", "float")] {
        // WordNet ids, as ImageNet's folders are named
        let root = tree(&photos, |stem| stem.split('_').next().unwrap().to_owned());
        let output = squeezenet(&testdata, file).arg(root.path()).output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        let report = report(&output);
        let side = &report["evaluated"][0];
        let [top1, top5] = [1, 5].map(|top| photos.iter().filter(|photo| is_within(photo, model, top)).count());
        assert_eq!((&side["pictures"], side["correct"].as_u64().unwrap()), (&24.into(), top1 as u64), "{file}");
        assert!((side["top5"].as_f64().unwrap() - top5 as f64 / 24.0).abs() < 1e-9, "{file}: {}", side["top5"]);
        let classes = side["classes"].as_array().unwrap();
        assert_eq!((classes.len(), classes[0]["label"].as_str()), (24, Some("tench")));
        let confused: u64 = side["confused"].as_array().unwrap().iter().map(|pair| pair["pictures"].as_u64().unwrap()).sum();
        assert_eq!(confused, 24 - top1 as u64);
        let binned: u64 = side["calibration"].as_array().unwrap().iter().map(|bin| bin["pictures"].as_u64().unwrap()).sum();
        assert_eq!(binned, 24);
    }
}

#[test]
fn photos_are_read_as_classify_reads_them() {
    let Some(testdata) = common::testdata() else { return };
    let (expected, photos) = (common::expected(&testdata), common::files_of(&testdata.join("images")));
    let root = tree(&photos, str::to_owned);
    let evaluated = report(&squeezenet(&testdata, "squeezenet1_1_w8a8.onnx").arg(root.path()).output().unwrap());
    let mut classify = common::glimpsed();
    classify.args(["classify", "--json", "--top", "1", "--model"]).arg(testdata.join("models/squeezenet1_1_w8a8.onnx"));
    let results = common::json_lines(&classify.args(&photos).output().unwrap());
    let is_right = |(photo, result): (&PathBuf, &Value)| {
        result["classifications"][0]["index"] == expected[common::expected_row(&expected, photo)]["class_index"]
    };
    let right = photos.iter().zip(&results).filter(|pair| is_right(*pair)).count();
    assert_eq!((results.len(), &evaluated["pictures"]), (127, &127.into()));
    assert_eq!(evaluated["evaluated"][0]["correct"].as_u64(), Some(right as u64));
}

#[test]
fn the_usual_recipes_are_evaluated_side_by_side() {
    let Some(testdata) = common::testdata() else { return };
    let root = tree(&common::files_of(&testdata.join("png")), str::to_owned);
    let mut command = squeezenet(&testdata, "squeezenet1_1_float.onnx");
    let output = command.args(["--try", "--normalize", "255"]).arg(root.path()).output().unwrap();
    let report = report(&output);
    let correct = |flags: &str| {
        let side = report["evaluated"].as_array().unwrap().iter().find(|side| side["flags"] == flags);
        side.unwrap_or_else(|| panic!("no {flags}"))["correct"].as_u64().unwrap()
    };
    // the recipe in force is wrong; the right one gives what Python does
    let [in_force, right, other, another] = ["", "--normalize none", "--normalize imagenet", "--normalize half"].map(correct);
    assert!(right == 9 && in_force < right && other > 0 && another > 0, "{in_force} {right} {other} {another}");
    assert!(correct("--colour bgr") < right);
}

/// Pictures of the built-in model, each in the folder of its class.
fn test_pictures() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (pattern, class) in [("smpte", "smpte_color_bars"), ("snow", "Snow"), ("pinwheel", "14"), ("ball", "ball")] {
        let folder = root.path().join(class);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("1.jpg"), common::jpeg(pattern)).unwrap();
    }
    root
}

#[test]
fn the_npu_is_compared_with_the_cpu() {
    if common::qnn_dir().is_none() {
        return;
    }
    let root = test_pictures();
    let mut command = common::glimpsed();
    command.args(["evaluate", "--json", "--model", "testcard", "--provider", "cpu,qnn"]).arg(root.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let report = report(&output);
    let [cpu, npu] = report["evaluated"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&cpu["name"], &cpu["agreement"], &npu["name"]), (&"CPU".into(), &Value::Null, &glimpsed::npu::NAME.into()));
    assert_eq!((&npu["agreement"]["with"], &npu["agreement"]["pictures"]), (&"CPU".into(), &4.into()));
    assert!(npu["agreement"]["same_top1"].as_u64() >= Some(3), "{}", npu["agreement"]);
    let apart = npu["agreement"]["largest_confidence_difference"].as_f64().unwrap();
    assert!(apart < 0.5 && cpu["correct"].as_u64() >= Some(3), "{report}");
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_reported() {
    let root = test_pictures();
    fs::write(root.path().join("snow.csv"), "path,label\nSnow/1.jpg,snow\nnowhere.jpg,snow\nball/1.jpg,ball\n").unwrap();
    let list = root.path().join("snow.csv");
    let mut command = common::glimpsed();
    let output = command.args(["evaluate", "--model", "testcard"]).arg(list).output().unwrap();
    let (text, log) = (String::from_utf8(output.stdout.clone()).unwrap(), common::stderr(&output));
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("cannot evaluate '") && log.contains("nowhere.jpg': it cannot be read"), "{log}");
    assert!(log.contains("1 of 3 files could not be classified"), "{log}");
    assert!(text.contains("on 2 pictures of 2 classes") && text.contains("1 more could not be read"), "{text}");
    assert!(!text.contains('\x1b') && !log.contains('\r'), "no progress bar in a pipe");
}

#[test]
fn a_folder_that_names_no_class_stops_it_before_the_first_picture() {
    let root = test_pictures();
    fs::create_dir(root.path().join("grdient")).unwrap();
    let told = |arguments: &[&str], folder: &Path| {
        let output = common::glimpsed().arg("evaluate").args(arguments).arg(folder).output().unwrap();
        assert!(output.stdout.is_empty());
        (output.status.code(), common::stderr(&output))
    };
    let (status, log) = told(&["--model", "testcard"], root.path());
    assert!(status == Some(1) && log.contains("did you mean 'gradient'?"), "{log}");
    let empty = tempfile::tempdir().unwrap();
    let (status, log) = told(&["--model", "testcard"], empty.path());
    assert!(status == Some(1) && log.contains("there is no picture in") && log.contains("FOLDER/cat/1.jpg"), "{log}");
    for arguments in [&["--provider", "cpu,cpu"][..], &["--provider", "cpu,qnn", "--try"]] {
        assert_eq!(told(&[&["--model", "testcard"], arguments].concat(), root.path()).0, Some(2), "{arguments:?}");
    }
}
