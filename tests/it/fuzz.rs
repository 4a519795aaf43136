//! Any content of a file or from a subscriber is accepted or refused, without a panic.
//!
//! The inputs are valid ones with mutations, the same in every run. `GLIMPSED_FUZZ_CASES=200000 cargo nextest run --release --test it fuzz::`
//! tries more of them. For each bug found there is a unit test: labels.rs, a synset without a name.

mod frame;
mod lies;
mod mutations;

use crate::common;
use crate::common::onnx::{Onnx, node};
use glimpsed::capture::launch;
use glimpsed::config;
use glimpsed::error::Error;
use glimpsed::labels::Labels;
use glimpsed::message::request;
use glimpsed::model::recipe::Stated;
use glimpsed::model::{Model, Reading};
use glimpsed::settings::Flags;
use glimpsed::startup;
use mutations::{with_faults, with_faulty_text};
use std::path::Path;
use std::time::Duration;

#[test]
fn configurations() {
    let sound = std::fs::read_to_string(common::project().join("systemd/glimpsed.toml.example")).unwrap();
    let uncommented: String = sound.lines().map(|line| line.strip_prefix('#').unwrap_or(line).to_owned() + "\n").collect();
    let take = |text: &str| {
        let reading = config::parse(text, Path::new("/nowhere"), "fuzz.toml", &Flags::default(), &|_| None);
        if let Err(refused) = reading.and_then(startup::open) {
            let error = Error::from(refused);
            assert!(error.to_string().contains("error"), "{error}");
        }
    };
    with_faulty_text(&sound, 150, take);
    with_faulty_text(&uncommented, 150, take);
}

#[test]
fn launch_files() {
    for file in common::files_of(&common::project().join("pipelines")) {
        let sound = std::fs::read_to_string(file).unwrap();
        let lookup = |name: &str| name.len().is_multiple_of(2).then(|| "value".into());
        with_faulty_text(&sound, 300, |text| {
            if let Ok(expanded) = launch::expand(text, "fuzz.launch", &lookup) {
                assert!(!expanded.trim().is_empty());
            }
        });
    }
}

#[test]
fn subscribe_lines() {
    let sound =
        br#"{"subscribe":{"cameras":["front"],"events":["change"],"top":1,"min_confidence":0.5,"max_rate":5,"on_change":true}}"#;
    with_faults(sound, 5000, |line| {
        if let Ok(choice) = request::parse(line) {
            assert!(choice.top != Some(0) && choice.max_rate.is_none_or(|rate| (0.001..=1000.0).contains(&rate)));
            assert!((0.0..=1.0).contains(&choice.min_confidence) && choice.period() <= Duration::from_secs(1000));
        }
    });
}

#[test]
fn labels() {
    let plain = std::fs::read(common::project().join("models/testcard/labels.txt")).unwrap();
    let forms: [&[u8]; 7] = [
        b"\xef\xbb\xbfn01440764 tench, Tinca tinca\r\nn01443537 goldfish, Carassius auratus\r\n",
        b"0 cat\n1 dog\n2 \"owl\"\n",
        b"[\"cat\", \"dog\"]",
        b"{\"id2label\": {\"0\": \"cat\", \"1\": [\"n01\", \"dog\"]}, \"label2id\": {\"cat\": 0, \"dog\": 1}}",
        b"{\"cat\": 0, \"dog\": 1}",
        b"{0: 'cat', 1: 'dog'}",
        b"path: x\nnames:\n  0: cat\n  1: dog\n",
    ];
    for sound in [&plain[..]].into_iter().chain(forms) {
        with_faults(sound, 2000, |bytes| {
            if let Ok(labels) = Labels::parse(bytes, "fuzz.txt") {
                assert!((0..labels.len()).all(|index| !labels.name(index).is_empty()));
            }
        });
    }
}

#[test]
fn models() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fuzz.onnx");
    for model in ["testcard.onnx", "testcard_float.onnx"] {
        let sound = std::fs::read(common::project().join("models/testcard").join(model)).unwrap();
        // most of a file is weights: its structure is at its ends
        let (head, tail) = (&sound[..sound.len().min(1500)], &sound[sound.len().saturating_sub(1500)..]);
        let take = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(model) = Model::read(&path) {
                assert!(model.output.classes > 0);
                let _ = (model.nodes(), model.npu_obstacle(), model.is_quantized());
                model.changed(true).unwrap();
            }
        };
        with_faults(&sound, 200, take);
        with_faults(head, 200, |bytes| take(&[bytes, &sound[head.len()..]].concat()));
        with_faults(tail, 200, |bytes| take(&[&sound[..sound.len() - tail.len()], bytes].concat()));
    }
}

