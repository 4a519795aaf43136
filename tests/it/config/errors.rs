//! Errors of the configuration file: each with its line and a hint, all of them at once.

use super::{CAMERA, MODEL, parse, parse_with};
use glimpsed::config::GROUPS;
use glimpsed::error::Kind;
use glimpsed::settings::Flags;
use std::path::Path;

#[test]
fn each_error_is_reported_with_its_line_and_a_hint() {
    // the text, and the expected messages; a camera is appended if the text has none
    let cases: &[(&str, &[&str])] = &[
        ("[modle]\nfile = \"x\"", &["line 3: unknown key 'modle' at the top level; did you mean 'model'?"]),
        ("[execution]\nprovder = \"cpu\"", &["line 4: unknown key 'provder' in [execution]; did you mean 'provider'?"]),
        ("provider = \"cpu\"", &["line 3: unknown key 'provider' in [model]; it belongs in [execution]"]),
        (
            "zzz = 1",
            &["line 3: unknown key 'zzz' in [model]; known keys: activation, bars, classes, colour, crop_share, execution, file"],
        ),
        ("top = 0", &["line 3: model.top must be a whole number of at least 1, not 0"]),
        ("top = \"five\"", &["line 3: model.top must be a whole number of at least 1, not \"five\""]),
        ("top = 2.5", &["model.top must be a whole number of at least 1, not 2.5"]),
        (
            "resize = \"squash\"",
            &["model.resize must be one of \"stretch\", \"crop\", \"letterbox\", \"letterbox-left\", not \"squash\""],
        ),
        ("filter = 3", &["model.filter must be one of \"bicubic\"", "not 3"]),
        ("mean = [0.5, 0.5]", &["model.mean must be three numbers from -10000 to 10000, as in [0.485, 0.456, 0.406]"]),
        ("std = [0.2, 0.2, 0]", &["model.std must be three numbers from 0.000001 to 10000, as in [0.229, 0.224, 0.225]"]),
        ("labels = \"/nowhere/labels.txt\"", &["cannot read the labels '/nowhere/labels.txt'"]),
        ("[execution]\nprovider = \"gpu\"", &["line 4: execution.provider must be one of \"cpu\", \"qnn\", \"auto\", not \"gpu\""]),
        ("[execution]\nprovider = \"npu\"", &["not \"npu\"; did you mean \"qnn\"?"]),
        (
            "[execution]\nthreads = -1",
            &["execution.threads must be a whole number from 1 to ", ", the processors of this machine, not -1"],
        ),
        ("[socket]\nmode = \"660\"", &["line 3: [socket] says no path"]),
        ("[socket]\npath = \"s\"\nmode = 660", &["socket.mode must be three octal digits in quotes, as in \"660\", not 660"]),
        ("[socket]\npath = \"\"", &["socket.path must be a path in quotes, not \"\""]),
        ("[output]\nstdout = \"xml\"", &["output.stdout must be one of \"json\", \"text\", \"none\", not \"xml\""]),
        ("[output]\nstatus_interval = 60", &["output.status_interval must be a time in quotes, as in \"5s\""]),
        (
            "[output]\nstatus_interval = \"0s\"",
            &["output.status_interval must be a time from 1ms to 8760h, as in \"5s\", not \"0s\""],
        ),
        ("[execution]\nthreads = 100000", &["execution.threads must be a whole number from 1 to ", "not 100000"]),
        ("[execution]\nrun_timeout = \"9223372036854775807s\"", &["execution.run_timeout must be a time from 1ms to 8760h"]),
        ("[socket]\npath = \"s\"\nlimit = 99999999999999", &["socket.limit must be a whole number from 1 to 65536"]),
        ("mean = [1e30, 0, 0]", &["model.mean must be three numbers from -10000 to 10000"]),
        ("std = [1, 1, 1e-30]", &["model.std must be three numbers from 0.000001 to 10000"]),
        ("[execution]\nallow_partial = 1", &["line 4: execution.allow_partial must be true or false, not 1"]),
        (
            "[execution.qnn]\nhtp_performance_mod = \"burst\"",
            &["line 4: unknown key 'htp_performance_mod' in [execution.qnn]; did you mean 'htp_performance_mode'?"],
        ),
        ("[execution.qnn]\nhtp_performance_mode = \"fast\"", &["line 4: htp_performance_mode is one of burst, balanced"]),
        ("[execution.qnn]\nbackend_type = \"cpu\"", &["line 4: backend_type = cpu would not use the NPU"]),
        ("[execution.qnn]\nprofiling_level = \"basic\"", &["profiling_level needs profiling_file_path"]),
        (
            "[execution]\nprovider = \"qnn\"\nallow_partial = true",
            &["line 5: allow_partial has no effect without provider = \"auto\""],
        ),
        ("[[camera]]\nrotate = 45\nlaunch = \"x\"", &["camera.rotate must be one of \"auto\", 0, 90, 180, 270, not 45"]),
        ("model = 1", &["line 3: unknown key 'model' in [model]; it belongs at the top level"]),
        ("[vars]\nRATE = true", &["line 4: the variable RATE must be a text in quotes, not true"]),
        ("[camera]\nname = \"front\"", &["line 3: each camera is a section of its own, with double brackets: [[camera]]"]),
        ("[[camera]]\nname = \"front\"", &["line 3: this camera has neither a pipeline (a .launch file) nor a launch"]),
        (
            "[[camera]]\nlaunch = \"videotestsrc ! appsink name=frames\"\npipeline = \"x.launch\"",
            &["line 3: a camera has a pipeline (a file) or a launch (the text itself), not both"],
        ),
        ("[[camera]]\npipeline = \"x.launch\"", &["line 4: cannot read the pipeline '/etc/glimpsed/x.launch'"]),
        (
            "[[camera]]\nlaunch = \"v4l2src device=${DEVICE} ! appsink name=frames\"",
            &["line 4: the pipeline 'of camera' needs the variable DEVICE (line 1), which is not set"],
        ),
        ("[[camera]]\nlaunch = \"videotestsrc ! fakesink\"", &["line 4: camera: the pipeline has no appsink named 'frames'"]),
        (
            "[[camera]]\nlaunch = \"vidotestsrc ! appsink name=frames\"",
            &["line 4: camera: cannot build the pipeline", "vidotestsrc"],
        ),
        (
            "[[camera]]\nlaunch = \"videotestsrc ! identity name=labels ! appsink name=frames\"",
            &["'labels' is a identity in this pipeline, not a textoverlay"],
        ),
        (
            "[[camera]]\nname = \"a\"\nlaunch = \"videotestsrc ! appsink name=frames\"\n\
             [[camera]]\nlaunch = \"videotestsrc ! appsink name=frames\"",
            &["line 6: this camera has no name; with more than one, each needs its own"],
        ),
        (
            "[[camera]]\nname = \"a\"\nlaunch = \"videotestsrc ! appsink name=frames\"\n\
             [[camera]]\nname = \"a\"\nlaunch = \"videotestsrc ! appsink name=frames\"",
            &["line 6: a second camera is called 'a'; the first one is in line 3"],
        ),
        (
            "[[camera]]\nname = \" \"\nlaunch = \"videotestsrc ! appsink name=frames\"",
            &["line 4: a camera's name is a word or two"],
        ),
        (
            "[[camera]]\nstall_timeout = \"soon\"\nlaunch = \"videotestsrc ! appsink name=frames\"",
            &["line 4: camera.stall_timeout must be a time from 1ms to 8760h", "not \"soon\""],
        ),
        (
            "[[camera]]\non_stuck_after = 3\nlaunch = \"videotestsrc ! appsink name=frames\"",
            &["on_stuck_after without on_stuck: there is no command to run"],
        ),
        ("top = 5\ntop = 6", &["line 4: duplicate key"]),
        ("labels = \"x", &["line 3: "]),
    ];
    for (text, said) in cases {
        let camera = if text.contains("camera]") { "" } else { CAMERA };
        let error = parse(&format!("{MODEL}{text}\n{camera}")).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{text}");
        let message = error.to_string();
        said.iter().for_each(|said| assert!(message.contains(said), "{text}\n{message}"));
    }
    assert!(cases.len() >= 20);
}

