//! The configuration file: its keys, and flags over them; the shipped example is valid. Its errors are in `config/errors.rs`.

mod errors;
mod models;
mod regions;

use crate::common;
use glimpsed::capture::{Limits, Rotate, Turn};
use glimpsed::config::{self, GROUPS, Output, Settings};
use glimpsed::error::Result;
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
    let model = &settings.models[0];
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
        assert!(parse(&format!("{MODEL}top = {top}\n{CAMERA}")).unwrap().models[0].top > 1_000_000, "{top}");
    }
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
        (settings.models[0].top, settings.models[0].preprocess.filter.map(|filter| (filter.value, filter.by_flag))),
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
            let set = format!("{} = ", key.name);
            let begins = example.lines().any(|line| line.trim_start_matches('#').starts_with(&set));
            let listed = begins || (group.name.contains('.') && example.contains(&set));
            let is_section = example.contains(&format!("\n[{}.{}]\n", group.name, key.name));
            assert!(listed || is_section, "the example lacks '{}' in {}", key.name, group.shown());
        }
    }
}
