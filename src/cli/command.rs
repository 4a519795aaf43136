//! All subcommands.

use super::args::{LimitArgs, OutputArgs};
use super::bench::Bench;
use super::daemon::{Check, Doctor, Run};
use super::evaluate::Evaluate;
use super::flag_sets::{BuiltIn, Model, Orientation};
use super::flags::FlagArgs;
use super::help;
#[cfg(feature = "mqtt")]
use super::mqtt::Mqtt;
use super::tools::{Compare, Compile, Completions, Inspect, Subscribe};
use crate::capture::Turn;
use crate::config::{self, ModelSettings};
use crate::error::Result;
use crate::frame::Crop;
use crate::model::BUILTIN;
use crate::runtime::usual_qnn_folders;
use crate::settings::values;
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
        let (flags, file) = match &self.command {
            Command::Run(args) => (&args.model.flags, args.origin().file),
            Command::Check(args) => (&args.checked.model.flags, args.checked.origin().file),
            Command::Doctor(args) => (&args.checked.model.flags, args.checked.origin().file),
            Command::Demo(args) => (&args.given.flags, None),
            Command::Classify(args) => (&args.model.flags, None),
            Command::Evaluate(args) => (&args.model.flags, None),
            Command::Inspect(args) => (&args.given.flags, None),
            Command::Compare(args) => (&args.given.flags, None),
            Command::Bench(args) => (&args.model.flags, args.config.clone()),
            Command::Compile(args) => (&args.given.flags, None),
            #[cfg(feature = "mqtt")]
            Command::Mqtt(_) => return None,
            Command::Subscribe(_) | Command::Completions(_) => return None,
        };
        let named = flags.value("execution", "qnn_dir").map(PathBuf::from).or_else(|| config::qnn_dir(&file?));
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
    /// Measure how often a model is right on pictures whose classes are known
    Evaluate(Evaluate),
    /// Show what a running daemon sees
    Subscribe(Subscribe),
    /// Publish what a running daemon sees at an MQTT broker, for Home Assistant and fleets
    #[cfg(feature = "mqtt")]
    Mqtt(Mqtt),
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
    /// What runs the model, and how many classes are shown
    #[command(flatten)]
    pub given: FlagArgs<BuiltIn>,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The end
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl Demo {
    /// The settings of the built-in model.
    pub fn settings(&self) -> Result<ModelSettings> {
        config::model_of_flags(&self.given.flags.clone().with("model", "file", "--model", BUILTIN))
    }
}

/// `glimpsed classify`.
#[derive(Args, Debug)]
pub struct Classify {
    /// Pictures or films: whatever GStreamer decodes
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// The model
    #[command(flatten)]
    pub model: FlagArgs<Model>,
    /// Runs the model this many times more on each picture, and tells mean, p50 and p99 of the inference [default: off]
    #[arg(long, value_name = "N", value_parser = repeat, allow_negative_numbers = true, help_heading = help::MODEL)]
    pub repeat: Option<u32>,
    /// Shows what the usual recipes make of each picture, side by side, with the flags of each
    #[arg(long = "try", conflicts_with = "repeat", help_heading = help::MODEL)]
    pub try_recipes: bool,
    /// How pictures and films are made upright
    #[command(flatten)]
    pub turn: FlagArgs<Orientation>,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

impl Classify {
    /// The settings of the model.
    pub fn settings(&self) -> Result<ModelSettings> {
        config::model_of_flags(&self.model.flags)
    }

    /// The part of pictures and films that is classified; `None`: all of it.
    pub fn crop(&self) -> Result<Option<Crop>> {
        config::crop_of_flags(&self.turn.flags)
    }

    /// The orientation of pictures and films.
    pub fn turn(&self) -> Turn {
        config::turn_of_flags(&self.turn.flags)
    }
}

/// Runs of `--repeat`.
fn repeat(text: &str) -> std::result::Result<u32, String> {
    values::whole(text, 1..=1_000_000).map(|times| times as u32)
}
