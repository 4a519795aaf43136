//! Commands for the NPU: inspect, profiles, compare, compile. On x86-64 with the emulator of the HTP.

use crate::common;
use glimpsed::model::Model;
use glimpsed::npu::NAME;
use glimpsed::runtime::{self, Provider};
use glimpsed::tensor::Tensor;

#[test]
fn inspect_lists_each_operator() {
    let Some(folder) = common::qnn_dir() else { return };
    let inspect = |flags: &[&str]| {
        let mut command = common::glimpsed();
        command.arg("inspect").arg(common::partial()).args(["--provider", "qnn", "--qnn-dir"]).arg(&folder).args(flags);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = inspect(&[]);
    assert!(text.contains("QNN       QNN plugin 2.7.0 (QAIRT 2.51.0), '"), "{text}");
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
fn a_profile_is_written_to_the_requested_file() {
    let Some(folder) = common::qnn_dir() else { return };
    let place = tempfile::tempdir().unwrap();
    let csv = place.path().join("profile.csv");
    let mut command = common::glimpsed();
    command.args(["demo", "--frames", "2", "--provider", "qnn", "--qnn", "profiling_level=basic", "--qnn-dir"]).arg(folder);
    let output = command.arg("--qnn").arg(format!("profiling_file_path={}", csv.display())).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(std::fs::read_to_string(&csv).unwrap().contains("EXECUTE"), "QNN's own figures for each run");
}

#[test]
fn compare_shows_both_answers_their_difference_and_their_times() {
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
    // according to the reference outputs of both
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
fn compare_without_pictures_uses_test_pictures_and_without_an_npu_says_so() {
    let Some(qnn_dir) = common::qnn_dir() else { return };
    let output = common::glimpsed().args(["compare", "testcard", "--qnn-dir"]).arg(&qnn_dir).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("the same top-1 in 6 of 6 pictures"), "{text}");
    for said in [format!("testcard on the {NAME}, "), format!("; {NAME} p50 "), format!("  {NAME}\n")] {
        assert!(text.contains(&said), "{said}\n{text}");
    }
    let none = tempfile::tempdir().unwrap();
    let output = common::glimpsed().args(["compare", "testcard", "--qnn-dir"]).arg(none.path()).output().unwrap();
    assert!(!output.status.success() && common::stderr(&output).contains("cannot find the QNN libraries"));
}

#[test]
fn a_model_built_ahead_of_time_gives_the_same_answers() {
    let (Some(testdata), Some(qnn_dir)) = (common::testdata(), common::qnn_dir()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("built");
    let compile = |flags: &[&str]| {
        let mut command = common::glimpsed();
        command.arg("compile").arg(testdata.join("models/squeezenet1_1_w8a8.onnx")).args(flags).arg("--qnn-dir").arg(&qnn_dir);
        command.arg("--labels").arg(testdata.join("synset_words.txt")).arg("--folder").arg(&built).output().unwrap()
    };
    // for the HTP of the RUBIK Pi 3, on any machine
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
