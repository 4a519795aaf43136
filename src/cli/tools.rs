//! The grammar of the commands beside the daemon's.

use super::args::{OutputArgs, RuntimeArgs};
use crate::config::{ModelSettings, values};
use crate::error::{Error, Result};
use crate::publish::socket::request;
use crate::runtime;
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
    #[arg(long = "camera", value_name = "NAME", value_parser = request::camera)]
    pub cameras: Vec<String>,
    /// At most this many of the best classes, 1 or more
    #[arg(long, value_name = "N", value_parser = request::top, allow_negative_numbers = true)]
    pub top: Option<usize>,
    /// Only classes of at least this confidence, 0 to 1
    #[arg(long, value_name = "C", value_parser = request::min_confidence, allow_negative_numbers = true)]
    pub min_confidence: Option<f64>,
    /// At most this many results of each camera a second, 0.001 to 1000
    #[arg(long, value_name = "RATE", value_parser = request::max_rate, allow_negative_numbers = true)]
    pub max_rate: Option<f64>,
    /// Only results whose best class is another than before
    #[arg(long)]
    pub on_change: bool,
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
    /// The names of the classes
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// The libraries
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// How many of the best classes are shown
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = values::at_least_one)]
    pub top: usize,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

impl Compare {
    /// The settings that these flags make.
    pub fn settings(&self) -> ModelSettings {
        ModelSettings {
            model: self.model.clone(),
            labels: self.labels.clone(),
            runtime: self.runtime.params(),
            preprocess: Default::default(),
            top: self.top,
        }
    }
}

/// `glimpsed compile`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example, on a PC for the RUBIK Pi 3 (HTP v68):  glimpsed compile model.onnx --htp-arch 68 --output squeezenet-v68\n\
                        Then copy the folder, and there: glimpsed run --provider qnn --model squeezenet-v68/model.onnx ..."
)]
pub struct Compile {
    /// An ONNX file, or testcard for the built-in one
    pub model: PathBuf,
    /// The folder for the built model, its description and its labels
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// The names of the classes
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// The HTP to build for: 68 is the QCS6490's; else this machine's
    #[arg(long, value_name = "N")]
    pub htp_arch: Option<String>,
    /// The chip to build for, by QNN's number
    #[arg(long, value_name = "N")]
    pub soc_model: Option<String>,
    /// The libraries
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

impl Compile {
    /// Who builds it, and for what.
    pub fn params(&self) -> Result<runtime::Params> {
        let mut params = self.runtime.params();
        for (name, value) in [("htp_arch", &self.htp_arch), ("soc_model", &self.soc_model)] {
            if let Some(value) = value {
                params.qnn.set(name, value).map_err(Error::usage)?;
            }
        }
        Ok(params)
    }
}

/// `glimpsed inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// An ONNX file, or testcard for the built-in one
    pub model: PathBuf,
    /// The names of the classes
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Who runs the model: with --provider qnn or auto, what runs where is tried and counted
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// With --provider qnn: measures the nodes on the NPU, and shows the N slowest
    #[arg(long, value_name = "N", requires = "provider", value_parser = values::at_least_one)]
    pub slowest: Option<usize>,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
