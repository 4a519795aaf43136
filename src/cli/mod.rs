//! The command line.

mod args;
mod bench;
mod source;
mod tools;

pub use args::{LimitArgs, ModelArgs, OutputArgs, RuntimeArgs, SocketArgs};
pub use bench::Bench;
pub use source::{SourceArgs, TurnArgs};
pub use tools::{Compare, Compile, Inspect, Subscribe};

use crate::config::{self, CameraDraft, Draft, Output, values};
use crate::publish::Format;
use crate::runtime;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Says, live, what a camera sees: GStreamer in, a classifier on the Qualcomm NPU or the CPU, JSON lines out.
#[derive(Parser, Debug)]
#[command(version, after_help = EXAMPLES, max_term_width = 120)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Say more on standard error (-vv: still more); GLIMPSED_LOG=debug does too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Cli {
    /// The folder of QNN's libraries, as far as it is known before anything is loaded.
    pub fn qnn_folder(&self) -> Option<PathBuf> {
        let (runtime, file) = match &self.command {
            Command::Run(args) | Command::Check(args) | Command::Doctor(args) => (&args.model.runtime, args.config_file()),
            Command::Demo(args) => (&args.runtime, None),
            Command::Classify(args) => (&args.model.runtime, None),
            Command::Inspect(args) => (&args.runtime, None),
            Command::Compare(args) => (&args.runtime, None),
            Command::Bench(args) => (&args.model.runtime, args.config.clone()),
            Command::Compile(args) => (&args.runtime, None),
            Command::Subscribe(_) => return None,
        };
        let named = runtime.qnn_dir.clone().or_else(|| config::qnn_dir(&file?));
        let by_environment = || std::env::var_os("GLIMPSED_QNN_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let usual = || runtime::usual_qnn_folders().into_iter().find(|folder| folder.join("libQnnHtp.so").is_file());
        named.or_else(by_environment).or_else(usual)
    }
}

const EXAMPLES: &str = "Examples:
  glimpsed demo                                            labels in seconds, nothing to set up
  glimpsed classify --model m.onnx --labels l.txt *.jpg    pictures and films
  glimpsed run --model m.onnx --pipeline pipelines/usb-mjpeg.launch --var DEVICE=/dev/video2
  glimpsed run --model m.onnx -- videotestsrc is-live=true ! appsink name=frames
  glimpsed run                                             the service, as /etc/glimpsed/glimpsed.toml says
  glimpsed check                                           what is wrong with that file
  glimpsed doctor                                          what is wrong with this machine
  glimpsed subscribe                                       what the service sees, live
  glimpsed compare m.onnx *.jpg                            CPU beside NPU
  glimpsed compile m.onnx --htp-arch 68 --output m-v68     for the NPU, ahead of time
  glimpsed bench --model m.onnx                            how fast it is here
  glimpsed inspect m.onnx                                  what the file says

Exit status: 0 done, 1 failed, 2 usage, 78 configuration.";

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Watch cameras: classify the frames of GStreamer pipelines, until they end
    Run(Box<Run>),
    /// Show the built-in model at work on a live test picture
    Demo(Demo),
    /// Tell all that is wrong with a configuration, and start nothing; takes the flags of run
    Check(Box<Run>),
    /// Look over everything that run needs on this machine, and say what to do next; takes the flags of run
    Doctor(Box<Run>),
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
}

/// `glimpsed run`.
#[derive(Args, Debug)]
#[command(
    after_help = "The pipeline needs an `appsink name=frames`. glimpsed sets its properties (sync, drop, max-buffers, ...); \
                        only its caps=... are kept. A live source keeps the newest frame \
                        and counts the others as dropped; one that is not live (a file) loses none."
)]
pub struct Run {
    /// The model
    #[command(flatten)]
    pub model: ModelArgs,
    /// The configuration file; flags overrule it [default: /etc/glimpsed/glimpsed.toml, where no pipeline is given]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is watched
    #[command(flatten)]
    pub source: SourceArgs,
    /// The name of the camera in the results [default: camera]
    #[arg(long, value_name = "NAME", requires = "source")]
    pub name: Option<String>,
    /// Time limit for a camera's first frame; after it the camera is lost, and its pipeline is rebuilt [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub start_timeout: Option<Duration>,
    /// Whether the source is live: a lost camera is retried, and its newest frame wins. --live=false: a film, of which every frame gives
    /// a result [default: by the kind of source; cameras and network sources are live]
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", requires = "source")]
    pub live: Option<bool>,
    /// A camera that gives no frame for so long is lost, and built anew [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub stall_timeout: Option<Duration>,
    /// Tells subscribers the statistics of each camera so often
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub status_interval: Option<Duration>,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The socket
    #[command(flatten)]
    pub socket: SocketArgs,
    /// The end
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl Run {
    /// The configuration file, where one is to be read.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| (!self.source.is_given()).then(|| config::PATH.into()))
    }

    /// What the flags say, to be laid over the file.
    pub fn draft(&self) -> Draft {
        let output = match (self.output.json, self.output.text) {
            (true, _) => Some(Output::Lines(Format::Json)),
            (_, true) => Some(Output::Lines(Format::Text)),
            _ => None,
        };
        Draft {
            socket: self.socket.socket.clone(),
            socket_mode: self.socket.socket_mode,
            socket_group: self.socket.socket_group.clone(),
            socket_limit: self.socket.socket_limit,
            output,
            status_interval: self.status_interval,
            start_timeout: self.start_timeout,
            stall_timeout: self.stall_timeout,
            rotate: self.source.turn.rotate,
            mirror: self.source.turn.mirror(),
            vars: self.source.vars.iter().cloned().collect(),
            cameras: self
                .source
                .camera(self.name.as_ref())
                .map(|camera| CameraDraft { live: self.live, ..camera })
                .into_iter()
                .collect(),
            ..self.model.draft()
        }
    }
}

/// `glimpsed demo`.
#[derive(Args, Debug)]
#[command(
    after_help = "The test picture changes every few seconds, and the label follows. In a terminal it is a live view, in a pipe JSON lines."
)]
pub struct Demo {
    /// Who runs the model
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// How many of the best classes each result has
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = values::at_least_one)]
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
    /// Runs the model so many times on each picture, and tells mean, p50 and p99 of the inference
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repeat: Option<u32>,
    /// How pictures and films are made upright
    #[command(flatten)]
    pub turn: TurnArgs,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
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
                Command::Run(run) => run.model.draft().model().unwrap().runtime,
                Command::Demo(demo) => demo.runtime.params(),
                Command::Compare(compare) => compare.settings().runtime,
                Command::Inspect(inspect) => inspect.runtime.params(),
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
