//! The configuration file: all errors are reported at once, with line and hint; the shipped example is valid.

use crate::common;
use glimpsed::capture::{Limits, Rotate, Turn};
use glimpsed::config::{self, GROUPS, Output, Settings};
use glimpsed::error::{Kind, Result};
use glimpsed::frame::Orientation;
use glimpsed::preprocess::{Filter, Fit};
use glimpsed::publish::Format;
use glimpsed::runtime::Provider;
use glimpsed::settings::Flags;
use glimpsed::startup;
use std::path::Path;
use std::time::Duration;

fn parse(text: &str) -> Result<Settings> {
    parse_with(text, Path::new("/etc/glimpsed"), &Flags::default())
}

fn parse_with(text: &str, folder: &Path, flags: &Flags) -> Result<Settings> {
    Ok(startup::open(config::parse(text, folder, "test.toml", flags, &|_| None)?)?.settings)
}

/// A valid beginning, put in front of each invalid text.
const MODEL: &str = "[model]\nfile = \"testcard\"\n";
const CAMERA: &str = "[[camera]]\nname = \"front\"\nlaunch = \"videotestsrc is-live=true ! appsink name=frames\"\n";

#[test]
fn each_error_is_reported_with_its_line_and_a_hint() {
    // the text, and the expected messages; a camera is appended if the text has none
    let cases: &[(&str, &[&str])] = &[
        ("[modle]\nfile = \"x\"", &["line 3: unknown key 'modle' at the top level; did you mean 'model'?"]),
        ("[execution]\nprovder = \"cpu\"", &["line 4: unknown key 'provder' in [execution]; did you mean 'provider'?"]),
        ("provider = \"cpu\"", &["line 3: unknown key 'provider' in [model]; it belongs in [execution]"]),
        ("zzz = 1", &["line 3: unknown key 'zzz' in [model]; known keys: activation, bars, colour, crop_share, file"]),
        ("top = 0", &["line 3: model.top must be a whole number of at least 1, not 0"]),
        ("top = \"five\"", &["line 3: model.top must be a whole number of at least 1, not \"five\""]),
        ("top = 2.5", &["model.top must be a whole number of at least 1, not 2.5"]),
        ("resize = \"squash\"", &["model.resize must be one of \"stretch\", \"crop\", \"letterbox\", not \"squash\""]),
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
fn every_key_is_read() {
    let text = r#"
        [model]
        file = "testcard"
        top = 3
        resize = "crop"
        filter = "box"
        mean = [0.04, 0.04, 0.04]
        std = [1, 1, 1]
        [execution]
        provider = "auto"
        onnxruntime = "ort"
        qnn_dir = "/qnn"
        threads = 2
        [socket]
        path = "/run/x.sock"
        mode = 0o600
        group = "video"
        limit = 7
        [output]
        stdout = "text"
        status_interval = "2m"
        [vars]
        PATTERN = "ball"
        WIDTH = 64
        [[camera]]
        name = "front"
        launch = "videotestsrc pattern=${PATTERN} ! video/x-raw,width=${WIDTH},height=${HEIGHT:-48} ! appsink name=frames"
        vars = { PATTERN = "snow" }
        rotate = 90
        mirror = true
        stall_timeout = "250ms"
        start_timeout = "1m"
        on_stuck = "true"
        on_stuck_after = 9
        [[camera]]
        name = "back"
        launch = "videotestsrc pattern=${PATTERN} ! appsink name=frames"
    "#;
    // the maximum number of threads on this machine
    let threads = std::thread::available_parallelism().unwrap().get();
    let settings = parse(&text.replace("threads = 2", &format!("threads = {threads}"))).unwrap();
    let model = &settings.model;
    assert_eq!(
        (model.top, model.preprocess.fit.map(|fit| fit.value), model.preprocess.filter.map(|filter| filter.value)),
        (3, Some(Fit::Crop), Some(Filter::Box))
    );
    assert_eq!(
        model.preprocess.normalize.map(|set| (set.value.mean, set.value.std, set.by_flag)),
        Some(([0.04; 3], [1.0; 3], false))
    );
    assert_eq!((model.runtime.provider, model.runtime.threads), (Provider::Auto, threads));
    assert_eq!(model.runtime.onnxruntime.as_deref(), Some(Path::new("/etc/glimpsed/ort")));
    assert_eq!(model.runtime.qnn_dir.as_deref(), Some(Path::new("/qnn")));
    let socket = settings.socket.unwrap();
    assert_eq!(
        (socket.path.as_path(), socket.mode, socket.group.as_deref(), socket.limit),
        (Path::new("/run/x.sock"), 0o600, Some("video"), 7)
    );
    assert_eq!((settings.output, settings.status_interval), (Some(Output::Lines(Format::Text)), Some(Duration::from_secs(120))));
    let [front, back] = &settings.cameras[..] else { panic!("two cameras") };
    assert_eq!(front.pipeline, "videotestsrc pattern=snow ! video/x-raw,width=64,height=48 ! appsink name=frames");
    let limits = |start, stall| Limits { start: Duration::from_millis(start), stall: Duration::from_millis(stall) };
    assert_eq!((front.limits, front.stuck.as_ref().unwrap().after), (limits(60_000, 250), 9));
    assert_eq!(front.turn, Turn { rotate: Rotate::By(Orientation::rotated(90).unwrap()), mirror: true });
    assert_eq!(back.turn, Turn::default());
    assert_eq!((&*back.name, &*back.pipeline), ("back", "videotestsrc pattern=ball ! appsink name=frames"));
    assert_eq!((back.limits, &back.stuck), (limits(30_000, 5_000), &None));
}

#[test]
fn top_above_the_number_of_classes_means_all_of_them() {
    for top in ["99999999999999", "99999999999999999999999999"] {
        assert!(parse(&format!("{MODEL}top = {top}\n{CAMERA}")).unwrap().model.top > 1_000_000, "{top}");
    }
}

#[test]
fn too_many_cameras_are_refused() {
    let camera = |n: usize| format!("[[camera]]\nname = \"camera {n}\"\n");
    let text: String = (0..=256).map(camera).collect();
    let message = parse(&format!("{MODEL}{text}")).unwrap_err().to_string();
    assert!(message.contains("too many cameras: at most 256 are allowed"), "{message}");
}

#[test]
fn flags_override_the_file() {
    use clap::Parser;
    use glimpsed::cli::{Cli, Command};
    let flags = |line: &str| match Cli::parse_from(line.split(' ')).command {
        Command::Run(args) => args.flags(),
        _ => unreachable!("the line says run"),
    };
    let text = format!("[model]\nfile = \"nothere.onnx\"\ntop = 3\nfilter = \"box\"\n{CAMERA}");
    let parse = |line| parse_with(&text, Path::new("/"), &flags(line)).unwrap();
    let settings = parse("glimpsed run --config x --model testcard --top 2 --json");
    assert_eq!(
        (settings.model.top, settings.model.preprocess.filter.map(|filter| (filter.value, filter.by_flag))),
        (2, Some((Filter::Box, false)))
    );
    assert_eq!((&*settings.cameras[0].name, settings.output), ("front", Some(Output::Lines(Format::Json))));
    let settings = parse("glimpsed run --config x --model testcard --rotate 180 --mirror");
    assert_eq!(settings.cameras[0].turn, Turn { rotate: Rotate::By(Orientation::rotated(180).unwrap()), mirror: true });
    let settings = parse("glimpsed run --config x --model testcard --name mine -- videotestsrc ! appsink name=frames");
    assert_eq!((settings.cameras.len(), &*settings.cameras[0].name), (1, "mine"));
}

/// The example as shipped, and with every commented-out key enabled.
#[test]
fn the_example_is_valid_and_lists_every_key() {
    let example = std::fs::read_to_string(common::project().join("systemd/glimpsed.toml.example")).unwrap();
    let here = example.replace("/usr/share/glimpsed/pipelines", common::project().join("pipelines").to_str().unwrap());
    let settings = parse(&here).unwrap();
    assert_eq!((settings.cameras.len(), &*settings.cameras[0].name), (1, "front"));
    let full: String = here
        .lines()
        .filter(|line| !line.starts_with("#labels") && !line.starts_with("#normalize") && !line.starts_with("#launch"))
        .map(|line| {
            format!("{}\n", line.strip_prefix('#').filter(|rest| rest.contains(" = ") && !rest.starts_with(' ')).unwrap_or(line))
        })
        .collect();
    // the values of pixels that the built-in model is quantized for
    let full = full.replace("[0.485, 0.456, 0.406]", "[0, 0, 0]").replace("[0.229, 0.224, 0.225]", "[1, 1, 1]");
    parse(&full).unwrap();
    for group in GROUPS.iter().filter(|group| !group.name.is_empty() && group.name != "execution.qnn") {
        for key in group.all() {
            let listed = example.lines().any(|line| line.trim_start_matches('#').starts_with(&format!("{} = ", key.name)));
            assert!(listed, "the example lacks '{}' in {}", key.name, group.shown());
        }
    }
}
