//! Sessions on the NPU: every node there, or an error. On x86-64 they run on the emulator of the HTP that the QNN wheel holds.

mod common;

use glimpsed::model::{Model, builtin};
use glimpsed::runtime::{self, Provider};
use glimpsed::tensor::Tensor;

#[test]
fn raw_tensors_give_the_htps_logits() {
    let (Some(testdata), Some(_)) = (common::testdata(), common::qnn_dir()) else { return };
    let expected = common::expected(&testdata);
    let reference = testdata.join("expected/logits_w8a8_htp_emulator.npy");
    let (model, mut session) = common::session(&testdata.join("models/squeezenet1_1_w8a8.onnx"), Provider::Qnn);
    assert_eq!(session.execution().provider, "QNN");
    assert!(session.execution().detail.contains("all 169 nodes"), "{}", session.execution().detail);
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
fn the_built_in_model_knows_its_pictures_there_too() {
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
fn a_float_model_is_refused_and_auto_says_so_and_goes_to_the_cpu() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let model = Model::read(&testdata.join("models/squeezenet1_1_float.onnx")).unwrap();
    let refused = runtime::open(&model, &common::runtime_params(Provider::Qnn)).err().unwrap();
    assert!(refused.to_string().contains("not quantized") && refused.exit_status() == 1, "{refused}");

    let mut command = common::glimpsed();
    command.args(["classify", "--json", "--provider", "auto", "--qnn-dir"]).arg(qnn_dir).arg("--model");
    command.arg(testdata.join("models/squeezenet1_1_float.onnx")).arg(testdata.join("png/n01440764_tench.png"));
    let output = command.output().unwrap();
    assert_eq!(common::json_lines(&output)[0]["execution_provider"], "CPU");
    let log = common::stderr(&output);
    assert!(log.contains("the NPU is not used") && log.contains("not quantized"), "{log}");
}

#[test]
fn a_backend_that_does_not_load_is_an_error_and_not_a_silent_cpu() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    // the real plugin, and a backend that is no library
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

/// A model whose last operators the HTP does not run.
fn partial() -> std::path::PathBuf {
    common::project().join("tests/fixtures/partial.onnx")
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
        .arg(partial())
        .args(flags)
        .arg("--qnn-dir")
        .arg(common::qnn_dir().unwrap())
        .arg(&picture);
    command.output().unwrap()
}

#[test]
fn a_model_that_runs_there_in_part_is_refused_with_the_nodes_that_do_not() {
    let Some(_) = common::qnn_dir() else { return };
    let output = classify(&["--provider", "qnn"]);
    let log = common::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{log}");
    for said in ["42 of 44 nodes on the NPU, in 1 partition", "on the CPU: Celu 'celu', QuantizeLinear 'again'", "--allow-partial"]
    {
        assert!(log.contains(said), "{said}\n{log}");
    }
}

#[test]
fn auto_takes_each_step_aloud() {
    let Some(_) = common::qnn_dir() else { return };
    let whole = classify(&["--provider", "auto"]);
    let log = common::stderr(&whole);
    assert_eq!(common::json_lines(&whole)[0]["execution_provider"], "CPU", "{log}");
    assert!(log.contains("the NPU is not used") && log.contains("Celu 'celu'") && log.contains("partial runs on the CPU"), "{log}");

    let partly = classify(&["--provider", "auto", "--allow-partial"]);
    let log = common::stderr(&partly);
    assert_eq!(common::json_lines(&partly)[0]["execution_provider"], "QNN", "{log}");
    assert!(log.contains("not all of the model runs on the NPU"), "{log}");
    assert!(log.contains("runs on the NPU (QNN HTP) and the CPU: 42 of 44 nodes"), "{log}");
}

#[test]
fn every_form_of_squeezenet_runs_there_whole() {
    let (Some(testdata), Some(_)) = (common::testdata(), common::qnn_dir()) else { return };
    let models = ["w8a8", "w8a8_f32io", "w8a8_f32out", "w8a8_nhwc", "w8a8_int8io", "w8a8_u8weights"];
    let files = models.map(|model| testdata.join(format!("models/squeezenet1_1_{model}.onnx")));
    for file in files.into_iter().chain([testdata.join("models/squeezenet1_1_w8a8_external/model.onnx")]) {
        let model = Model::read(&file).unwrap();
        let (_, coverage) = runtime::coverage(&model, &common::runtime_params(Provider::Qnn)).unwrap();
        assert_eq!((coverage.npu, coverage.cpu, coverage.partitions), (model.nodes(), 0, 1), "{}: {coverage}", file.display());
        let session = runtime::open(&model, &common::runtime_params(Provider::Qnn)).unwrap();
        assert_eq!(session.execution().nodes, Some((model.nodes(), 0)));
        assert_eq!(session.execution().summary(), format!("QNN {0}/{0} nodes", model.nodes()));
    }
}

/// 8-bit weights, 16-bit activations, uint16 at both ends; made by models/squeezenet1_1/quantize of the built-in model's float form.
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
fn inspect_tells_of_each_operator() {
    let Some(folder) = common::qnn_dir() else { return };
    let inspect = |flags: &[&str]| {
        let mut command = common::glimpsed();
        command.arg("inspect").arg(partial()).args(["--provider", "qnn", "--qnn-dir"]).arg(&folder).args(flags);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = inspect(&[]);
    assert!(text.contains("QNN       QNN as a plugin 2.7.0 (QAIRT 2.51.0), '"), "{text}");
    let row = |operator: &str| {
        text.lines().find(|line| line.trim_start().starts_with(operator)).unwrap().split_whitespace().skip(1).collect::<Vec<_>>()
    };
    assert_eq!(
        (row("Conv"), row("Celu"), row("QuantizeLinear")),
        (vec!["7", "7", "0"], vec!["1", "0", "1"], vec!["10", "9", "1"]),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&inspect(&["--json"])).unwrap();
    assert_eq!(
        (&json["coverage"]["npu"], &json["coverage"]["cpu"], &json["coverage"]["on_cpu"][0]["operator"]),
        (&42.into(), &2.into(), &"Celu".into())
    );
}

#[test]
fn inspect_measures_the_slowest_nodes() {
    let Some(folder) = common::qnn_dir() else { return };
    let mut command = common::glimpsed();
    command.args(["inspect", "testcard", "--json", "--provider", "qnn", "--slowest", "3", "--qnn-dir"]).arg(folder);
    let output = command.output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let slowest = report["slowest"].as_array().unwrap();
    let cycles: Vec<_> = slowest.iter().map(|node| node["cycles"].as_u64().unwrap()).collect();
    assert!(cycles.len() == 3 && cycles[0] >= cycles[1] && cycles[1] >= cycles[2] && cycles[2] > 0, "{slowest:?}");
    assert!(slowest.iter().any(|node| node["node"].as_str().unwrap().starts_with("conv")), "{slowest:?}");
}

#[test]
fn options_that_qnn_would_pass_over_in_silence_are_refused() {
    let demo = |option: &str| {
        let output = common::glimpsed().args(["demo", "--frames", "1", "--provider", "qnn", "--qnn", option]).output().unwrap();
        (output.status.code(), common::stderr(&output))
    };
    for (option, said) in [
        ("htp_performance_mod=burst", "is 'htp_performance_mode' meant?"),
        ("htp_performance_mode=fast", "is one of burst"),
        ("backend_type=cpu", "would not use the NPU"),
        ("vtcm_mb", "KEY=VALUE is wanted"),
    ] {
        let (code, log) = demo(option);
        assert!(code == Some(2) && log.contains(said), "{option}: {log}");
    }
    // it would run on the CPU, and nobody would know
    let (code, log) = demo("backend_path=/nowhere/libQnnHtp.so");
    assert!(code == Some(1) && log.contains("/nowhere/libQnnHtp.so") && log.contains("fallback"), "{log}");
    let (code, log) = demo("profiling_level=basic");
    assert!(code == Some(78) && log.contains("needs profiling_file_path"), "{log}");
}

#[test]
fn a_profile_is_written_where_it_is_asked_for() {
    let Some(folder) = common::qnn_dir() else { return };
    let place = tempfile::tempdir().unwrap();
    let csv = place.path().join("profile.csv");
    let mut command = common::glimpsed();
    command.args(["demo", "--frames", "2", "--provider", "qnn", "--qnn", "profiling_level=basic", "--qnn-dir"]).arg(folder);
    let output = command.arg("--qnn").arg(format!("profiling_file_path={}", csv.display())).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(std::fs::read_to_string(&csv).unwrap().contains("EXECUTE"), "QNN's own figures of each run");
}

#[test]
fn compare_shows_both_answers_their_distance_and_their_times() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let pictures: Vec<_> = common::files_of(&testdata.join("png")).into_iter().step_by(4).collect();
    let compare = |flags: &[&str]| {
        let mut command = common::glimpsed();
        command.arg("compare").args(flags).arg("--qnn-dir").arg(&qnn_dir).arg("--labels").arg(testdata.join("synset_words.txt"));
        let output = command.arg(testdata.join("models/squeezenet1_1_w8a8.onnx")).args(&pictures).output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let report: serde_json::Value = serde_json::from_str(&compare(&["--json"])).unwrap();
    // what the references of both say
    let expected = common::expected(&testdata);
    let logits = |side: &str, row: usize| common::npy_row(&testdata.join(format!("expected/logits_{side}.npy")), row, 1000);
    let rows: Vec<_> = pictures.iter().map(|picture| common::expected_row(&expected, picture)).collect();
    let steps = rows.iter().flat_map(|row| {
        let (cpu, npu) = (logits("w8a8", *row), logits("w8a8_htp_emulator", *row));
        cpu.into_iter().zip(npu).map(|(cpu, npu)| cpu.abs_diff(npu)).collect::<Vec<_>>()
    });
    let largest = f64::from(steps.max().unwrap()) * 0.149_173_71;
    assert!((report["largest_logit_difference"].as_f64().unwrap() - largest).abs() < 1e-4, "{report} {largest}");
    let same = rows
        .iter()
        .filter(|row| expected[**row]["w8a8"]["top5"][0]["index"] == expected[**row]["w8a8_htp_emulator"]["top5"][0]["index"]);
    assert_eq!(report["same_top1"], same.count());
    assert_eq!(report["pictures"].as_array().unwrap().len(), pictures.len());

    let text = compare(&["--top", "3"]);
    assert!(text.contains("n01440764_tench.png  (largest difference of a logit") && text.contains("tench"), "{text}");
    assert!(text.contains("the same top-1 in ") && text.contains("inference: CPU p50 "), "{text}");
}

#[test]
fn compare_without_pictures_takes_test_pictures_and_without_an_npu_says_so() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    let output = common::glimpsed().args(["compare", "testcard", "--qnn-dir"]).arg(&qnn_dir).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("the same top-1 in 6 of 6 pictures"), "{text}");
    let none = tempfile::tempdir().unwrap();
    let output = common::glimpsed().args(["compare", "testcard", "--qnn-dir"]).arg(none.path()).output().unwrap();
    assert!(!output.status.success() && common::stderr(&output).contains("cannot find the QNN libraries"));
}

