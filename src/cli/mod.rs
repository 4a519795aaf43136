//! The command line.

mod args;
mod bench;
mod daemon;
mod help;
mod runtime;
mod source;
mod tools;

pub use args::{LimitArgs, ModelArgs, OutputArgs, SocketArgs};
pub use bench::Bench;
pub use daemon::{Check, ConfigArgs, Doctor, Origin, Run, SettingsArgs};
pub use runtime::{CacheArgs, LibraryArgs, ProviderArg, RuntimeArgs, ThreadArgs};
pub use source::{SourceArgs, TurnArgs};
pub use tools::{Compare, Compile, Completions, Inspect, Subscribe};

use crate::config::{self, values};
use crate::runtime::usual_qnn_folders;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::path::PathBuf;

/// Says, live, what a camera sees: GStreamer in, a classifier on the Qualcomm NPU or the CPU, JSON lines out.
#[derive(Parser, Debug)]
#[command(version, after_help = help::EXAMPLES, max_term_width = 120, disable_help_flag = true, disable_version_flag = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Say more on standard error (-vv: still more); GLIMPSED_LOG=debug does too
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = help::GENERAL)]
    pub verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = help::GENERAL)]
    pub quiet: bool,
    /// Print this help (-h: a shorter one)
    #[arg(short, long, global = true, action = ArgAction::Help, help_heading = help::GENERAL)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = help::GENERAL)]
    version: Option<bool>,
}

impl Cli {
    /// The folder of QNN's libraries, as far as it is known before anything is loaded.
    pub fn qnn_folder(&self) -> Option<PathBuf> {
        let (libraries, file) = match &self.command {
            Command::Run(args) => (&args.settings.model.runtime.libraries, args.origin().file),
            Command::Check(args) => (&args.settings.model.runtime.libraries, args.origin().file),
            Command::Doctor(args) => (&args.settings.model.runtime.libraries, args.origin().file),
            Command::Demo(args) => (&args.runtime.libraries, None),
            Command::Classify(args) => (&args.model.runtime.libraries, None),
            Command::Inspect(args) => (&args.libraries, None),
            Command::Compare(args) => (&args.libraries, None),
            Command::Bench(args) => (&args.model.runtime.libraries, args.config.clone()),
            Command::Compile(args) => (&args.libraries, None),
            Command::Subscribe(_) | Command::Completions(_) => return None,
        };
        let named = libraries.qnn_dir.clone().or_else(|| config::qnn_dir(&file?));
        let by_environment = || std::env::var_os("GLIMPSED_QNN_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let usual = || usual_qnn_folders().into_iter().find(|folder| folder.join("libQnnHtp.so").is_file());
        named.or_else(by_environment).or_else(usual)
    }
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Watch cameras: classify the frames of GStreamer pipelines, until they end
    Run(Box<Run>),
    /// Show the built-in model at work on a live test picture
    Demo(Demo),
    /// Tell all that is wrong with a configuration, and start nothing
    Check(Box<Check>),
    /// Look over everything that run needs on this machine, and say what to do next
    Doctor(Box<Doctor>),
    /// Classify pictures and films
    Classify(Classify),
    /// Show what a running daemon sees
    Subscribe(Subscribe),
    /// Measure the model alone, each stage and the whole line on this machine
    Bench(Bench),
    /// Run pictures on the CPU and on the NPU, and show both answers and times
    Compare(Compare),
    /// Build a model for the NPU ahead of time, for a board too
    Compile(Compile),
    /// Tell what a model file says
    Inspect(Inspect),
    /// Print completions for a shell
    Completions(Completions),
}

/// `glimpsed demo`.
#[derive(Args, Debug)]
#[command(
    after_help = "The test picture changes every few seconds, and the label follows. In a terminal it is a live view, in a pipe JSON lines."
)]
pub struct Demo {
    /// What runs the model
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// How many of the best classes each result has
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = values::at_least_one, allow_negative_numbers = true, help_heading = help::MODEL)]
    pub top: usize,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The end
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `glimpsed classify`.
#[derive(Args, Debug)]
pub struct Classify {
    /// Pictures or films: whatever GStreamer decodes
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// The model
    #[command(flatten)]
    pub model: ModelArgs,
    /// Runs the model this many times more on each picture, and tells mean, p50 and p99 of the inference [default: off]
    #[arg(long, value_name = "N", value_parser = repeat, allow_negative_numbers = true, help_heading = help::MODEL)]
    pub repeat: Option<u32>,
    /// How pictures and films are made upright
    #[command(flatten)]
    pub turn: TurnArgs,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Runs of `--repeat`.
fn repeat(text: &str) -> Result<u32, String> {
    values::whole(text, 1..=1_000_000).map(|times| times as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    /// Flags that have no default: nothing is set, or they must be given.
    const WITHOUT: [&str; 7] = ["model", "pipeline", "var", "qnn", "socket", "output", "camera"];

    #[test]
    fn each_flag_has_a_heading_and_tells_its_default() {
        let headings = [help::MODEL, help::NPU, help::CAMERA, help::OUTPUT, help::SOCKET, help::GENERAL];
        let mut cli = Cli::command();
        cli.build();
        let commands: Vec<_> = cli.get_subcommands().filter(|command| command.get_name() != "help").collect();
        assert_eq!(commands.len(), 11);
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
            "compile m.onnx --output x --provider cpu",
            "compile m.onnx --output x --threads 1",
            "compile m.onnx --output x --context-cache x",
            "compile m.onnx --output x --allow-partial",
            "compare m.onnx --provider cpu",
            "inspect m.onnx --threads 1",
            "inspect m.onnx --context-cache x",
            "inspect m.onnx --allow-partial",
            "bench --simulate-inference 1ms --provider qnn",
            "demo --model x",
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
            let Command::Inspect(args) = Cli::try_parse_from(format!("glimpsed {line}").split(' ')).unwrap().command else {
                panic!()
            };
            assert!(args.params().unwrap_err().to_string().contains("has no effect without --provider qnn"), "{line}");
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
            ("run --rotate -90", "expected auto, 0, 90, 180 or 270"),
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
                Command::Run(run) => run.draft().model().unwrap().runtime,
                Command::Demo(demo) => demo.runtime.params(),
                Command::Compare(compare) => compare.settings().runtime,
                Command::Inspect(inspect) => inspect.params().unwrap(),
                Command::Compile(compile) => compile.params().unwrap(),
                other => panic!("{other:?}"),
            };
            params.run_timeout
        };
        let of_run = limit_of(&["run", "--model", "testcard"]);
        assert!(of_run.is_some());
        let others: [&[&str]; 4] =
            [&["demo"], &["compare", "m.onnx"], &["inspect", "m.onnx"], &["compile", "m.onnx", "--output", "o"]];
        for command in others {
            assert_eq!(limit_of(command), of_run, "{command:?}");
        }
    }
}
