//! Unusual model files: in Hugging Face's cache, too new, invalid, or with NaN outputs.

use crate::common;
use crate::common::net::{D, Net, Parts, value};
use crate::common::onnx::{Onnx, external, initializer, node};
use glimpsed::error::Error;
use glimpsed::model::Model;
use glimpsed::runtime::{self, Provider};
use glimpsed::tensor::{Quantization, Tensor};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Writes `model` into `folder`.
fn file(folder: &Path, model: &Onnx) -> PathBuf {
    let path = folder.join("model.onnx");
    fs::write(&path, model.bytes()).unwrap();
    path
}

/// The error of opening a session for `model`.
fn refused(model: &Onnx) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let model = Model::read(&file(folder.path(), model)).unwrap();
    runtime::open(&model, &common::runtime_params(Provider::Cpu)).err().expect("it is opened")
}

#[test]
fn a_model_in_hugging_faces_cache_has_its_name_and_labels_from_the_given_path() {
    let hub = tempfile::tempdir().unwrap();
    let repository = hub.path().join("models--acme--colours");
    let snapshot = repository.join("snapshots/0a1b2c");
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir(repository.join("blobs")).unwrap();
    let keep = |name: &str, blob: &str, bytes: &[u8]| {
        fs::write(repository.join("blobs").join(blob), bytes).unwrap();
        symlink(Path::new("../../blobs").join(blob), snapshot.join(name)).unwrap();
    };
    keep("model.onnx", "5d41402a", &Onnx::default().bytes());
    keep("labels.txt", "7d793037", b"red\ngreen\nblue\n");
    let model = Model::read(&snapshot.join("model.onnx")).unwrap();
    assert_eq!(model.name, "colours");
    assert_eq!(model.labels(None).unwrap().name(2), "blue");
    runtime::open(&model, &common::runtime_params(Provider::Cpu)).unwrap();
}

#[test]
fn an_invalid_model_is_a_configuration_error() {
    let cases = [
        (Onnx { ir_version: 99, ..Onnx::default() }, vec!["IR version", "newer than ONNX Runtime", "export the model"]),
        (Onnx { opset: 99, ..Onnx::default() }, vec!["opset", "newer than ONNX Runtime", "export the model"]),
        (Onnx::ending_in(&[node("Guess", &["mean"], &["classes"])]), vec!["Guess"]),
        (Onnx::ending_in(&[node("Flatten", &["nothing"], &["classes"])]), vec!["nothing"]),
        (Onnx { output: vec![1, 5], ..Onnx::default() }, vec!["does not compute the shape that its file declares", "{1,3}"]),
    ];
    for (model, said) in cases {
        let error = refused(&model);
        assert_eq!(error.exit_status(), 78, "{error}");
        for words in said {
            assert!(error.to_string().contains(words), "no '{words}' in: {error}");
        }
    }
}

#[test]
fn a_nan_output_for_a_picture_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = [
        node("Flatten", &["mean"], &["flat"]),
        node("Sub", &["flat", "flat"], &["zero"]),
        node("Div", &["zero", "zero"], &["classes"]),
    ];
    let model = file(folder.path(), &Onnx::ending_in(&nodes)).display().to_string();
    let picture = folder.path().join("picture.ppm");
    fs::write(&picture, [&b"P6 16 16 255\n"[..], &[128; 16 * 16 * 3]].concat()).unwrap();
    let output = common::run(&["classify", "--model", &model, picture.to_str().unwrap()]);
    let said = common::stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
    assert!(said.contains("cannot classify") && said.contains("NaN for class 0 (3 of 3 values"), "{said}");
}

/// The error of reading `model`; `more` writes files into its folder.
fn unreadable(model: &Onnx, more: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    more(folder.path());
    let error = Model::read(&file(folder.path(), model)).expect_err("it is read");
    assert_eq!(error.exit_status(), 78, "{error}");
    error.to_string()
}

