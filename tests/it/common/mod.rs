//! Shared helpers: paths of test data and libraries, and models. The modules have the rest.
// each test binary uses a part of it
#![allow(dead_code, unused_imports)]

pub mod broker;
pub mod fakes;
pub mod gst;
pub mod net;
pub mod network;
pub mod onnx;
pub mod process;
pub mod socket;

pub use fakes::*;
pub use gst::*;
pub use process::*;

use glimpsed::model::Model;
use glimpsed::runtime::{self, Infer, Provider};
use glimpsed::tensor::Tensor;
use std::path::{Path, PathBuf};

/// The folder of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the real model and photos, which are not part of the project (their licence does not allow it). Without it tests print
/// that they are skipped; in CI that is a failure.
pub fn testdata() -> Option<PathBuf> {
    let folder = std::env::var_os("GLIMPSED_TESTDATA").map_or_else(|| project().join("../shared/testdata"), PathBuf::from);
    if folder.join("models").is_dir() {
        return Some(folder);
    }
    let message = format!("SKIPPED: no test data in '{}'; set GLIMPSED_TESTDATA to the folder", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{message}");
    eprintln!("{message}");
    None
}

/// The folder in which `make setup` installs ONNX Runtime.
pub fn onnxruntime() -> PathBuf {
    let folder = project().join(".runtime/onnxruntime");
    assert!(folder.is_dir(), "ONNX Runtime is missing: run `make setup-qnn` first");
    folder
}

/// The folder in which `make setup-qnn` installs the QNN plugin. Without emulator and NPU: `None`, with a message.
pub fn qnn_dir() -> Option<PathBuf> {
    let folder = project().join(".runtime/onnxruntime-qnn/onnxruntime_qnn");
    assert!(folder.is_dir(), "the QNN plugin is missing: run `make setup-qnn` first");
    if cfg!(target_arch = "x86_64") || Path::new("/dev/fastrpc-cdsp").exists() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no emulator of the NPU for this machine, and no NPU");
    None
}

/// The folder in which `make setup-python` installs the Python packages of the scripts.
pub fn python() -> PathBuf {
    let folder = project().join(".runtime/python");
    assert!(folder.is_dir(), "the Python packages are missing: run `make setup-python` first");
    folder
}

/// Settings of a session that use the project's own libraries.
pub fn runtime_params(provider: Provider) -> runtime::Params {
    let qnn_dir = if provider == Provider::Cpu { None } else { qnn_dir() };
    runtime::Params { provider, onnxruntime: Some(onnxruntime()), qnn_dir, threads: 1, ..Default::default() }
}

/// A session of the ONNX file at `path`.
pub fn session(path: &Path, provider: Provider) -> (Model, Box<dyn Infer>) {
    let model = Model::read(path).unwrap();
    let session = runtime::open(&model, &runtime_params(provider)).unwrap();
    (model, session)
}

/// The bytes of a uint8 .npy file.
pub fn npy_u8(path: &Path) -> Vec<u8> {
    npyz::NpyFile::new(&std::fs::read(path).unwrap()[..]).unwrap().into_vec().unwrap()
}

/// Row `index` of a uint8 .npy file with rows of `len`.
pub fn npy_row(path: &Path, index: usize, len: usize) -> Vec<u8> {
    npy_u8(path)[index * len..][..len].to_vec()
}

/// The elements of a uint8 or int8 tensor.
pub fn bytes_of(tensor: &Tensor) -> Vec<u8> {
    match tensor {
        Tensor::U8(data) => data.clone(),
        Tensor::I8(data) => data.iter().map(|q| q.wrapping_sub(-128) as u8).collect(),
        other => panic!("not a tensor of 8 bits: {other:?}"),
    }
}

/// `expected.json` of the test data: the photos, in the order of the logits' rows.
pub fn expected(testdata: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(testdata.join("expected/expected.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["images"].as_array().unwrap().clone()
}

/// The row of `expected.json` for the photo of `file`, for any extension.
pub fn expected_row(images: &[serde_json::Value], file: &Path) -> usize {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    images.iter().position(|image| Path::new(image["file"].as_str().unwrap()).file_stem().unwrap() == stem).unwrap()
}

/// The files of `folder`, sorted.
pub fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// A model whose last operators the HTP does not support.
pub fn partial() -> PathBuf {
    project().join("tests/fixtures/partial.onnx")
}
