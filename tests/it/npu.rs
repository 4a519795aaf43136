//! Sessions on the NPU: every node there, or an error. On x86-64 they run on the emulator of the HTP in the QNN wheel.

use crate::common;
use glimpsed::model::{Model, Reading, builtin};
use glimpsed::npu::NAME;
use glimpsed::runtime::{self, Provider};
use glimpsed::tensor::Tensor;

#[test]
fn raw_tensors_give_the_htps_logits() {
    let (Some(testdata), Some(_)) = (common::testdata(), common::qnn_dir()) else { return };
    let expected = common::expected(&testdata);
    let reference = testdata.join("expected/logits_w8a8_htp_emulator.npy");
    let (model, mut session) = common::session(&testdata.join("models/squeezenet1_1_w8a8.onnx"), Provider::Qnn);
    assert_eq!(session.execution().provider, "QNN");
    assert_eq!(session.execution().detail, format!("the {NAME}, QNN HTP, all 169 nodes"));
    for file in common::files_of(&testdata.join("expected/inputs")) {
        let mut output = Tensor::zeros(&model.output.tensor);
        session.infer(&Tensor::U8(common::npy_u8(&file)), &mut output).unwrap();
        let row = common::npy_row(&reference, common::expected_row(&expected, &file), 1000);
        assert!(common::bytes_of(&output) == row, "{}: the logits differ", file.display());
    }
}

#[test]
fn a_dozen_photos_give_the_htps_answers() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let expected = common::expected(&testdata);
    let pictures: Vec<_> = common::files_of(&testdata.join("png")).into_iter().step_by(2).collect();
    assert_eq!(pictures.len(), 12);
    let mut command = common::glimpsed();
    command.args(["classify", "--json", "--provider", "qnn", "--qnn-dir"]).arg(qnn_dir).arg("--model");
    command
        .arg(testdata.join("models/squeezenet1_1_w8a8.onnx"))
        .arg("--labels")
        .arg(testdata.join("synset_words.txt"))
        .args(&pictures);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    for (picture, result) in pictures.iter().zip(common::json_lines(&output)) {
        let known = &expected[common::expected_row(&expected, picture)]["w8a8_htp_emulator"]["top5"][0];
        let best = &result["classifications"][0];
        assert_eq!((&result["execution_provider"], &best["index"]), (&"QNN".into(), &known["index"]), "{}", picture.display());
        assert!((best["confidence"].as_f64().unwrap() - known["probability"].as_f64().unwrap()).abs() <= 0.03, "{best} {known}");
    }
}

#[test]
fn the_built_in_model_gives_the_same_labels_on_the_npu() {
    let Some(_) = common::qnn_dir() else { return };
    let model = builtin().unwrap();
    let session = runtime::open(&model, &common::runtime_params(Provider::Qnn)).unwrap();
    let labels = model.labels(None).unwrap();
    let mut classifier = common::classifier(&model, session, 1);
    for (pattern, label) in [("smpte", "SMPTE color bars"), ("snow", "snow"), ("pinwheel", "pinwheel"), ("blue", "blue")] {
        let caps = "video/x-raw,format=NV12,width=512,height=288";
        let frame = common::frames_of(&format!("videotestsrc num-buffers=1 pattern={pattern} ! {caps} ! appsink name=frames"))
            .pop()
            .unwrap();
        let mut prediction = classifier.blank("test");
        classifier.classify(&frame, &mut prediction).unwrap();
        assert_eq!(labels.name(prediction.top[0].index), label);
    }
}

#[test]
fn free_shapes_are_fixed_for_the_npu() {
    let (Some(testdata), Some(_)) = (common::testdata(), common::qnn_dir()) else { return };
    let reading = Reading { size: Some((224, 224)), ..Reading::default() };
    let free = Model::read_with(&testdata.join("models/squeezenet1_1_w8a8_dynamic.onnx"), &reading).unwrap();
    let mut of_free = runtime::open(&free, &common::runtime_params(Provider::Qnn)).unwrap();
    assert_eq!(of_free.execution().nodes, Some((free.nodes(), 0)));
    let (fixed, mut of_fixed) = common::session(&testdata.join("models/squeezenet1_1_w8a8.onnx"), Provider::Qnn);
    let input = Tensor::U8((0..fixed.input.tensor.len()).map(|n| (n * 7 % 251) as u8).collect());
    let outputs = [(&mut of_free, &free), (&mut of_fixed, &fixed)].map(|(session, model)| {
        let mut output = Tensor::zeros(&model.output.tensor);
        session.infer(&input, &mut output).unwrap();
        output
    });
    assert_eq!(outputs[0], outputs[1]);
}