#[test]
fn too_many_classes_or_nodes_are_refused() {
    let said = unreadable(&Onnx { output: vec![1, 1_000_000_000], ..Onnx::default() }, |_| {});
    assert!(said.contains("has 1000000000 classes") && said.contains("At most 1000000"), "{said}");
    let said = unreadable(&Onnx { nodes: vec![node("", &[], &[]); 300_000], ..Onnx::default() }, |_| {});
    assert!(said.contains("more than 200000 nodes"), "{said}");
}

#[test]
fn long_chains_and_cycles_of_nodes_are_handled() {
    let name = |n: usize| if n == 0 { "mean".to_owned() } else { format!("v{n}") };
    let mut nodes: Vec<_> = (0..100_000).map(|n| node("Identity", &[&name(n)], &[&name(n + 1)])).collect();
    nodes.push(node("Flatten", &[&name(100_000)], &["classes"]));
    // in reverse order: a linear search would visit all nodes in each step
    nodes.reverse();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Model::read(&file(folder.path(), &Onnx::ending_in(&nodes))).unwrap().nodes(), 100_002);
    let circle = [node("Identity", &["classes"], &["a"]), node("Identity", &["a"], &["classes"])];
    assert_eq!(Model::read(&file(folder.path(), &Onnx::ending_in(&circle))).unwrap().nodes(), 3);
}

#[test]
fn free_shapes_are_given_by_a_flag_and_fixed_in_a_file() {
    let Some(testdata) = common::testdata() else { return };
    let free = testdata.join("models/squeezenet1_1_float_dynamic.onnx");
    let folder = tempfile::tempdir().unwrap();
    let fixed = folder.path().join("fixed.onnx");
    let fix =
        || common::glimpsed().arg("compile").arg(&free).args(["--size", "224x224", "--fix-shapes"]).arg(&fixed).output().unwrap();
    let output = fix();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("input image [1, 3, 224, 224]"));
    let (model, mut session) = common::session(&fixed, Provider::Cpu);
    assert!(!model.free && model.output.classes == 1000);
    session.infer(&Tensor::zeros(&model.input.tensor), &mut Tensor::zeros(&model.output.tensor)).unwrap();
    // a file that is there is never written over
    let again = fix();
    assert!(!again.status.success() && common::stderr(&again).contains("cannot write"), "{}", common::stderr(&again));
    let picture = testdata.join("png/n01440764_tench.png");
    let mut answers = Vec::new();
    for (model, flags) in [(&free, &["--size", "224x224"][..]), (&fixed, &[])] {
        let output =
            common::glimpsed().args(["classify", "--json", "--model"]).arg(model).args(flags).arg(&picture).output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        answers.push(common::json_lines(&output)[0]["classifications"].clone());
    }
    assert_eq!(answers[0], answers[1]);
    let asked = common::stderr(&common::glimpsed().args(["classify", "--model"]).arg(&free).arg(&picture).output().unwrap());
    assert!(asked.contains("--size WIDTHxHEIGHT"), "{asked}");
}

/// A net of one operator of the QOperator form, on pictures of 8 x 8 pixels: the mean of each colour, in steps of 1/200.
fn q_operators() -> Net {
    let pool = node("QLinearGlobalAveragePool", &["image", "s", "z", "t", "z"], &["mean"]).bytes(7, "com.microsoft");
    let flatten = node("Flatten", &["mean"], &["classes"]);
    let fixed = |sizes: &[i64]| sizes.iter().map(|size| D::N(*size)).collect::<Vec<_>>();
    let net = Net {
        ir_version: 8,
        opset: 17,
        nodes: vec![Parts::of(&pool.0), Parts::of(&flatten.0)],
        weights: Vec::new(),
        inputs: vec![value("image", 2, &fixed(&[1, 3, 8, 8]))],
        outputs: vec![value("classes", 2, &fixed(&[1, 3]))],
        metadata: Vec::new(),
        input: "image".into(),
        last: "classes".into(),
    };
    net.with("s", 1, &[], &(1.0_f32 / 255.0).to_le_bytes()).with("t", 1, &[], &(1.0_f32 / 200.0).to_le_bytes()).with(
        "z",
        2,
        &[],
        &[0],
    )
}