/// Files beside a model, and what its own properties say: a sound model is read whatever they hold.
#[test]
fn what_is_said_of_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let model = at("fuzz.onnx");
    let read = || {
        let model = Model::read(&model).unwrap();
        let labels = model.labels(None).unwrap();
        assert_eq!(labels.len(), 3);
        // an error is a recipe that is refused
        if let Ok(settled) = model.recipe(Stated::default()) {
            let params = settled.recipe.params();
            let usable = |value: &f32| value.is_finite() && value.abs() <= 10_000.0;
            assert!(params.normalize.mean.iter().all(usable) && params.normalize.std.iter().all(|std| usable(std) && *std > 0.0));
            assert!(params.crop_share.is_none_or(|share| share > 0.0 && share <= 1.0));
        }
    };
    std::fs::write(&model, Onnx::default().bytes()).unwrap();
    let sound = [
        (
            "fuzz.onnx.modelinfo",
            "[modelinfo]\nversion=1.0\n\n[image]\ndir=input\ntype=float32\nranges=0.0,255.0;-1,1;0,1\n\n[glimpsed]\ncolour=bgr\nresize=crop\ncrop-share=0.9\nbars=1,2,3\n",
        ),
        (
            "preprocessor_config.json",
            r#"{"crop_pct": 0.875, "do_center_crop": true, "crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 256}, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "rescale_factor": 0.00392156862745098, "resample": 3}"#,
        ),
        (
            "config.json",
            r#"{"id2label": {"0": "a", "1": "b", "2": "c"}, "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.9, "interpolation": "bicubic", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_mode": "center"}}"#,
        ),
        ("labels.json", r#"{"a": 0, "b": 1, "c": 2}"#),
        ("data.yaml", "names:\n  0: a\n  1: b\n  2: 'c'\nnc: 3\n"),
        ("metadata.json", r#"{"model_files": {"other.onnx": {"inputs": {"image": {"shape": [1, 3, 8, 8], "dtype": "uint8"}}}}}"#),
    ];
    for (name, text) in sound {
        with_faults(text.as_bytes(), 300, |bytes| {
            std::fs::write(at(name), bytes).unwrap();
            read();
        });
        std::fs::remove_file(at(name)).unwrap();
    }
    let pairs = [
        ("names", "{0: 'a', 1: \"b's\", 2: 'c'}"),
        ("imgsz", "[224, 224]"),
        ("mean", "[0.485, 0.456, 0.406]"),
        ("std", "0.229,0.224,0.225"),
        ("Image.NominalPixelRange", "NominalRange_0_255"),
        ("task", "classify"),
    ];
    for faulty in 0..pairs.len() {
        with_faulty_text(pairs[faulty].1, 200, |text| {
            let pair =
                |(n, (key, value)): (usize, &(&str, &str))| ((*key).to_owned(), if n == faulty { text } else { value }.to_owned());
            let properties = pairs.iter().enumerate().map(pair).collect();
            std::fs::write(&model, Onnx { properties, ..Onnx::default() }.bytes()).unwrap();
            read();
        });
    }
}

#[test]
fn odd_graphs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fuzz.onnx");
    let reading = Reading { size: Some((8, 8)), ..Reading::default() };
    let ends = [
        vec![node("Softmax", &["flat"], &["p"]), node("ZipMap", &["p"], &["classes"])],
        vec![node("Exp", &["flat"], &["e"]), node("ReduceSum", &["e"], &["s"]), node("Div", &["e", "s"], &["classes"])],
        vec![node("Sigmoid", &["flat"], &["p"]), node("ArgMax", &["p"], &["classes"])],
        vec![node("QLinearSoftmax", &["flat", "x", "z", "y", "w"], &["classes"])],
    ];
    for end in ends {
        let nodes = [&[node("Flatten", &["mean"], &["flat"])][..], &end].concat();
        with_faults(&Onnx::ending_in(&nodes).bytes(), 1500, |bytes| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(model) = Model::read_with(&path, &reading) {
                assert!(model.output.classes > 0 && model.input.pixels() > 0);
                model.changed(true).unwrap();
            }
        });
    }
}
