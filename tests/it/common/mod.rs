//! What the tests share: where the data and the libraries are, how frames are made, how the program is run.
#![allow(dead_code)]

pub mod network;
pub mod onnx;

use glimpsed::capture::{self, Pipeline};
use glimpsed::config::Camera;
use glimpsed::daemon::{self, Outside, Parts};
use glimpsed::frame::Frame;
use glimpsed::labels::Labels;
use glimpsed::model::Model;
use glimpsed::notify::Service;
use glimpsed::prediction::{Prediction, Score, Timing};
use glimpsed::preprocess;
use glimpsed::publish::{Publish, Publishers};
use glimpsed::runtime::{self, Infer, Provider};
use glimpsed::shutdown::Stop;
use glimpsed::tally::Status;
use glimpsed::tensor::Tensor;
use glimpsed::worker::Classifier;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The folder of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The real model and the real photos, which are not part of the project (their licence does not allow it). Tests skip, loudly,
/// where they are absent; in CI that is a failure.
pub fn testdata() -> Option<PathBuf> {
    let folder = std::env::var_os("GLIMPSED_TESTDATA").map_or_else(|| project().join("../shared/testdata"), PathBuf::from);
    if folder.join("models").is_dir() {
        return Some(folder);
    }
    let message = format!("SKIPPED: no test data in '{}'; GLIMPSED_TESTDATA names the folder", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{message}");
    eprintln!("{message}");
    None
}

/// Where `make setup` puts ONNX Runtime.
pub fn onnxruntime() -> PathBuf {
    let folder = project().join(".runtime/onnxruntime");
    assert!(folder.is_dir(), "ONNX Runtime is not there: run `make setup-qnn` first");
    folder
}

/// Where `make setup-qnn` puts the QNN plugin. `None`, loudly, where it holds no emulator and no NPU is there to run it.
pub fn qnn_dir() -> Option<PathBuf> {
    let folder = project().join(".runtime/onnxruntime-qnn/onnxruntime_qnn");
    assert!(folder.is_dir(), "the QNN plugin is not there: run `make setup-qnn` first");
    if cfg!(target_arch = "x86_64") || Path::new("/dev/fastrpc-cdsp").exists() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no emulator of the NPU for this machine, and no NPU");
    None
}

/// Where `make setup-python` puts the Python packages of the scripts.
pub fn python() -> PathBuf {
    let folder = project().join(".runtime/python");
    assert!(folder.is_dir(), "the Python packages are not there: run `make setup-python` first");
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

/// A classifier of `model` with `runtime` in place of ONNX Runtime.
pub fn classifier(model: &Model, runtime: Box<dyn Infer>, top: usize) -> Classifier {
    Classifier::new(model, Labels::numbered(model.output.classes), runtime, &preprocess::Params::default(), top)
}

/// The settings of a camera.
pub fn camera(name: &str, pipeline: &str) -> Camera {
    Camera {
        name: name.into(),
        pipeline: pipeline.into(),
        live: None,
        turn: Default::default(),
        limits: Default::default(),
        stuck: None,
    }
}

/// Runs the daemon in this process until its cameras end, or there are `limit` results; gives what each camera has done.
pub fn run_daemon(classifier: Classifier, place: Box<dyn Publish>, cameras: Vec<Camera>, limit: Option<u64>) -> Vec<Status> {
    let publishers = Publishers::new(vec![place]);
    let parts = Parts { classifier, publishers, socket: None, status_interval: None, limit, source: None };
    let (_ask, asked) = crossbeam_channel::bounded(1);
    let outside = Outside { stop: &Stop::default(), asked: &asked, service: Service::default() };
    daemon::run(parts, cameras, Arc::new(|_| {}), outside).unwrap()
}

/// All frames of a pipeline that is not live.
pub fn frames_of(pipeline: &str) -> Vec<Frame> {
    frames_of_prepared(pipeline, |_| {})
}

/// The same, with elements set up by `prepare` first.
pub fn frames_of_prepared(pipeline: &str, prepare: impl Fn(&Pipeline) + Send + Sync + 'static) -> Vec<Frame> {
    let frames = Arc::new(Mutex::new(Vec::new()));
    let collected = frames.clone();
    let deliver = move |frame, _live| {
        collected.lock().unwrap().push(frame);
        ControlFlow::Continue(())
    };
    let stop = Stop::default();
    let params = capture::Params { prepare: Arc::new(prepare), ..capture::Params::new(pipeline) };
    capture::run(&params, [stop.receiver(), stop.receiver()], &mut |_| {}, deliver).unwrap();
    std::mem::take(&mut *frames.lock().unwrap())
}

/// The one frame of a picture file, behind `filesrc`, through the elements of `rest`.
pub fn picture(file: &Path, rest: &str) -> Frame {
    let pipeline = format!("filesrc name=file ! {rest} ! appsink name=frames");
    let file = file.to_owned();
    frames_of_prepared(&pipeline, move |pipeline: &Pipeline| pipeline.read_file("file", &file)).pop().unwrap()
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

/// The row of `expected.json` for the photo of `file`, whatever its ending.
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

/// The program, not started yet, with no variables of the user's that it would read.
pub fn glimpsed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimpsed"));
    command.env_remove("ORT_DYLIB_PATH").env_remove("GLIMPSED_QNN_DIR").env_remove("GLIMPSED_LOG").stdin(Stdio::null());
    command.env("ORT_DYLIB_PATH", onnxruntime());
    // no test finds what another has built
    command.env_remove("CACHE_DIRECTORY").env_remove("HOME").env_remove("XDG_CACHE_HOME");
    command
}

/// The program, with the source that misbehaves (`faultsrc`, see tests/faults) among GStreamer's elements.
pub fn glimpsed_with_faults() -> Command {
    let mut command = glimpsed();
    command.env("GST_PLUGIN_PATH", fault_plugin().parent().unwrap());
    // a registry of the tests' own: the user's would keep an element that is not there later
    command.env("GST_REGISTRY", Path::new(env!("CARGO_TARGET_TMPDIR")).join("gst-registry.bin"));
    command
}

/// Makes `faultsrc` one of the elements of this process.
pub fn load_faults() {
    gstreamer::init().unwrap();
    gstreamer::Plugin::load_file(fault_plugin()).unwrap();
}

/// The plugin that tests/faults is built into: an example of the package, which `cargo test` and `cargo nextest run` build too.
fn fault_plugin() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let plugin = test.parent().unwrap().parent().unwrap().join("examples/libfaults.so");
    assert!(plugin.is_file(), "'{}' is not there: run `cargo build --example faults` first", plugin.display());
    plugin
}

/// Runs the program with `args` to its end.
pub fn run(args: &[&str]) -> Output {
    glimpsed().args(args).output().unwrap()
}

/// Whether this process runs only `test` (its full name). If not, runs it in such a process, whatever the test runner: for tests that
/// measure their process.
pub fn in_own_process(test: &str) -> bool {
    const ALONE: &str = "GLIMPSED_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", stderr(&output));
    false
}

