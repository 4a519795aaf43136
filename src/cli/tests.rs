//! The grammar as a whole.

use super::{Cli, Command, help};
use crate::config;
use clap::{CommandFactory, Parser};

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

/// Flags that have no default: nothing is set, or they must be given.
const WITHOUT: [&str; 10] = ["model", "pipeline", "var", "qnn", "socket", "folder", "camera", "broker", "certificate", "key"];

#[test]
fn each_flag_has_a_heading_and_tells_its_default() {
    let headings = [help::MODEL, help::NPU, help::CAMERA, help::STATE, help::OUTPUT, help::SOCKET, help::MQTT, help::GENERAL];
    let mut cli = Cli::command();
    cli.build();
    let commands: Vec<_> = cli.get_subcommands().filter(|command| command.get_name() != "help").collect();
    assert_eq!(commands.len(), 13);
    for command in commands {
        for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
            let (name, flag) = (command.get_name(), arg.get_long().unwrap());
            assert!(arg.get_help_heading().is_some_and(|heading| headings.contains(&heading)), "{name} --{flag}");
            let told = arg.get_help().is_some_and(|help| help.to_string().contains("[default: "));
            let known =
                told || !arg.get_default_values().is_empty() || WITHOUT.contains(&flag) || flag == "config" && name == "bench";
            assert!(known || !arg.get_action().takes_values(), "{name} --{flag} does not tell its default");
        }
    }
}

#[test]
fn the_environment_is_told() {
    let variables =
        ["GLIMPSED_LOG", "XDG_CACHE_HOME", "CACHE_DIRECTORY", "HOME", "ADSP_LIBRARY_PATH", "LISTEN_FDS", "WATCHDOG_USEC"];
    variables.iter().for_each(|name| assert!(help::EXAMPLES.contains(name), "{name}"));
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("env::var").skip(1) {
                let Some(rest) = call.trim_start_matches("_os").strip_prefix("(\"") else { continue };
                let name = rest.split('"').next().unwrap();
                assert!(help::EXAMPLES.contains(name), "--help does not tell of {name}, which {} reads", path.display());
                read += 1;
            }
        }
    }
    assert!(read >= 6, "{read}");
}

#[test]
fn a_flag_that_would_do_nothing_is_refused() {
    for line in [
        "check --for 5s",
        "check --frames 1",
        "check --text",
        "check --stall-timeout 5s",
        "check --status-interval 5s",
        "doctor --for 5s",
        "doctor --text",
        "doctor --socket-mode 660",
        "compile m.onnx --folder x --provider cpu",
        "compile m.onnx --folder x --threads 1",
        "compile m.onnx --folder x --context-cache x",
        "compile m.onnx --folder x --allow-partial",
        "compare m.onnx --provider cpu",
        "inspect m.onnx --threads 1",
        "inspect m.onnx --context-cache x",
        "inspect m.onnx --allow-partial",
        "bench --simulate-inference 1ms --provider qnn",
        "demo --model x",
        "evaluate --model m.onnx --top 5 photos",
        "classify --model m.onnx --for 1s x.png",
        "subscribe --provider cpu",
        "completions bash --json",
    ] {
        let error = Cli::try_parse_from(format!("glimpsed {line}").split(' ')).unwrap_err();
        use clap::error::ErrorKind::{ArgumentConflict, UnknownArgument};
        assert!(matches!(error.kind(), UnknownArgument | ArgumentConflict), "{line}: {error}");
    }
    for line in [
        "inspect m.onnx --qnn-dir x",
        "inspect m.onnx --provider cpu --onnxruntime x",
        "inspect m.onnx --provider auto --slowest 3",
    ] {
        let Command::Inspect(args) = Cli::try_parse_from(format!("glimpsed {line}").split(' ')).unwrap().command else { panic!() };
        assert!(args.settings().unwrap_err().to_string().contains("has no effect without --provider qnn"), "{line}");
    }
}

#[test]
fn numbers_below_zero_are_refused_for_what_they_are() {
    for (line, told) in [
        ("demo --top -1", "expected a whole number of at least 1"),
        ("demo --frames -1", "expected a whole number from 1 to"),
        ("demo --for -5s", "expected a time from 1ms"),
        ("demo --threads -1", "expected a whole number from 1 to"),
        ("run --socket-limit -1", "expected a whole number from 1 to 65536"),
        ("run --rotate -90", "[possible values: auto, 0, 90, 180, 270]"),
        ("run --std -1,1,1", "expected three numbers"),
        ("classify --repeat -1 x.png", "expected a whole number from 1 to 1000000"),
        ("bench --rate -1", "expected a whole number from 1 to 1000"),
    ] {
        let error = Cli::try_parse_from(format!("glimpsed {line}").split(' ')).unwrap_err().to_string();
        assert!(error.contains(told), "{line}: {error}");
    }
}

#[test]
fn another_name_of_the_npu_is_understood_well_enough_to_suggest_its_own() {
    let error = Cli::try_parse_from(["glimpsed", "demo", "--provider", "npu"]).unwrap_err().to_string();
    assert!(error.contains("a similar value exists: 'qnn'") && error.contains("cpu, qnn, auto"), "{error}");
}

#[test]
fn the_file_that_a_command_reads_names_the_folder_of_qnn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glimpsed.toml");
    std::fs::write(&file, "[execution]\nqnn_dir = '/opt/qnn'\n").unwrap();
    for command in ["run", "check", "doctor", "bench"] {
        let cli = Cli::try_parse_from(["glimpsed", command, "--config", file.to_str().unwrap()]).unwrap();
        assert_eq!(cli.qnn_folder(), Some("/opt/qnn".into()), "{command}");
    }
}

#[test]
fn every_command_that_runs_a_model_has_the_default_inference_deadline() {
    let limit_of = |arguments: &[&str]| {
        let cli = Cli::try_parse_from(["glimpsed"].iter().chain(arguments)).unwrap();
        let params = match cli.command {
            Command::Run(run) => config::model_of_flags(&run.model.flags).unwrap().runtime,
            Command::Demo(demo) => demo.settings().unwrap().runtime,
            Command::Compare(compare) => compare.settings().unwrap().runtime,
            Command::Inspect(inspect) => inspect.settings().unwrap().runtime,
            Command::Compile(compile) => compile.settings().unwrap().runtime,
            other => panic!("{other:?}"),
        };
        params.run_timeout
    };
    let of_run = limit_of(&["run", "--model", "testcard"]);
    assert!(of_run.is_some());
    let others: [&[&str]; 4] = [&["demo"], &["compare", "m.onnx"], &["inspect", "m.onnx"], &["compile", "m.onnx", "--folder", "o"]];
    for command in others {
        assert_eq!(limit_of(command), of_run, "{command:?}");
    }
}