#[test]
fn a_float_model_is_refused_and_auto_reports_it_and_uses_the_cpu() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let model = Model::read(&testdata.join("models/squeezenet1_1_float.onnx")).unwrap();
    let refused = runtime::open(&model, &common::runtime_params(Provider::Qnn)).err().unwrap();
    assert!(refused.to_string().contains("not quantized") && refused.exit_status() == 78, "{refused}");

    let mut command = common::glimpsed();
    command.args(["classify", "--json", "--provider", "auto", "--qnn-dir"]).arg(qnn_dir).arg("--model");
    command.arg(testdata.join("models/squeezenet1_1_float.onnx")).arg(testdata.join("png/n01440764_tench.png"));
    let output = command.output().unwrap();
    assert_eq!(common::json_lines(&output)[0]["execution_provider"], "CPU");
    let log = common::stderr(&output);
    assert!(log.contains("the NPU is not used") && log.contains("not quantized"), "{log}");
}

#[test]
fn a_backend_that_cannot_be_loaded_is_an_error_and_not_a_silent_fallback() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    // the real plugin, and a backend that is not a library
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(&qnn_dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_file() && name != "libQnnHtp.so" {
            std::os::unix::fs::symlink(&path, folder.path().join(name)).unwrap();
        }
    }
    std::fs::write(folder.path().join("libQnnHtp.so"), "no library").unwrap();
    let mut command = common::glimpsed();
    command.args(["demo", "--frames", "1", "--provider", "qnn", "--qnn-dir"]).arg(folder.path());
    let output = command.output().unwrap();
    let log = common::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(output.stdout.is_empty() && log.contains("libQnnHtp.so") && log.contains("fallback"), "{log}");
}

fn classify(flags: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("ball.png");
    let line = "num-buffers=1 pattern=ball ! video/x-raw,width=320,height=240 ! pngenc ! filesink location=";
    let made = std::process::Command::new("gst-launch-1.0")
        .args(["-q", "videotestsrc"])
        .args(format!("{line}{}", picture.display()).split(' '))
        .status();
    assert!(made.unwrap().success());
    let mut command = common::glimpsed();
    command
        .arg("-v")
        .args(["classify", "--json", "--model"])
        .arg(common::partial())
        .args(flags)
        .arg("--qnn-dir")
        .arg(common::qnn_dir().unwrap())
        .arg(&picture);
    command.output().unwrap()
}

#[test]
fn a_model_that_runs_partly_on_the_npu_is_refused_with_the_other_nodes() {
    let Some(_) = common::qnn_dir() else { return };
    let output = classify(&["--provider", "qnn"]);
    let log = common::stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{log}");
    let counted = format!("42 of 44 nodes on the {NAME}, in 1 partition");
    for said in [&counted, "on the CPU: Celu 'celu', QuantizeLinear 'again'", "--allow-partial"] {
        assert!(log.contains(said), "{said}\n{log}");
    }
}

#[test]
fn auto_logs_each_step() {
    let Some(_) = common::qnn_dir() else { return };
    let whole = classify(&["--provider", "auto"]);
    let log = common::stderr(&whole);
    assert_eq!(common::json_lines(&whole)[0]["execution_provider"], "CPU", "{log}");
    assert!(log.contains("the NPU is not used") && log.contains("Celu 'celu'") && log.contains("partial runs on the CPU"), "{log}");

    let partly = classify(&["--provider", "auto", "--allow-partial"]);
    let log = common::stderr(&partly);
    assert_eq!(common::json_lines(&partly)[0]["execution_provider"], "QNN", "{log}");
    assert!(log.contains("not all of the model runs on the NPU"), "{log}");
    assert!(log.contains(&format!("runs on the {NAME}, QNN HTP, and the CPU: 42 of 44 nodes")), "{log}");
}

