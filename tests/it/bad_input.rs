//! Errors say what was being done, with what, and what to do next, with the exit status that scripts and systemd expect, and print
//! nothing on standard output.

use crate::common;
use std::fs;
use std::path::Path;
use std::process::Command;

/// An invalid input, and the expected message.
struct Case<'a> {
    what: &'a str,
    args: Vec<String>,
    status: i32,
    said: &'a [&'a str],
}

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

    let mut cases = vec![
        Case {
            what: "no model",
            args: classify_by(&at("none.onnx")),
            status: 78,
            said: &["cannot read the model", "No such file", "--model"],
        },
        Case {
            what: "not ONNX",
            args: classify_by(&file("text.onnx", b"GIF89a not a model")),
            status: 78,
            said: &["is not an ONNX file"],
        },
        Case {
            what: "empty model",
            args: classify_by(&file("zero.onnx", b"")),
            status: 78,
            said: &["is not an ONNX file", "empty"],
        },
        Case {
            what: "truncated",
            args: classify_by(&file("cut.onnx", &onnx()[..50_000])),
            status: 78,
            said: &["cut short or damaged", "fetch it again"],
        },
        Case {
            what: "metadata disagrees",
            args: classify_by(&at("described/good.onnx")),
            status: 78,
            said: &["disagree", "shape [1, 3, 256, 256] there, [1, 3, 224, 224] here", "scale 0.5 there"],
        },
        Case {
            what: "too few labels",
            args: labels("few.txt", named(17).as_bytes()),
            status: 78,
            said: &["name 17 classes", "has 18", "Line 18 is the first one missing", "background"],
        },
        Case {
            what: "too many labels",
            args: labels("many.txt", named(20).as_bytes()),
            status: 78,
            said: &["name 20 classes", "has 18", "Line 19 ('name 18') is the first one too many"],
        },
        Case { what: "empty labels", args: labels("none.txt", b"\n\n"), status: 78, said: &["are empty", "One label a line"] },
        Case {
            what: "labels not UTF-8",
            args: labels("latin.txt", b"a\nb\xe4r\n"),
            status: 78,
            said: &["not UTF-8 (line 2)", "iconv"],
        },
        Case {
            what: "no labels file",
            args: words(&format!("classify --model testcard --labels {} x.png", at("no.txt"))),
            status: 78,
            said: &["cannot read the labels", "No such file"],
        },
        Case {
            what: "no appsink",
            args: pipeline("videotestsrc ! fakesink"),
            status: 78,
            said: &["no appsink named 'frames'", "! appsink name=frames"],
        },
        Case {
            what: "another element called frames",
            args: pipeline("videotestsrc ! fakesink name=frames"),
            status: 78,
            said: &["'frames' is a fakesink", "not an appsink"],
        },
        Case { what: "one element", args: pipeline("appsink name=frames"), status: 78, said: &["no appsink named 'frames'"] },
        Case {
            what: "unknown element",
            args: pipeline("qtiqmmfsrc ! appsink name=frames"),
            status: 78,
            said: &["no element \"qtiqmmfsrc\"", "gstreamer1.0-plugins-qcom-good"],
        },
        Case {
            what: "syntax",
            args: pipeline("videotestsrc ! ! appsink name=frames"),
            status: 78,
            said: &["cannot build the pipeline", "syntax error"],
        },
        Case {
            what: "unknown property",
            args: pipeline("videotestsrc colour=red ! appsink name=frames"),
            status: 78,
            said: &["no property \"colour\""],
        },
        Case {
            what: "no common format",
            args: pipeline("videotestsrc num-buffers=1 ! video/x-raw,format=GRAY16_LE ! appsink name=frames"),
            status: 1,
            said: &["no format in common", "videoconvert"],
        },
        Case {
            what: "unset variable",
            args: words(&format!("run --model testcard --pipeline {launch}")),
            status: 78,
            said: &["needs the variable GLIMPSED_TEST_DEVICE (line 2)", "--var GLIMPSED_TEST_DEVICE=VALUE"],
        },
        Case {
            what: "empty pipeline",
            args: words(&format!("run --model testcard --pipeline {nothing}")),
            status: 78,
            said: &["is empty"],
        },
        Case {
            what: "no pipeline file",
            args: words(&format!("run --model testcard --pipeline {}", at("no.launch"))),
            status: 78,
            said: &["cannot read the pipeline", "No such file"],
        },
        Case {
            what: "libonnxruntime missing",
            args: words(&format!("demo --onnxruntime {}", at("libonnxruntime.so"))),
            status: 78,
            said: &["cannot load ONNX Runtime", "--onnxruntime specifies", "pip download"],
        },
        Case {
            what: "libonnxruntime too old",
            args: words(&format!("demo --onnxruntime {old}")),
            status: 78,
            said: &["its version 1.17.1 is too old", "1.23 or newer is required"],
        },
        Case {
            what: "libonnxruntime no library",
            args: words(&format!("demo --onnxruntime {}", file("libonnxruntime.so.9", b"text"))),
            status: 78,
            said: &["cannot load ONNX Runtime", "libonnxruntime.so.9"],
        },
        Case {
            what: "QNN missing",
            args: words(&format!("demo --provider qnn --qnn-dir {}", folder.path().display())),
            status: 78,
            said: &["cannot find the QNN libraries", "libQnnHtp.so", "pip download"],
        },
        Case { what: "no picture", args: classify(&at("no.png")), status: 1, said: &["cannot classify", "No such file"] },
        Case {
            what: "not a picture",
            args: classify(&picture),
            status: 1,
            said: &["cannot classify", "not a picture or video that GStreamer knows"],
        },
        Case { what: "zero-size file", args: classify(&empty), status: 1, said: &["cannot classify", "empty.png"] },
        Case {
            what: "a folder",
            args: classify(&folder.path().display().to_string()),
            status: 1,
            said: &["cannot classify", "directory"],
        },
        Case {
            what: "a configuration file that is not there",
            args: words("run --config /nowhere.toml"),
            status: 78,
            said: &["cannot read the configuration '/nowhere.toml'", "glimpsed.toml.example"],
        },
        Case {
            what: "a name without a pipeline",
            args: words("run --model testcard --name front"),
            status: 2,
            said: &["--pipeline <FILE>"],
        },
        Case { what: "no model at all", args: words("run -- videotestsrc ! appsink name=frames"), status: 2, said: &["--model"] },
        Case { what: "unknown flag", args: words("demo --colour"), status: 2, said: &["--colour"] },
        Case { what: "top 0", args: words("demo --top 0"), status: 2, said: &["at least 1"] },
        Case { what: "unknown provider", args: words("demo --provider gpu"), status: 2, said: &["cpu", "qnn", "auto"] },
        Case { what: "json and text", args: words("demo --json --text"), status: 2, said: &["cannot be used with"] },
    ];
    if let Some(testdata) = common::testdata() {
        let external = file("alone/model.onnx", &fs::read(testdata.join("models/squeezenet1_1_w8a8_external/model.onnx")).unwrap());
        let short = file("short/model.onnx", &fs::read(&external).unwrap());
        file("short/model.data", b"too short");
        let dynamic = testdata.join("models/squeezenet1_1_w8a8_dynamic.onnx").display().to_string();
        cases.extend([
            Case {
                what: "external data missing",
                args: classify_by(&external),
                status: 78,
                said: &["'model.data'", "No such file", "next to the model"],
            },
            Case { what: "external data short", args: classify_by(&short), status: 78, said: &["truncated", "9 bytes"] },
            Case {
                what: "dynamic",
                args: classify_by(&dynamic),
                status: 78,
                said: &["takes pictures of any size", "[batch, 3, height, width]", "--size"],
            },
        ]);
    }
    for Case { what, args, status, said } in cases {
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