/// Standard output as JSON, line by line.
pub fn json_lines(output: &Output) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON ({e}): {line}"))).collect()
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `message` without what differs from run to run: times.
pub fn without_times(mut message: serde_json::Value) -> serde_json::Value {
    let fields = message.as_object_mut().unwrap();
    fields.remove("timestamp");
    fields.remove("timing");
    message
}

/// A model whose last operators the HTP does not run.
pub fn partial() -> PathBuf {
    project().join("tests/fixtures/partial.onnx")
}

/// The classes of a model that never ran: cat, dog and owl.
pub fn animals() -> Labels {
    Labels::parse(b"cat\ndog\nowl\n", "test").unwrap()
}

/// A result of that model: number `seq` of `source`, class `best` with `confidence`, and the next class with what is left.
pub fn animal(source: &str, seq: u64, best: usize, confidence: f32) -> Prediction {
    let other = Score { index: (best + 1) % 3, confidence: 1.0 - confidence };
    Prediction {
        source: source.into(),
        seq,
        timestamp: SystemTime::UNIX_EPOCH,
        pts: None,
        width: 4,
        height: 3,
        model: "animals".into(),
        execution_provider: "CPU",
        top: vec![Score { index: best, confidence }, other],
        labels: animals().into(),
        timing: Timing::default(),
        dropped: 0,
    }
}

/// A network camera of the cheap kind: Motion JPEG over HTTP, on a port of its own, until the test ends. Any path that ends in
/// `missing` is not found.
pub struct HttpCamera {
    port: u16,
}

impl HttpCamera {
    /// One that hangs up after so many frames of each connection.
    pub fn start(frames: usize) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let picture = jpeg("smpte");
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // whoever hangs up first is right
                let _ = serve(connection, &picture, frames);
            }
        });
        Self { port }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

fn serve(mut connection: std::net::TcpStream, picture: &[u8], frames: usize) -> std::io::Result<()> {
    use std::io::{BufRead, BufReader, Write};
    let mut request = String::new();
    let mut reader = BufReader::new(connection.try_clone()?);
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request)? > 0 {}
    if request.lines().next().unwrap_or_default().contains("missing ") {
        return connection.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    connection
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\nConnection: close\r\n\r\n")?;
    for _ in 0..frames {
        write!(connection, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len())?;
        connection.write_all(picture)?;
        connection.write_all(b"\r\n")?;
    }
    connection.write_all(b"--frame--\r\n")
}

/// A small test picture as JPEG.
pub fn jpeg(pattern: &str) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    make_file(
        &format!("videotestsrc num-buffers=1 pattern={pattern} ! video/x-raw,width=64,height=48 ! jpegenc ! filesink name=file"),
        file.path(),
    );
    std::fs::read(file.path()).unwrap()
}

/// Writes what the pipeline of `text` gives to its `filesink name=file`.
pub fn make_file(text: &str, path: &Path) {
    use gstreamer::prelude::*;
    gstreamer::init().unwrap();
    let pipeline = gstreamer::parse::launch(text).unwrap().downcast::<gstreamer::Pipeline>().unwrap();
    pipeline.by_name("file").unwrap().set_property("location", path);
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    let types = [gstreamer::MessageType::Eos, gstreamer::MessageType::Error];
    let end = pipeline.bus().unwrap().timed_pop_filtered(gstreamer::ClockTime::from_seconds(60), &types).unwrap();
    assert_eq!(end.type_(), gstreamer::MessageType::Eos, "{end:?}");
    pipeline.set_state(gstreamer::State::Null).unwrap();
}
