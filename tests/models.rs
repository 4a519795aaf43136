//! Model files as the world has them: in Hugging Face's cache, too new, broken, or computing nonsense.

mod common;

use common::onnx::{Onnx, node};
use glimpsed::error::Error;
use glimpsed::model::Model;
use glimpsed::runtime::{self, Provider};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Writes `model` into `folder`.
fn file(folder: &Path, model: &Onnx) -> PathBuf {
    let path = folder.join("model.onnx");
    fs::write(&path, model.bytes()).unwrap();
    path
}

/// Why no session of `model` can be opened.
fn refused(model: &Onnx) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let model = Model::read(&file(folder.path(), model)).unwrap();
    runtime::open(&model, &common::runtime_params(Provider::Cpu)).err().expect("it is opened")
}

#[test]
fn a_model_in_hugging_faces_cache_has_the_name_and_the_labels_of_where_it_was_named() {
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
fn what_no_retry_can_heal_is_a_fault_of_the_configuration() {
    let cases = [
        (Onnx { ir_version: 99, ..Onnx::default() }, vec!["IR version", "newer than ONNX Runtime", "export it"]),
        (Onnx { opset: 99, ..Onnx::default() }, vec!["opset", "newer than ONNX Runtime", "export it"]),
        (Onnx::ending_in(&[node("Guess", &["mean"], &["classes"])]), vec!["Guess"]),
        (Onnx::ending_in(&[node("Flatten", &["nothing"], &["classes"])]), vec!["nothing"]),
        (Onnx { output: vec![1, 5], ..Onnx::default() }, vec!["does not compute what its file declares", "{1,3}"]),
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
fn a_picture_that_the_model_makes_nan_of_is_an_error() {
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
