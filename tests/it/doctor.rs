//! `glimpsed doctor`: what a first run needs, in order, with what to do next; its exit status is for scripts.

use crate::common;
use glimpsed::npu;
use serde_json::Value;
use std::process::Output;

const SOURCE: [&str; 6] = ["--", "videotestsrc", "is-live=true", "!", "appsink", "name=frames"];

fn doctor(flags: &[&str]) -> Output {
    common::glimpsed().arg("doctor").args(flags).output().unwrap()
}

/// The findings of the section `about`: mark, what, hint.
fn about(output: &Output, about: &str) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["findings"].as_array().unwrap().iter().filter(|finding| finding["about"] == about);
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    found.map(|finding| (text(finding, "mark"), text(finding, "what"), text(finding, "hint"))).collect()
}

#[test]
fn a_complete_machine_passes_all_checks_and_a_real_inference() {
    let output = doctor(&[&["--model", "testcard"][..], &SOURCE].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", common::stderr(&output));
    for said in [
        "✓ configuration  the flags: valid, 1 camera",
        "✓ ONNX Runtime   1.",
        "✓ NPU            not asked for (provider cpu)",
        "✓ GStreamer      1.",
        "the pipeline of camera has all its elements: appsink, videotestsrc",
        "cameras",
        "✓ model          testcard: 18 classes, named",
        "✓ inference      CPU: a test picture is 'SMPTE color bars'",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(!text.contains('✗'));
}

/// Debian's package of ONNX Runtime has only a file with the version in its name.
#[test]
fn onnx_runtime_is_found_in_a_folder_of_the_system_by_the_version_in_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join("libraries").join(name);
    std::fs::create_dir(at("")).unwrap();
    let library = common::files_of(&common::onnxruntime().join("onnxruntime/capi"))
        .into_iter()
        .find(|file| file.to_string_lossy().contains("libonnxruntime.so"));
    std::os::unix::fs::symlink(library.unwrap(), at("libonnxruntime.so.1.99")).unwrap();
    for too_old in ["libonnxruntime.so.1.9", "libonnxruntime.so.1.21"] {
        std::fs::write(at(too_old), "never loaded").unwrap();
    }
    // a program without libraries of its own
    let copy = folder.path().join("glimpsed");
    std::fs::copy(env!("CARGO_BIN_EXE_glimpsed"), &copy).unwrap();
    let found = || {
        let mut program = std::process::Command::new(&copy);
        program.args(["doctor", "--json", "--model", "testcard"]).env_remove("ORT_DYLIB_PATH").env("LD_LIBRARY_PATH", at(""));
        about(&program.output().unwrap(), "ONNX Runtime").remove(0)
    };
    let (mark, what, _) = found();
    assert_eq!(mark, "ok", "{what}");
    std::fs::remove_file(at("libonnxruntime.so.1.99")).unwrap();
    let (mark, what, hint) = found();
    let said = what + &hint;
    assert!(
        mark == "fail" && said.contains("libonnxruntime.so.1.21: its version 1.21 is too old; 1.23 or newer is required"),
        "{said}"
    );
}

#[test]
fn a_model_alone_is_checked_without_a_camera() {
    let output = doctor(&["--json", "--model", "testcard"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(about(&output, "configuration")[0].1.contains("no camera is checked") && about(&output, "cameras").is_empty());
    for topic in ["ONNX Runtime", "NPU", "GStreamer", "model", "inference"] {
        assert_eq!(about(&output, topic)[0].0, "ok", "{topic}");
    }

    let none = doctor(&["--json", "--model", "nothere.onnx"]);
    assert_eq!(none.status.code(), Some(1));
    let [(mark, what, hint)] = &about(&none, "model")[..1] else { panic!("one finding") };
    assert!(mark == "fail" && what.contains("'nothere.onnx'") && hint.contains("--model FILE"), "{what}: {hint}");
}

#[test]
fn errors_are_marked_and_the_other_checks_still_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[model]\nfile = \"testcard\"\ntopp = 1\n[[camera]]\nlaunch = \"nonsense ! appsink name=frames\"\n")
        .unwrap();
    let output = doctor(&["--json", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(common::stderr(&output).contains("1 problem prevents"));
    let [(mark, what, hint)] = &about(&output, "configuration")[..] else { panic!("one finding") };
    assert!(mark == "fail" && what.contains("2 errors"), "{what}");
    assert!(hint.contains("did you mean 'top'?") && hint.contains("no element \"nonsense\""), "{hint}");
    assert_eq!(about(&output, "inference")[0].0, "ok", "the inference is tried nevertheless");
}

#[test]
fn problems_that_would_stop_run_are_found() {
    let none = doctor(&[&["--json", "--model", "testcard", "--onnxruntime", "/nowhere.so"][..], &SOURCE].concat());
    assert_eq!(none.status.code(), Some(1));
    assert_eq!((&*about(&none, "ONNX Runtime")[0].0, &*about(&none, "inference")[0].0), ("fail", "fail"));

    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    let npu =
        |provider| doctor(&[&["--json", "--model", "testcard", "--provider", provider, "--qnn-dir", folder][..], &SOURCE].concat());
    let strict = npu("qnn");
    assert_eq!((strict.status.code(), &*about(&strict, "NPU")[0].0), (Some(1), "fail"));
    assert!(about(&strict, "NPU")[0].1.contains("cannot find the QNN libraries"));
    let auto = npu("auto");
    assert_eq!((auto.status.code(), &*about(&auto, "NPU")[0].0), (Some(0), "note"));
    assert!(about(&auto, "inference")[0].2.contains("took the CPU"), "{:?}", about(&auto, "inference"));
}

#[test]
fn the_npu_of_this_machine_runs_an_inference() {
    let Some(folder) = common::qnn_dir() else { return };
    let flags = ["--json", "--model", "testcard", "--provider", "qnn", "--qnn-dir", folder.to_str().unwrap()];
    let mut command = common::glimpsed();
    command.arg("doctor").args(flags).args(SOURCE).env("ADSP_LIBRARY_PATH", "/a:/b");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(
        about(&output, "NPU").iter().any(|(mark, what, hint)| mark == "note" && what.contains("has a ':'") && hint.contains("';'"))
    );
    assert!(about(&output, "inference")[0].1.starts_with(&format!("{} 41/41 nodes: a test picture is", npu::NAME)));
}

#[test]
fn absent_cameras_and_used_sockets_are_notes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let _taken = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let flags = ["--json", "--model", "testcard", "--socket", path.to_str().unwrap(), "--", "v4l2src", "device=/dev/video77"];
    let output = doctor(&[&flags[..], &["!", "queue", "name=old", "!", "appsink", "name=frames"]].concat());
    assert!(output.status.success(), "{}", common::stderr(&output));
    let said =
        |topic: &str, words: &str| about(&output, topic).iter().any(|(mark, what, _)| mark == "note" && what.contains(words));
    assert!(said("cameras", "camera is to open '/dev/video77', which is not there now"));
    assert!(said("socket", "somebody listens at"));
    assert!(said("GStreamer", "'old' of camera keeps old frames"));
}
