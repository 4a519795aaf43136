//! The command line: help, completions, and what `check` and `doctor` report about a file.

use crate::common;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const COMMANDS: [&str; 11] =
    ["run", "demo", "check", "doctor", "classify", "subscribe", "bench", "compare", "compile", "inspect", "completions"];

/// The shell, the name of its completions, and how it parses a file without running it.
const SHELLS: [(&str, &str, &[&str]); 3] =
    [("bash", "glimpsed", &["-n"]), ("zsh", "_glimpsed", &["-n"]), ("fish", "glimpsed.fish", &["--no-execute"])];

#[test]
fn completions_name_every_command_and_the_shell_understands_them() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, name, flags) in SHELLS {
        let output = common::run(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{shell}");
        for part in COMMANDS.iter().chain(&["provider", "qnn"]) {
            assert!(script.contains(part), "{shell}: {part}");
        }
        let file = folder.path().join(name);
        fs::write(&file, script).unwrap();
        match Command::new(shell).args(flags).arg(&file).output() {
            Ok(parsed) => assert!(parsed.status.success() && parsed.stderr.is_empty(), "{shell}: {}", common::stderr(&parsed)),
            Err(_) => eprintln!("SKIPPED: no {shell} on this machine"),
        }
    }
    // what bash offers after `glimpsed c`
    let offered = "source $0/glimpsed; COMP_WORDS=(glimpsed c); COMP_CWORD=1; _glimpsed glimpsed c glimpsed; echo ${COMPREPLY[@]}";
    let offered = Command::new("bash").args(["-c", offered]).arg(folder.path()).output().unwrap();
    let offered = String::from_utf8(offered.stdout).unwrap();
    assert!(["check", "classify", "compare", "compile", "completions"].iter().all(|name| offered.contains(name)), "{offered}");
}

#[test]
fn help_has_headings_and_the_default_of_each_flag() {
    let help = String::from_utf8(common::run(&["run", "--help"]).stdout).unwrap();
    let headings: Vec<_> = help.lines().filter(|line| line.ends_with(':') && !line.starts_with([' ', '\t'])).collect();
    assert_eq!(headings, ["Model:", "NPU:", "Camera:", "State:", "Output:", "Socket:", "General:"], "{help}");
    for (flag, default) in [("--top <N>", "[default: 5]"), ("--stall-timeout <TIME>", "[default: 5s]"), ("--bars", "else 0,0,0]")] {
        let report: String = help.split(flag).nth(1).unwrap().split("\n\n").take(1).collect();
        let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(report.contains(default), "{flag}: {report}");
    }
    let all = String::from_utf8(common::run(&["--help"]).stdout).unwrap();
    assert!(all.contains("\nEnvironment:\n") && COMMANDS.iter().all(|name| all.contains(name)), "{all}");
}

/// A configuration file in `folder`.
fn config(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("glimpsed.toml");
    fs::write(&file, text).unwrap();
    file
}

const CAMERA: &str = "[[camera]]\nlaunch = \"videotestsrc ! appsink name=frames\"\n";

#[test]
fn check_json_is_one_object_with_each_error_and_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = config(folder.path(), text);
        let output = common::glimpsed().args(["check", "--json", "--config"]).arg(&file).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), report)
    };
    let valid = check(&format!("[model]\nfile = \"testcard\"\n{CAMERA}"));
    assert_eq!(valid, (0, json!({"valid": true, "errors": []})));
    let (status, wrong) = check("[model]\nfile = \"testcard\"\ntopp = 1\n[execution]\nprovider = \"npu\"\n");
    let lines: Vec<_> = wrong["errors"].as_array().unwrap().iter().map(|error| error["line"].clone()).collect();
    assert_eq!((status, &wrong["valid"], lines), (78, &json!(false), vec![json!(3), json!(5), Value::Null]));
    assert_eq!(wrong["errors"][0]["text"], "unknown key 'topp' in [model]; did you mean 'top'?");
    assert!(wrong["errors"][1]["text"].as_str().unwrap().ends_with("not \"npu\"; did you mean \"qnn\"?"));
    let output = common::run(&["check", "--json", "--config", "/nowhere.toml"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["errors"][0]["text"].as_str().unwrap().starts_with("cannot read the configuration '/nowhere.toml'"), "{report}");
}

/// The text after `ERROR ` in the log.
fn error_of(command: &str, file: &Path) -> String {
    let output = common::glimpsed().args([command, "--config"]).arg(file).output().unwrap();
    let log = common::stderr(&output);
    let start = log.find("ERROR ").unwrap_or_else(|| panic!("{command}: {log}"));
    log[start + 6..].trim_end().to_owned()
}

