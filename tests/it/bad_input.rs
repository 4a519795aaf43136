//! Errors say what was being done, with what, and what to do next, with the exit status that scripts and systemd expect, and print
//! nothing on standard output.

use crate::common;
use std::fs;
use std::path::Path;
use std::process::Command;

/// An invalid input: what it is, the arguments, the exit status, and parts of the message.
type Case<'a> = (&'a str, Vec<String>, i32, &'a [&'a str]);

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `run` with the built-in model on gst-launch text.
fn pipeline(text: &str) -> Vec<String> {
    words(&format!("run --model testcard -- {text}"))
}

/// The built-in model as a file.
fn onnx() -> Vec<u8> {
    fs::read(common::project().join("models/testcard/testcard.onnx")).unwrap()
}

/// A shared library that reports an old version of ONNX Runtime.
fn old_onnxruntime(folder: &Path) -> String {
    let library = folder.join("libonnxruntime.so.1.17.1");
    let source = common::project().join("tests/fixtures/old_onnxruntime.c");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status().unwrap();
    assert!(compiled.success());
    library.display().to_string()
}

#[test]
fn each_is_reported_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let file = |name: &str, bytes: &[u8]| {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        at(name)
    };
    let labels = |name: &str, bytes: &[u8]| {
        let path = file(name, bytes);
        words(&format!("classify --model {} --labels {path} x.png", at("good.onnx")))
    };
    file("good.onnx", &onnx());
    let named = |count: usize| (0..count).map(|n| format!("name {n}\n")).collect::<String>();
    let old = old_onnxruntime(folder.path());
    let picture = file("picture.jpg", b"this is no picture at all, only some text that goes on for a while");
    let empty = file("empty.png", b"");
    let classify = |image: &str| words(&format!("classify --model testcard {image}"));
    let classify_by = |model: &str| words(&format!("classify --model {model} x.png"));
    let launch = file("unset.launch", b"# needs a device\nv4l2src device=${GLIMPSED_TEST_DEVICE} ! appsink name=frames\n");
    let nothing = file("nothing.launch", b"# only a comment\n");
    file("described/good.onnx", &onnx());
    let metadata = "model_files:\n  good.onnx:\n    inputs:\n      image:\n        shape: [1, 3, 256, 256]\n        dtype: uint8\n        quantization_parameters: {scale: 0.5, zero_point: 0}\n";
    file("described/metadata.yaml", metadata.as_bytes());
    file("garbled/good.onnx", &onnx());
    file("garbled/metadata.json", b"{\"model_files\": 7}");

    let mut cases: Vec<Case> = vec![
        ("no model", classify_by(&at("none.onnx")), 78, &["cannot read the model", "No such file", "--model"]),
        ("not ONNX", classify_by(&file("text.onnx", b"GIF89a not a model")), 78, &["is not an ONNX file"]),
        ("empty model", classify_by(&file("zero.onnx", b"")), 78, &["is not an ONNX file", "empty"]),
        ("truncated", classify_by(&file("cut.onnx", &onnx()[..50_000])), 78, &["cut short or damaged", "fetch it again"]),
        (
            "metadata disagrees",
            classify_by(&at("described/good.onnx")),
            78,
            &["disagree", "shape [1, 3, 256, 256] there, [1, 3, 224, 224] here", "scale 0.5 there"],
        ),
        (
            "too few labels",
            labels("few.txt", named(17).as_bytes()),
            78,
            &["name 17 classes", "has 18", "Line 18 is the first one missing", "background"],
        ),
        (
            "too many labels",
            labels("many.txt", named(20).as_bytes()),
            78,
            &["name 20 classes", "has 18", "Line 19 ('name 18') is the first one too many"],
        ),
        ("empty labels", labels("none.txt", b"\n\n"), 78, &["are empty", "One label a line"]),
        ("labels not UTF-8", labels("latin.txt", b"a\nb\xe4r\n"), 78, &["not UTF-8 (line 2)", "iconv"]),
        (
            "no labels file",
            words(&format!("classify --model testcard --labels {} x.png", at("no.txt"))),
            78,
            &["cannot read the labels", "No such file"],
        ),
        ("no appsink", pipeline("videotestsrc ! fakesink"), 78, &["no appsink named 'frames'", "! appsink name=frames"]),
        (
            "another element called frames",
            pipeline("videotestsrc ! fakesink name=frames"),
            78,
            &["'frames' is a fakesink", "not an appsink"],
        ),
        ("one element", pipeline("appsink name=frames"), 78, &["no appsink named 'frames'"]),
        (
            "unknown element",
            pipeline("qtiqmmfsrc ! appsink name=frames"),
            78,
            &["no element \"qtiqmmfsrc\"", "gstreamer1.0-plugins-qcom-good"],
        ),
        ("syntax", pipeline("videotestsrc ! ! appsink name=frames"), 78, &["cannot build the pipeline", "syntax error"]),
        ("unknown property", pipeline("videotestsrc colour=red ! appsink name=frames"), 78, &["no property \"colour\""]),
        (
            "no common format",
            pipeline("videotestsrc num-buffers=1 ! video/x-raw,format=GRAY16_LE ! appsink name=frames"),
            1,
            &["no format in common", "videoconvert"],
        ),
        (
            "unset variable",
            words(&format!("run --model testcard --pipeline {launch}")),
            78,
            &["needs the variable GLIMPSED_TEST_DEVICE (line 2)", "--var GLIMPSED_TEST_DEVICE=VALUE"],
        ),
        ("empty pipeline", words(&format!("run --model testcard --pipeline {nothing}")), 78, &["is empty"]),
        (
            "no pipeline file",
            words(&format!("run --model testcard --pipeline {}", at("no.launch"))),
            78,
            &["cannot read the pipeline", "No such file"],
        ),
        (
            "libonnxruntime missing",
            words(&format!("demo --onnxruntime {}", at("libonnxruntime.so"))),
            78,
            &["cannot load ONNX Runtime", "--onnxruntime specifies", "pip download"],
        ),
        (
            "libonnxruntime too old",
            words(&format!("demo --onnxruntime {old}")),
            78,
            &["its version 1.17.1 is too old", "1.23 or newer is required"],
        ),
        (
            "libonnxruntime no library",
            words(&format!("demo --onnxruntime {}", file("libonnxruntime.so.9", b"text"))),
            78,
            &["cannot load ONNX Runtime", "libonnxruntime.so.9", "file too short"],
        ),
        (
            "QNN missing",
            words(&format!("demo --provider qnn --qnn-dir {}", folder.path().display())),
            78,
            &["cannot find the QNN libraries", "libQnnHtp.so", "pip download"],
        ),
        ("no picture", classify(&at("no.png")), 1, &["cannot classify", "No such file"]),
        ("not a picture", classify(&picture), 1, &["cannot classify", "not a picture or video that GStreamer knows"]),
        ("zero-size file", classify(&empty), 1, &["cannot classify", "empty.png"]),
        ("a folder", classify(&folder.path().display().to_string()), 1, &["cannot classify", "directory"]),
        (
            "a configuration file that is not there",
            words("run --config /nowhere.toml"),
            78,
            &["cannot read the configuration '/nowhere.toml'", "glimpsed.toml.example"],
        ),
        ("a name without a pipeline", words("run --model testcard --name front"), 2, &["--pipeline <FILE>"]),
        ("no model at all", words("run -- videotestsrc ! appsink name=frames"), 2, &["--model"]),
        ("unknown flag", words("demo --colour"), 2, &["--colour"]),
        ("top 0", words("demo --top 0"), 2, &["at least 1"]),
        ("unknown provider", words("demo --provider gpu"), 2, &["cpu", "qnn", "auto"]),
        ("json and text", words("demo --json --text"), 2, &["cannot be used with"]),
    ];
    if let Some(testdata) = common::testdata() {
        let external = file("alone/model.onnx", &fs::read(testdata.join("models/squeezenet1_1_w8a8_external/model.onnx")).unwrap());
        let short = file("short/model.onnx", &fs::read(&external).unwrap());
        file("short/model.data", b"too short");
        let dynamic = testdata.join("models/squeezenet1_1_w8a8_dynamic.onnx").display().to_string();
        let more: [Case; 3] = [
            ("external data missing", classify_by(&external), 78, &["'model.data'", "No such file", "next to the model"]),
            ("external data short", classify_by(&short), 78, &["truncated", "9 bytes"]),
            ("dynamic", classify_by(&dynamic), 78, &["takes pictures of any size", "[batch, 3, height, width]", "--size"]),
        ];
        cases.extend(more);
    }
    for (what, args, status, said) in cases {
        let output = common::glimpsed().args(&args).output().unwrap();
        let log = common::stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{what}: {log}");
        assert!(output.stdout.is_empty(), "{what}: standard output holds {:?}", String::from_utf8_lossy(&output.stdout));
        for part in said {
            assert!(log.contains(part), "{what}: '{part}' is not in\n{log}");
        }
        assert!(!log.contains("panicked"), "{what}: {log}");
    }
}

#[test]
fn labels_with_a_byte_order_mark_and_crlf_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.txt");
    let names: String = (0..18).map(|n| format!("name {n}\r\n")).collect();
    fs::write(&labels, format!("\u{feff}{names}\r\n")).unwrap();
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--model", "testcard", "--labels"]).arg(&labels).args(["--frames", "1", "--"]);
    let output = command.args("videotestsrc pattern=snow ! appsink name=frames".split(' ')).output().unwrap();
    assert_eq!(common::json_lines(&output)[0]["classifications"][0]["label"], "name 2", "{}", common::stderr(&output));
}