#[test]
fn every_form_of_squeezenet_runs_entirely_on_the_npu() {
    let (Some(testdata), Some(_)) = (common::testdata(), common::qnn_dir()) else { return };
    let models = ["w8a8", "w8a8_f32io", "w8a8_f32out", "w8a8_nhwc", "w8a8_int8io", "w8a8_u8weights"];
    let files = models.map(|model| testdata.join(format!("models/squeezenet1_1_{model}.onnx")));
    for file in files.into_iter().chain([testdata.join("models/squeezenet1_1_w8a8_external/model.onnx")]) {
        let model = Model::read(&file).unwrap();
        let (_, coverage) = runtime::coverage(&model, &common::runtime_params(Provider::Qnn)).unwrap();
        assert_eq!((coverage.npu, coverage.cpu, coverage.partitions), (model.nodes(), 0, 1), "{}: {coverage}", file.display());
        let session = runtime::open(&model, &common::runtime_params(Provider::Qnn)).unwrap();
        assert_eq!(session.execution().nodes, Some((model.nodes(), 0)));
        assert_eq!(session.execution().summary(), format!("{NAME} {0}/{0} nodes", model.nodes()));
    }
}

/// 8-bit weights, 16-bit activations, uint16 input and output; made by models/squeezenet1_1/quantize from the built-in model's float form.
#[test]
fn a_model_of_16_bits_runs_there_and_agrees_with_the_cpu() {
    let Some(_) = common::qnn_dir() else { return };
    let (model, mut npu) = common::session(&common::project().join("tests/fixtures/w8a16.onnx"), Provider::Qnn);
    assert_eq!(npu.execution().nodes, Some((model.nodes(), 0)));
    let mut cpu = runtime::open(&model, &common::runtime_params(Provider::Cpu)).unwrap();
    for pattern in ["ball", "smpte", "gradient", "blue"] {
        let text = format!(
            "videotestsrc num-buffers=1 pattern={pattern} ! video/x-raw,format=NV12,width=320,height=240 ! appsink name=frames"
        );
        let frame = common::frames_of(&text).pop().unwrap();
        let mut input = Tensor::zeros(&model.input.tensor);
        glimpsed::preprocess::Preprocessor::new(&model.input, &Default::default()).run(&frame, &mut input);
        let best = |session: &mut Box<dyn runtime::Infer>| {
            let mut output = Tensor::zeros(&model.output.tensor);
            session.infer(&input, &mut output).unwrap();
            let Tensor::U16(logits) = output else { panic!("uint16") };
            (0..logits.len()).max_by_key(|index| logits[*index]).unwrap()
        };
        let label = if pattern == "smpte" { "SMPTE color bars" } else { pattern };
        let labels = builtin().unwrap().labels(None).unwrap();
        assert_eq!((labels.name(best(&mut npu)), labels.name(best(&mut cpu))), (label, label));
    }
}

#[test]
fn options_that_qnn_would_silently_ignore_are_refused() {
    let demo = |option: &str| {
        let output = common::glimpsed().args(["demo", "--frames", "1", "--provider", "qnn", "--qnn", option]).output().unwrap();
        (output.status.code(), common::stderr(&output))
    };
    for (option, said) in [
        ("htp_performance_mod=burst", "did you mean 'htp_performance_mode'?"),
        ("htp_performance_mode=fast", "is one of burst"),
        ("backend_type=cpu", "would not use the NPU"),
        ("vtcm_mb", "expected KEY=VALUE"),
    ] {
        let (code, log) = demo(option);
        assert!(code == Some(2) && log.contains(said), "{option}: {log}");
    }
    // it would silently run on the CPU
    let (code, log) = demo("backend_path=/nowhere/libQnnHtp.so");
    assert!(code == Some(1) && log.contains("/nowhere/libQnnHtp.so") && log.contains("fallback"), "{log}");
    let (code, log) = demo("profiling_level=basic");
    assert!(code == Some(78) && log.contains("needs profiling_file_path"), "{log}");
}
