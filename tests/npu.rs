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
