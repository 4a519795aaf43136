//! What is made of the descriptions of settings: the schema for editors, the table of keys, flags over the file.

use crate::common;
use clap::Parser;
use glimpsed::cli::Cli;
use glimpsed::config::{self, GROUPS, SCHEMA_ID, SCHEMA_TITLE};
use glimpsed::error::{Error, Kind};
use glimpsed::settings::{DefaultValue, Flags, reference, schema};
use serde_json::{Value, json};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Set by who changes a setting: what is generated is written anew.
const UPDATE: &str = "GLIMPSED_UPDATE";

/// Holds the file at `path` to `wanted`.
fn hold(path: &Path, wanted: &str) {
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, wanted).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == wanted, "{} is not today's: {UPDATE}=1 cargo test --test it settings::", path.display());
}

fn today() -> Value {
    schema(&GROUPS, SCHEMA_ID, SCHEMA_TITLE)
}

#[test]
fn the_schema_of_the_configuration_is_todays() {
    let path = common::project().join("schema/glimpsed.toml.schema.json");
    hold(&path, &format!("{}\n", serde_json::to_string_pretty(&today()).unwrap()));
}

#[test]
fn the_documentation_tells_of_every_key() {
    let path = common::project().join("docs/configuration.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- All keys, generated from the source -->\n", "<!-- End of the keys -->\n");
    let (before, rest) = page.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    hold(&path, &format!("{before}{begin}{}\n{end}{after}", reference(&GROUPS)));
}

/// TOML as JSON.
fn json_of(value: &DeValue) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).unwrap().into(),
        DeValue::Float(n) => n.as_str().parse::<f64>().unwrap().into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(values) => values.iter().map(|value| json_of(value.get_ref())).collect(),
        DeValue::Table(table) => table_of(table),
    }
}

fn table_of(table: &DeTable) -> Value {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref()))).collect()
}

#[test]
fn the_schema_takes_what_the_program_takes_and_refuses_what_it_refuses() {
    let schema = today();
    jsonschema::draft7::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = |text: &str| validator.is_valid(&table_of(DeTable::parse(text).unwrap().get_ref()));
    let example = std::fs::read_to_string(common::project().join("systemd/glimpsed.toml.example")).unwrap();
    assert!(example.starts_with("#:schema file:///usr/share/glimpsed/glimpsed.toml.schema.json\n"));
    let full: String = example
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| rest.contains(" = ") && !rest.starts_with(' ')).unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(valid(&example) && valid(&full));
    let model = "[model]\nfile = 'testcard'\n";
    for (text, right) in [
        ("mean = [0, 0.5, 1]", true),
        ("mean = [0, 0.5]", false),
        ("std = [1, 1, 0]", false),
        ("top = 0", false),
        ("topp = 3", false),
        ("resize = 'squash'", false),
        ("[execution]\nprovider = 'npu'", false),
        ("[execution.qnn]\nhtp_arch = 68\nenable_htp_fp16_precision = true", true),
        ("[execution.qnn]\nhtp_arch = 1", false),
        ("[socket]\npath = 's'\nmode = 0o600\nlimit = 65537", false),
        ("[vars]\nRATE = 30", true),
        ("[camera]\nname = 'front'", false),
        ("[[camera]]\nrotate = 90", true),
        ("[[camera]]\nrotate = 45", false),
        ("[[camera]]\nlive = 'yes'", false),
    ] {
        let text = format!("{model}{text}");
        assert_eq!(valid(&text), right, "{text}");
        let told = config::parse(&text, Path::new("/"), "test.toml", &Flags::default(), &|_| None).unwrap();
        let told = Error::from(told.settings(Default::default()).unwrap_err()).to_string();
        let (missing, camera) = ("there is no camera", "this camera has neither");
        let faults = told.lines().skip(1).filter(|line| !line.contains(missing) && !line.contains(camera)).count();
        assert_eq!(faults == 0, right, "{told}");
    }
}

#[test]
fn every_default_is_a_value_of_its_key() {
    let mut seen = 0;
    for key in GROUPS.iter().flat_map(|group| group.all()) {
        if let DefaultValue::Value(value) = key.default {
            seen += 1;
            key.kind.of_text(value).unwrap_or_else(|e| panic!("{}: {e}", key.name));
        }
    }
    assert!(seen >= 11, "{seen}");
}