#[test]
fn missing_settings_are_reported_too() {
    let message = parse("").unwrap_err().to_string();
    assert!(
        message.contains("2 errors") && message.contains("no model is set") && message.contains("there is no camera"),
        "{message}"
    );
    let message = parse(&format!("[model]\nfile = \"nothere.onnx\"\n{CAMERA}")).unwrap_err().to_string();
    assert!(message.contains("line 2: cannot read the model '/etc/glimpsed/nothere.onnx'"), "{message}");
}

#[test]
fn after_a_syntax_error_nothing_else_is_reported() {
    // each would cause further errors, such as a missing or an unknown key
    for (text, line) in [
        ("[model\nfile = \"testcard\"\n[[camera]]\nlaunch = \"nonsense\"\n", 1),
        ("[model]\nfile = \"testcard\n[[camera]]\nlaunch = \"nonsense\"\n", 2),
        ("[model]\nfile testcard\ntopp = 1\n", 2),
        ("[model]\nfile = testcard\n[[camera]\nlaunch = \"x\"\n", 2),
        ("[model]\nmean = [0, 0,\nfile = \"testcard\"\n[[camera]]\n", 3),
        ("[model]\nfile = \"testcard\"\nfile = \"testcard\"\nlabels = \"/nowhere\"\n", 3),
    ] {
        let message = parse(text).unwrap_err().to_string();
        let lines: Vec<_> = message.lines().collect();
        assert!(lines.len() == 2 && lines[0] == "test.toml: 1 error", "{text}\n{message}");
        assert!(lines[1].starts_with(&format!("  line {line}: ")) && lines[1].ends_with("once this is fixed"), "{text}\n{message}");
    }
}