#[test]
fn run_check_and_doctor_say_the_same_of_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "[model]\nfile = \"testcard\"\ntopp = 1\n[[camera]]\nlaunch = \"nonsense ! appsink name=frames\"\n",
        "[model]\nfile = \"nothere.onnx\"\n[[camera]]\npipeline = \"nothere.launch\"\n",
        "[model]\nfile = \"testcard\n",
        "",
    ] {
        let file = config(folder.path(), text);
        let run = error_of("run", &file);
        assert_eq!(run, error_of("check", &file), "{text}");
        let doctor = common::glimpsed().args(["doctor", "--json", "--config"]).arg(&file).output().unwrap();
        let report: Value = serde_json::from_slice(&doctor.stdout).unwrap();
        let finding = &report["findings"][0];
        let report = format!("{}\n{}", finding["what"].as_str().unwrap(), finding["hint"].as_str().unwrap());
        let lines = |text: &str| text.lines().map(|line| line.trim_start().to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&report), lines(&run), "{text}");
    }
}

#[test]
fn doctor_checks_the_npu_that_an_invalid_file_requests() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[model]\nfile = \"testcard\"\ntopp = 1\n[execution]\nprovider = \"qnn\"\nqnn_dir = \".\"\n{CAMERA}");
    let file = config(folder.path(), &text);
    let output = common::glimpsed().args(["doctor", "--json", "--config"]).arg(&file).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let npu = report["findings"].as_array().unwrap().iter().find(|finding| finding["about"] == "NPU").unwrap();
    assert!(npu["what"].as_str().unwrap().contains("cannot find the QNN libraries"), "{npu}");
    assert!(npu["hint"].as_str().unwrap().contains("qnn_dir = \"FOLDER/onnxruntime_qnn\" in [execution]"), "{npu}");
}

#[test]
fn a_pipeline_in_quotes_is_text() {
    let text = "videotestsrc num-buffers=3 pattern=\"snow\" ! video/x-raw,width=320,height=240 ! appsink name=frames";
    let output = common::run(&["run", "--json", "--model", "testcard", "--", text]);
    let results = common::json_lines(&output);
    assert_eq!((results.len(), &results[0]["classifications"][0]["label"]), (3, &json!("snow")), "{}", common::stderr(&output));
}

#[test]
fn subscribe_waits_for_a_daemon_that_is_not_running_only_with_wait() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let refused = common::glimpsed().arg("subscribe").arg(&socket).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", common::stderr(&refused));
    let mut command = common::glimpsed();
    command.args(["subscribe", "--wait", "--json"]).arg(&socket).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut subscriber = command.spawn().unwrap();
    let mut log = String::new();
    BufReader::new(subscriber.stderr.take().unwrap()).read_line(&mut log).unwrap();
    assert!(log.contains("no daemon at") && log.contains("waiting for it"), "{log}");
    let mut daemon = common::glimpsed();
    daemon
        .args(["run", "--model", "testcard", "--socket"])
        .arg(&socket)
        .args(["--", "videotestsrc is-live=true ! appsink name=frames"]);
    let mut daemon = daemon.stderr(Stdio::null()).spawn().unwrap();
    let mut hello = String::new();
    BufReader::new(subscriber.stdout.take().unwrap()).read_line(&mut hello).unwrap();
    for process in [&mut subscriber, &mut daemon] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert!(hello.contains("\"type\":\"hello\""), "{hello}");
}

/// The program as installed from a package.
#[test]
fn a_program_without_its_makefile_does_not_suggest_make() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("glimpsed");
    fs::copy(env!("CARGO_BIN_EXE_glimpsed"), &program).unwrap();
    for args in [&["--onnxruntime", "/nowhere.so"][..], &["--provider", "qnn", "--qnn-dir", "/nowhere"]] {
        let mut command = Command::new(&program);
        command.arg("demo").args(args).env("ORT_DYLIB_PATH", common::onnxruntime()).stdin(Stdio::null());
        let log = common::stderr(&command.output().unwrap());
        assert!(log.contains("pip download") && !log.contains("make "), "{log}");
    }
}

#[test]
fn a_flag_without_effect_is_refused() {
    for (line, expected) in [
        ("inspect testcard --slowest 3", "--slowest has no effect without --provider qnn"),
        ("bench --model testcard --var X=1", "--var has no effect: no pipeline is given"),
        ("bench --model testcard --cameras 2 -- videotestsrc num-buffers=9 ! appsink name=frames", "--cameras has no effect"),
    ] {
        let output = common::glimpsed().args(line.split(' ')).output().unwrap();
        let log = common::stderr(&output);
        assert!(output.status.code() == Some(2) && log.contains(expected), "{line}: {log}");
    }
}
