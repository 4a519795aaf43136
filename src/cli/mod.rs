//! The command line.

mod args;

pub use args::{LimitArgs, ModelArgs, OutputArgs, RuntimeArgs, SocketArgs};

use args::{at_least_one, duration, variable};
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

const EXAMPLES: &str = "Examples:
  glimpsed demo                                            labels in seconds, nothing to set up
  glimpsed classify --model m.onnx --labels l.txt *.jpg    pictures and films
  glimpsed run --model m.onnx --pipeline pipelines/usb-mjpeg.launch --var DEVICE=/dev/video2
  glimpsed run --model m.onnx -- videotestsrc is-live=true ! appsink name=frames
  glimpsed inspect m.onnx                                  what the file says

Exit status: 0 done, 1 failed, 2 usage, 78 configuration.";

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Classify the frames of a GStreamer pipeline, until it ends
    Run(Run),
    /// Show the built-in model at work on a live test picture
    Demo(Demo),
    /// Classify pictures and films
    Classify(Classify),
    /// Tell what a model file says
    Inspect(Inspect),
}

/// `glimpsed run`.
#[derive(Args, Debug)]
#[command(
    after_help = "The pipeline needs an `appsink name=frames`; its formats and settings are ours. A live source keeps the newest frame \
                        and counts the others as dropped; one that is not live (a file) loses none."
)]
pub struct Run {
    /// The model
    #[command(flatten)]
    pub model: ModelArgs,
    /// A .launch file: gst-launch text with # comments and ${NAME} or ${NAME:-default}
    #[arg(long, value_name = "FILE", required_unless_present = "launch", conflicts_with = "launch")]
    pub pipeline: Option<PathBuf>,
    /// Sets a variable of the .launch file; before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,
    /// The name of the camera in the results
    #[arg(long, value_name = "NAME", default_value = "camera")]
    pub name: String,
    /// A camera that gives no frame for so long is lost, and built anew
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub stall_timeout: Duration,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The socket
    #[command(flatten)]
    pub socket: SocketArgs,
    /// The end
    #[command(flatten)]
    pub limits: LimitArgs,
    /// gst-launch text instead of a file, as for gst-launch-1.0
    #[arg(last = true, value_name = "ELEMENT ! ELEMENT ! appsink name=frames")]
    pub launch: Vec<String>,
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
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one)]
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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `glimpsed inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// An ONNX file, or testcard for the built-in one
    pub model: PathBuf,
    /// The names of the classes
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }
}