#[test]
fn hints_about_the_file_name_its_keys() {
    let cases = [
        ("[model]\nfile = \"nothere.onnx\"\n", "file = \"FILE\" in [model] names an ONNX file"),
        ("[model]\nfile = \"testcard\"\nlabels = \"nothere\"\n", "labels = \"FILE\" in [model] names a text file"),
        (
            "[model]\nfile = \"testcard\"\n[[camera]]\npipeline = \"nothere\"\n",
            "pipeline = \"FILE\" in [[camera]] names a .launch file",
        ),
        (
            "[model]\nfile = \"testcard\"\n[[camera]]\nlaunch = \"v4l2src device=${X}\"\n",
            "Set it: X = \"VALUE\" in [vars] or X=VALUE in",
        ),
        ("", "no model is set: file = \"FILE\" in [model]"),
    ];
    for (text, advice) in cases {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.contains(advice) && !message.contains("--"), "{message}");
    }
}

#[test]
fn hints_about_flags_name_the_flags() {
    let flags = Flags::of(&GROUPS, &[("--model", "nothere.onnx")]);
    let text = format!("[model]\nfile = \"testcard\"\n{CAMERA}");
    let message = parse_with(&text, Path::new("/"), &flags).unwrap_err().to_string();
    assert!(message.contains("--model FILE names an ONNX file"), "{message}");
}

#[test]
fn all_errors_are_reported_at_once_in_the_order_of_the_file() {
    let text = "[model]\nfile = \"nothere.onnx\"\ntopp = 1\n[execution]\nthreads = 0\n[[camera]]\nlaunch = \"nonsense\"\n";
    let message = parse(text).unwrap_err().to_string();
    let lines: Vec<_> = message.lines().filter(|line| line.trim_start().starts_with("line ")).collect();
    let numbers: Vec<_> = lines.iter().map(|line| line.trim_start()[5..].split(':').next().unwrap()).collect();
    assert_eq!(numbers, ["2", "3", "5", "7"], "{message}");
    assert!(message.starts_with("test.toml: 4 errors"), "{message}");
}

#[test]
fn too_many_cameras_are_refused() {
    let camera = |n: usize| format!("[[camera]]\nname = \"camera {n}\"\n");
    let text: String = (0..=256).map(camera).collect();
    let message = parse(&format!("{MODEL}{text}")).unwrap_err().to_string();
    assert!(message.contains("too many cameras: at most 256 are allowed"), "{message}");
}
