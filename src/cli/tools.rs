//! The grammar of the commands beside the daemon's.

use super::args::OutputArgs;
use super::flag_sets::{Compared, Compiler, Inspected};
use super::flags::FlagArgs;
use super::help;
use crate::config::{self, ModelSettings};
use crate::error::{Error, Result};
use crate::message::{EventKind, request};
use crate::runtime::Provider;
use crate::settings::values;
use clap::Args;
use std::path::PathBuf;

/// `glimpsed subscribe`.
#[derive(Args, Debug)]
#[command(
    after_help = "In a terminal it is a live view, in a pipe a line of text for each result; --json gives the daemon's own lines. It waits for a \
                        daemon that restarts. For a camera that the daemon does not have (yet) it warns, lists those that it has, and waits."
)]
pub struct Subscribe {
    /// The daemon's socket [default: /run/glimpsed/glimpsed.sock]
    pub socket: Option<PathBuf>,
    /// Only this camera; may be given more than once
    #[arg(long = "camera", value_name = "NAME", value_parser = request::camera, help_heading = help::CAMERA)]
    pub cameras: Vec<String>,
    /// Only messages of this type: classification, change or status; may be given more than once [default: all]
    #[arg(long = "event", value_name = "TYPE", value_parser = request::event, help_heading = help::OUTPUT)]
    pub events: Vec<EventKind>,
    /// At most this many of the best classes, 1 or more [default: all that the daemon sends]
    #[arg(long, value_name = "N", value_parser = request::top, allow_negative_numbers = true, help_heading = help::OUTPUT)]
    pub top: Option<usize>,
    /// Only classes of at least this confidence, 0 to 1 [default: 0]
    #[arg(long, value_name = "C", value_parser = request::min_confidence, allow_negative_numbers = true, help_heading = help::OUTPUT)]
    pub min_confidence: Option<f64>,
    /// At most this many results of each camera a second, 0.001 to 1000 [default: no limit]
    #[arg(long, value_name = "RATE", value_parser = request::max_rate, allow_negative_numbers = true, help_heading = help::OUTPUT)]
    pub max_rate: Option<f64>,
    /// Only results whose state is another than before
    #[arg(long, help_heading = help::OUTPUT)]
    pub on_change: bool,
    /// Waits for a daemon that is not there yet
    #[arg(long, help_heading = help::SOCKET)]
    pub wait: bool,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `glimpsed compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// An ONNX file, or testcard for the built-in one
    pub model: PathBuf,
    /// Pictures; without any, test pictures
    pub images: Vec<PathBuf>,
    /// The settings of both sides
    #[command(flatten)]
    pub given: FlagArgs<Compared>,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
}

impl Compare {
    /// The settings that these flags make; their provider is that of the NPU's side.
    pub fn settings(&self) -> Result<ModelSettings> {
        let provider = if self.given.flags.given("--allow-partial") { "auto" } else { "qnn" };
        let flags = self.given.flags.clone().with("model", "file", "--model", &self.model);
        config::model_of_flags(&flags.with("execution", "provider", "--provider", provider))
    }
}

/// `glimpsed compile`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example, on a PC for the RUBIK Pi 3 (HTP v68):  glimpsed compile model.onnx --htp-arch 68 --folder squeezenet-v68\n\
                        Then copy the folder, and there: glimpsed run --provider qnn --model squeezenet-v68/model.onnx ..."
)]
pub struct Compile {
    /// An ONNX file, or testcard for the built-in one
    pub model: PathBuf,
    /// The folder for the built model, its description and its labels
    #[arg(short = 'o', long, value_name = "DIR", help_heading = help::OUTPUT, required_unless_present = "fix_shapes")]
    pub folder: Option<PathBuf>,
    /// Only writes the ONNX file with its free shapes fixed, and its recipe and labels beside it; builds nothing [default: off]
    #[arg(long, value_name = "FILE", help_heading = help::OUTPUT, conflicts_with_all = ["folder", "htp_arch", "soc_model"])]
    pub fix_shapes: Option<PathBuf>,
    /// The HTP to build for: 68 is the QCS6490's [default: this machine's]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = help::NPU)]
    pub htp_arch: Option<String>,
    /// The chip to build for, by QNN's number [default: this machine's]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = help::NPU)]
    pub soc_model: Option<String>,
    /// The recipe, labels and libraries
    #[command(flatten)]
    pub given: FlagArgs<Compiler>,
}

impl Compile {
    /// What is built, by whom, and for what.
    pub fn settings(&self) -> Result<ModelSettings> {
        let flags = self.given.flags.clone().with("model", "file", "--model", &self.model);
        let targets = [("htp_arch", "--htp-arch", &self.htp_arch), ("soc_model", "--soc-model", &self.soc_model)];
        let given = targets.into_iter().filter_map(|(name, flag, value)| Some((flag, format!("{name}={}", value.as_ref()?))));
        config::model_of_flags(&given.fold(flags, |flags, (flag, option)| flags.with("execution", "qnn", flag, option)))
    }
}

/// `glimpsed inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// An ONNX file, or testcard for the built-in one
    pub model: PathBuf,
    /// Labels, provider and libraries
    #[command(flatten)]
    pub given: FlagArgs<Inspected>,
    /// With --provider qnn: measures the nodes on the NPU, and shows the N slowest [default: off]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, allow_negative_numbers = true, help_heading = help::NPU)]
    pub slowest: Option<usize>,
    /// Writes the recipe in force (how pixels become the input) to a .modelinfo beside the model
    #[arg(long, help_heading = help::MODEL)]
    pub write_modelinfo: bool,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
}

impl Inspect {
    /// The model, and with what its nodes are tried. A flag that would do nothing is refused: without the NPU nothing runs.
    pub fn settings(&self) -> Result<ModelSettings> {
        let settings = config::model_of_flags(&self.given.flags.clone().with("model", "file", "--model", &self.model))?;
        let provider = settings.runtime.provider;
        let ignored = self.slowest.filter(|_| provider != Provider::Qnn).map(|_| ("--slowest", "--provider qnn"));
        let unread = || self.given.flags.first("execution", |key| key != "provider").filter(|_| provider == Provider::Cpu);
        match ignored.or_else(|| Some((unread()?, "--provider qnn or auto"))) {
            Some((flag, needed)) => Err(Error::usage(format!("{flag} has no effect without {needed}"))),
            None => Ok(settings),
        }
    }
}

/// `glimpsed completions`.
#[derive(Args, Debug)]
#[command(after_help = "bash: glimpsed completions bash > ~/.local/share/bash-completion/completions/glimpsed\n\
                        zsh:  glimpsed completions zsh > _glimpsed, in a folder of $fpath\n\
                        fish: glimpsed completions fish > ~/.config/fish/completions/glimpsed.fish")]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