#[test]
fn a_model_that_was_built_ahead_of_time_gives_the_same_answers() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("built");
    let compile = |flags: &[&str]| {
        let mut command = common::glimpsed();
        command.arg("compile").arg(testdata.join("models/squeezenet1_1_w8a8.onnx")).args(flags).arg("--qnn-dir").arg(&qnn_dir);
        command.arg("--labels").arg(testdata.join("synset_words.txt")).arg("--output").arg(&built).output().unwrap()
    };
    // for the HTP of the RUBIK Pi 3, from whatever machine this is
    let output = compile(&["--htp-arch", "68"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("all 169 nodes built for the NPU in "));

    let graph = built.join("model.onnx");
    let model = Model::read(&graph).unwrap();
    let original = Model::read(&testdata.join("models/squeezenet1_1_w8a8.onnx")).unwrap();
    assert!(model.is_context() && model.name == original.name && model.labels(None).unwrap().name(0) == "tench");
    assert_eq!(model.input.tensor.quantization, original.input.tensor.quantization);
    assert_eq!(model.output.tensor.quantization, original.output.tensor.quantization);
    let mut session = runtime::open(&model, &common::runtime_params(Provider::Qnn)).unwrap();
    let reference = testdata.join("expected/logits_w8a8_htp_emulator.npy");
    let file = &common::files_of(&testdata.join("expected/inputs"))[0];
    let mut output = Tensor::zeros(&model.output.tensor);
    session.infer(&Tensor::U8(common::npy_u8(file)), &mut output).unwrap();
    let row = common::npy_row(&reference, common::expected_row(&common::expected(&testdata), file), 1000);
    assert!(common::bytes_of(&output) == row, "the logits differ");

    let refused = runtime::open(&model, &common::runtime_params(Provider::Cpu)).err().unwrap();
    assert!(refused.to_string().contains("the CPU cannot run it"), "{refused}");
    let again = compile(&[]);
    assert!(again.status.code() == Some(78) && common::stderr(&again).contains("is there already"), "{}", common::stderr(&again));
    std::fs::remove_file(built.join("metadata.json")).unwrap();
    let undescribed = Model::read(&graph).unwrap_err();
    assert!(undescribed.to_string().contains("nothing describes") && undescribed.exit_status() == 78, "{undescribed}");
}
