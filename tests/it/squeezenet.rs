//! The SqueezeNet of the board guide, with real photos, on the CPU: the same answers as onnxruntime and Pillow in Python.

use crate::common;
use glimpsed::model::Model;
use glimpsed::runtime::{self, Infer, Provider};
use glimpsed::tensor::{ElementType, Layout, Scores, Tensor};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The results of `glimpsed classify` for `pictures`, in order.
fn classify(testdata: &Path, pictures: &[PathBuf]) -> Vec<Value> {
    let (model, labels) = (testdata.join("models/squeezenet1_1_w8a8.onnx"), testdata.join("SqueezeNet-1.1_labels.txt"));
    let mut command = common::glimpsed();
    command.args(["classify", "--json", "--model"]).arg(model).arg("--labels").arg(labels).args(pictures);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let results = common::json_lines(&output);
    assert_eq!(results.len(), pictures.len());
    results
}

fn best(result: &Value) -> (u64, f64) {
    let best = &result["classifications"][0];
    (best["index"].as_u64().unwrap(), best["confidence"].as_f64().unwrap())
}

#[test]
fn a_run_that_takes_too_long_is_terminated_and_the_next_one_works() {
    let Some(testdata) = common::testdata() else { return };
    let model = Model::read(&testdata.join("models/squeezenet1_1_float.onnx")).unwrap();
    let params =
        runtime::Params { run_timeout: Some(std::time::Duration::from_micros(100)), ..common::runtime_params(Provider::Cpu) };
    let mut session = runtime::open(&model, &params).unwrap();
    let (input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    // a run takes many milliseconds; when the watcher is scheduled depends on the machine
    let ended = (0..500).find_map(|_| session.infer(&input, &mut output).err()).unwrap();
    assert!(ended.to_string().contains("the inference was terminated: it took longer than 100.0µs"), "{ended}");
    let params = runtime::Params { run_timeout: Some(std::time::Duration::from_secs(600)), ..params };
    runtime::open(&model, &params).unwrap().infer(&input, &mut output).unwrap();
}

#[test]
fn lossless_pictures_give_pythons_answers() {
    let Some(testdata) = common::testdata() else { return };
    let expected = common::expected(&testdata);
    let pictures = common::files_of(&testdata.join("png"));
    assert_eq!(pictures.len(), 24);
    let mut same = 0;
    for (picture, result) in pictures.iter().zip(classify(&testdata, &pictures)) {
        let reference = expected[common::expected_row(&expected, picture)]["w8a8"]["top5"].as_array().unwrap();
        same += u32::from(best(&result).0 == reference[0]["index"].as_u64().unwrap());
        for class in result["classifications"].as_array().unwrap() {
            if let Some(known) = reference.iter().find(|known| known["index"] == class["index"]) {
                let apart = (class["confidence"].as_f64().unwrap() - known["probability"].as_f64().unwrap()).abs();
                assert!(apart <= 0.03, "{}: {class} is {apart} from {known}", picture.display());
            }
        }
    }
    assert!(same >= 23, "the best class is Python's for {same} of 24");
}

#[test]
fn jpeg_photos_give_nearly_pythons_answers() {
    let Some(testdata) = common::testdata() else { return };
    let expected = common::expected(&testdata);
    let pictures = common::files_of(&testdata.join("images"));
    assert_eq!(pictures.len(), 127);
    let (mut same, mut right) = (0, 0);
    for (picture, result) in pictures.iter().zip(classify(&testdata, &pictures)) {
        let known = &expected[common::expected_row(&expected, picture)];
        let (index, _) = best(&result);
        same += u32::from(index == known["w8a8"]["top5"][0]["index"].as_u64().unwrap());
        right += u32::from(index == known["class_index"].as_u64().unwrap());
    }
    assert!(same >= 110 && right >= 67, "the best class is Python's for {same} of 127, and right for {right}");
}

/// The nine raw tensors (uint8, NCHW), each with its logits in `logits`.
fn raw_tensors(testdata: &Path, logits: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let expected = common::expected(testdata);
    let files = common::files_of(&testdata.join("expected/inputs"));
    assert_eq!(files.len(), 9);
    let row =
        |file: &PathBuf| common::npy_row(&testdata.join("expected").join(logits), common::expected_row(&expected, file), 1000);
    files.iter().map(|file| (common::npy_u8(file), row(file))).collect()
}

fn logits(model: &Model, session: &mut dyn Infer, input: Tensor) -> Vec<u8> {
    let mut output = Tensor::zeros(&model.output.tensor);
    session.infer(&input, &mut output).unwrap();
    common::bytes_of(&output)
}

#[test]
fn raw_tensors_give_equal_logits() {
    let Some(testdata) = common::testdata() else { return };
    let (model, mut session) = common::session(&testdata.join("models/squeezenet1_1_w8a8.onnx"), Provider::Cpu);
    // other instruction sets round some sums differently
    let allowed = if cfg!(target_arch = "x86_64") { 0 } else { 1 };
    for (input, expected) in raw_tensors(&testdata, "logits_w8a8.npy") {
        let got = logits(&model, session.as_mut(), Tensor::U8(input));
        let most = got.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(most <= allowed, "{most} steps apart");
    }
}

#[test]
fn pictures_are_preprocessed_to_pythons_bytes() {
    let Some(testdata) = common::testdata() else { return };
    let model = Model::read(&testdata.join("models/squeezenet1_1_w8a8.onnx")).unwrap();
    let mut compared = 0;
    for file in common::files_of(&testdata.join("expected/inputs")) {
        let png = testdata.join("png").join(file.with_extension("png").file_name().unwrap());
        if png.is_file() {
            let mut tensor = Tensor::zeros(&model.input.tensor);
            let frame = common::picture(&png, "pngdec");
            glimpsed::preprocess::Preprocessor::new(&model.input, &Default::default()).run(&frame, &mut tensor);
            assert!(common::bytes_of(&tensor) == common::npy_u8(&file), "{}", png.display());
            compared += 1;
        }
    }
    assert!(compared >= 3, "{compared} pictures have both");
}

#[test]
fn every_model_file_loads_as_its_readme_says() {
    let Some(testdata) = common::testdata() else { return };
    let models = testdata.join("models");
    use ElementType::{F32, I8, U8};
    // file, input, output, quantized input and output
    let table = [
        ("squeezenet1_1_float.onnx", F32, Layout::Nchw, F32),
        ("squeezenet1_1_w8a8.onnx", U8, Layout::Nchw, U8),
        ("squeezenet1_1_w8a8_external/model.onnx", U8, Layout::Nchw, U8),
        ("squeezenet1_1_w8a8_f32out.onnx", U8, Layout::Nchw, F32),
        ("squeezenet1_1_w8a8_f32io.onnx", F32, Layout::Nchw, F32),
        ("squeezenet1_1_w8a8_nhwc.onnx", U8, Layout::Nhwc, U8),
        ("squeezenet1_1_w8a8_int8io.onnx", I8, Layout::Nchw, I8),
        ("squeezenet1_1_w8a8_u8weights.onnx", U8, Layout::Nchw, U8),
    ];
    for (file, input, layout, output) in table {
        let model = Model::read(&models.join(file)).unwrap();
        assert_eq!(
            (model.input.tensor.element, model.input.layout, model.output.tensor.element),
            (input, layout, output),
            "{file}"
        );
        assert_eq!(
            (model.input.width, model.input.height, model.output.classes, model.output.scores),
            (224, 224, 1000, Scores::Logits),
            "{file}"
        );
        let zero_point = if input == I8 { -128 } else { 0 };
        let quantization = model.input.tensor.quantization.map(|q| (q.scale, q.zero_point));
        assert_eq!(quantization, (input != F32).then_some((1.0 / 255.0, zero_point)), "{file}");
        let quantization = model.output.tensor.quantization.map(|q| (q.scale, q.zero_point));
        assert_eq!(quantization, (output != F32).then_some((0.149_173_7, zero_point)), "{file}");
    }
    for file in ["squeezenet1_1_float_dynamic.onnx", "squeezenet1_1_w8a8_dynamic.onnx"] {
        let message = Model::read(&models.join(file)).unwrap_err().to_string();
        assert!(message.contains("image [batch, 3, height, width]") && message.contains("--size"), "{message}");
    }
}

/// The result of `file` for the photo at `png`: (best class, confidence).
fn answer(testdata: &Path, file: &str, png: &Path) -> (u64, f64) {
    let (model, session) = common::session(&testdata.join("models").join(file), Provider::Cpu);
    let mut classifier = common::classifier(&model, session, 1);
    let mut prediction = classifier.blank("photo");
    classifier.classify(&common::picture(png, "pngdec"), &mut prediction).unwrap();
    (prediction.top[0].index as u64, f64::from(prediction.top[0].confidence))
}

#[test]
fn all_forms_of_the_model_agree() {
    let Some(testdata) = common::testdata() else { return };
    let png = testdata.join("png/n01440764_tench.png");
    let reference = answer(&testdata, "squeezenet1_1_w8a8.onnx", &png);
    for file in ["_external/model.onnx", "_nhwc.onnx", "_f32out.onnx", "_f32io.onnx"] {
        assert_eq!(answer(&testdata, &format!("squeezenet1_1_w8a8{file}"), &png), reference, "{file}");
    }
    // other weights or other activations: the same class, but not the same confidence
    for file in ["squeezenet1_1_w8a8_int8io.onnx", "squeezenet1_1_w8a8_u8weights.onnx", "squeezenet1_1_float.onnx"] {
        let (index, confidence) = answer(&testdata, file, &png);
        assert!(index == reference.0 && (confidence - reference.1).abs() < 0.25, "{file}: {index} {confidence}, {reference:?}");
    }
}