#[test]
fn integers_of_the_q_operator_form_have_the_scales_of_their_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.onnx");
    fs::write(&path, q_operators().bytes()).unwrap();
    let (model, mut session) = common::session(&path, Provider::Cpu);
    let quantization = |scale| Some(Quantization { scale, zero_point: 0 });
    assert_eq!(model.input.tensor.quantization, quantization(1.0 / 255.0));
    assert_eq!(model.output.tensor.quantization, quantization(1.0 / 200.0));
    assert!(model.npu_obstacle().unwrap().contains("QNN wants QDQ"));
    let input = Tensor::U8([vec![255; 64], vec![51; 64], vec![0; 64]].concat());
    let mut output = Tensor::zeros(&model.output.tensor);
    session.infer(&input, &mut output).unwrap();
    assert_eq!(output, Tensor::U8(vec![200, 40, 0]));
    // a scale that is nowhere is not assumed
    let mut elsewhere = q_operators();
    elsewhere.nodes.insert(0, Parts::of(&node("Relu", &["image"], &["r"]).0));
    fs::write(&path, elsewhere.bytes()).unwrap();
    let said = Model::read(&path).unwrap_err().to_string();
    assert!(said.contains("integers (uint8) in 'image'"), "{said}");
}

#[test]
fn invalid_external_weights_are_refused() {
    let with = |weights| Onnx { initializers: vec![weights], ..Onnx::default() };
    let at = |entries: &[(&str, &str)]| with(external("w", &[3], entries));
    let nothing = |_: &Path| {};
    let twelve = |folder: &Path| fs::write(folder.join("w.bin"), [0; 12]).unwrap();
    let fifo = |folder: &Path| assert!(std::process::Command::new("mkfifo").arg(folder.join("w.bin")).status().unwrap().success());
    let beside = "is not inside the model's folder";
    let cases = [
        (unreadable(&at(&[("location", "w.bin")]), fifo), "it is a FIFO, not a file"),
        (unreadable(&at(&[("location", "w.bin")]), |folder| symlink("/dev/zero", folder.join("w.bin")).unwrap()), "a device"),
        (unreadable(&at(&[("location", "/dev/zero")]), nothing), beside),
        (unreadable(&at(&[("location", "../w.bin")]), nothing), beside),
        (unreadable(&at(&[]), nothing), beside),
        (unreadable(&at(&[("location", "w.bin"), ("offset", "-4")]), twelve), "its offset is '-4'"),
        (unreadable(&at(&[("location", "w.bin"), ("offset", "4")]), twelve), "12 bytes, the model needs 16"),
        (unreadable(&at(&[("location", "w.bin"), ("offset", "18446744073709551615")]), twelve), "more than a file can contain"),
        (unreadable(&with(initializer("w", &[1 << 40, 1 << 40], &[0; 4])), nothing), "larger than the file"),
        (unreadable(&with(initializer("w", &[1 << 30], &[0; 4])), nothing), "larger than the file"),
    ];
    for (said, wanted) in cases {
        assert!(said.contains(wanted), "no '{wanted}' in: {said}");
    }
}

#[test]
fn anything_but_a_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let fifo = fifo.to_str().unwrap();
    for args in [
        vec!["inspect", fifo],
        vec!["inspect", "/dev/zero"],
        vec!["inspect", "testcard", "--labels", fifo],
        vec!["check", "--config", fifo],
        vec!["check", "--model", "testcard", "--pipeline", fifo],
    ] {
        let output = common::run(&args);
        let said = common::stderr(&output);
        assert!(output.status.code() == Some(78) && said.contains("not a file"), "{args:?}: {said}");
    }
}