#[test]
fn a_flag_overrules_every_camera_of_the_file() {
    let cameras = "[model]\nfile = 'testcard'\n[[camera]]\nname = 'a'\nlaunch = '${X}'\nvars = { X = 'own' }\nstall_timeout = '1s'\n[[camera]]\nname = 'b'\nlaunch = '${X}'\n";
    let flags = Flags::of(&GROUPS, &[("--stall-timeout", "9s"), ("--rotate", "90"), ("--var", "X=theirs")]);
    let reading = config::parse(cameras, Path::new("/"), "test.toml", &flags, &|_| None).unwrap();
    let settings = reading.settings(Default::default()).unwrap();
    assert_eq!(settings.cameras.len(), 2);
    for camera in settings.cameras {
        assert_eq!((camera.limits.stall.as_secs(), camera.limits.start.as_secs()), (9, 30), "{}", camera.name);
        assert_eq!(camera.pipeline, "theirs", "{}", camera.name);
    }
}

#[test]
fn a_flag_without_effect_is_refused_with_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glimpsed.toml");
    std::fs::write(&file, "[model]\nfile = 'testcard'\n[execution]\nprovider = 'auto'\nallow_partial = true\n[[camera]]\nlaunch = 'videotestsrc ! appsink name=frames'\n").unwrap();
    let file = file.to_str().unwrap();
    let source = "-- videotestsrc ! appsink name=frames";
    for (line, what, hint) in [
        ("demo --allow-partial".to_owned(), "--allow-partial has no effect without --provider auto", "cpu and qnn run"),
        (
            "classify --model testcard --provider qnn --allow-partial x.png".to_owned(),
            "--allow-partial has no effect",
            "cpu and qnn",
        ),
        (format!("run --config {file} --provider cpu --allow-partial"), "--allow-partial has no effect", "cpu and qnn"),
        (
            format!("run --model testcard --socket-mode 600 {source}"),
            "--socket-mode has no effect without a socket",
            "--socket PATH",
        ),
        (format!("run --config {file} --socket-limit 3"), "--socket-limit has no effect without a socket", "--socket PATH"),
        ("compile testcard --folder x --htp-arch 42".to_owned(), "htp_arch is one of", "68, 69"),
    ] {
        let output = common::glimpsed().args(line.split(' ')).output().unwrap();
        let log = common::stderr(&output);
        assert!(output.status.code() == Some(2) && log.contains(what) && log.contains(hint), "{line}: {log}");
    }
    // a flag may set aside for once what the file needs
    let check = common::glimpsed().args(["check", "--config", file, "--provider", "cpu"]).output().unwrap();
    assert!(check.status.success(), "{}", common::stderr(&check));
}

#[test]
fn all_flags_that_have_no_effect_are_told_at_once() {
    let flags = Flags::of(&GROUPS, &[("--socket-mode", "600"), ("--socket-group", "video"), ("--allow-partial", "true")]);
    let text = "[model]\nfile = 'testcard'\n[[camera]]\nlaunch = 'x'\n";
    let reading = config::parse(text, Path::new("/"), "test.toml", &flags, &|_| None).unwrap();
    let error = Error::from(reading.settings(Default::default()).unwrap_err());
    let told = error.to_string();
    assert_eq!(error.kind(), Kind::Usage, "{told}");
    assert!(["--socket-mode", "--socket-group", "--allow-partial"].iter().all(|flag| told.contains(flag)), "{told}");
}

#[test]
fn a_wrong_value_of_a_flag_names_the_flag() {
    for (line, flag) in [
        ("run --top x", "--top"),
        ("run --mean 1,2", "--mean"),
        ("run --var X", "--var"),
        ("run --qnn x", "--qnn"),
        ("run --socket-mode 999", "--socket-mode"),
        ("run --stall-timeout soon", "--stall-timeout"),
        ("run --live=maybe -- x", "--live"),
    ] {
        let error = Cli::try_parse_from(format!("glimpsed {line}").split(' ')).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains(flag), "{line}: {error}");
    }
}

#[test]
fn nothing_is_said_twice_of_one_value() {
    let wrong = json!({"top": "0", "resize": "'x'", "mean": "[1]"});
    for (key, value) in wrong.as_object().unwrap() {
        let text = format!("[model]\nfile = 'testcard'\n{key} = {}\n[[camera]]\nlaunch = 'x'\n", value.as_str().unwrap());
        let reading = config::parse(&text, Path::new("/"), "test.toml", &Flags::default(), &|_| None).unwrap();
        let told = Error::from(reading.settings(Default::default()).unwrap_err()).to_string();
        assert!(told.starts_with("test.toml: 1 error\n"), "{told}");
    }
}
