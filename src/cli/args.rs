//! Flags that several commands share, and how their values are read.

use super::help;
use super::runtime::RuntimeArgs;
use crate::config::{Draft, ModelSettings, Placed, values};
use crate::error::{Error, Result};
use crate::preprocess::{Filter, Fit};
use clap::{Args, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// What classifies.
#[derive(Args, Debug)]
#[command(next_help_heading = help::MODEL)]
pub struct ModelArgs {
    /// The ONNX file of a picture classifier, or testcard for the built-in one
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// The names of the classes, one a line [default: labels.txt beside the model, else numbers]
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// How many of the best classes each result has [default: 5]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, allow_negative_numbers = true)]
    pub top: Option<usize>,
    /// How the picture's shape becomes the model's [default: stretch]
    #[arg(long, value_name = "HOW")]
    pub resize: Option<ResizeArg>,
    /// How pixels are weighted when resizing [default: bicubic]
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<FilterArg>,
    /// Subtracted from R, G and B (0..1), for models that do not do it themselves [default: 0,0,0]
    #[arg(long, value_name = "R,G,B", value_parser = mean, allow_hyphen_values = true)]
    pub mean: Option<[f32; 3]>,
    /// R, G and B are divided by it then [default: 1,1,1]
    #[arg(long, value_name = "R,G,B", value_parser = std, allow_hyphen_values = true)]
    pub std: Option<[f32; 3]>,
    /// What runs the model
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// How results are written.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = help::OUTPUT)]
pub struct OutputArgs {
    /// One JSON object a line (the default in a pipe)
    #[arg(long, conflicts_with = "text")]
    pub json: bool,
    /// Text (the default in a terminal)
    #[arg(long)]
    pub text: bool,
}

/// Who may connect to the socket.
#[derive(Args, Debug)]
#[command(next_help_heading = help::SOCKET)]
pub struct SocketArgs {
    /// Who may connect, in octal [default: 660]
    #[arg(long, value_name = "MODE", value_parser = values::octal, allow_negative_numbers = true)]
    pub socket_mode: Option<u32>,
    /// The group of the socket [default: the user's own]
    #[arg(long, value_name = "GROUP")]
    pub socket_group: Option<String>,
    /// Maximum number of subscribers, up to 65536 [default: 1024]
    #[arg(long, value_name = "N", value_parser = subscribers, allow_negative_numbers = true)]
    pub socket_limit: Option<usize>,
}

/// When to end by itself.
#[derive(Args, Debug)]
#[command(next_help_heading = help::OUTPUT)]
pub struct LimitArgs {
    /// Ends after this time: 5s, 500ms, 2m [default: no limit]
    #[arg(long = "for", value_name = "TIME", value_parser = values::duration, allow_hyphen_values = true)]
    pub time: Option<Duration>,
    /// Ends after this many results [default: no limit]
    #[arg(long, value_name = "N", value_parser = values::results, allow_negative_numbers = true)]
    pub frames: Option<u64>,
}

/// `--resize`.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum ResizeArg {
    /// The whole picture, squeezed
    Stretch,
    /// The middle, as torchvision and AI Hub cut it
    Crop,
    /// The whole picture, with black bars
    Letterbox,
}

/// `--filter`.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum FilterArg {
    /// As Pillow's default
    Bicubic,
    /// As torchvision's default
    Bilinear,
    /// The mean of the pixels that one covers
    Box,
    /// As OpenCV's default; cheaper, not antialiased
    Linear,
    /// The cheapest; not antialiased
    Nearest,
}

impl ModelArgs {
    /// What these flags say, to be laid over a file.
    pub fn draft(&self) -> Draft {
        Draft {
            model: self.model.clone().map(Placed::by_flag),
            labels: self.labels.clone().map(Placed::by_flag),
            top: self.top,
            fit: self.resize.map(|fit| match fit {
                ResizeArg::Stretch => Fit::Stretch,
                ResizeArg::Crop => Fit::Crop,
                ResizeArg::Letterbox => Fit::Letterbox,
            }),
            filter: self.filter.map(|filter| match filter {
                FilterArg::Bicubic => Filter::Bicubic,
                FilterArg::Bilinear => Filter::Bilinear,
                FilterArg::Box => Filter::Box,
                FilterArg::Linear => Filter::Linear,
                FilterArg::Nearest => Filter::Nearest,
            }),
            mean: self.mean,
            std: self.std,
            runtime: self.runtime.draft(),
            ..Draft::default()
        }
    }

    /// The settings that these flags alone make.
    pub fn settings(&self) -> Result<ModelSettings> {
        self.draft()
            .model()
            .map_err(|_| Error::usage("no model is given").hint("--model FILE names one; testcard is the built-in one."))
    }
}

/// Maximum number of subscribers.
fn subscribers(text: &str) -> std::result::Result<usize, String> {
    values::whole(text, values::SUBSCRIBERS)
}

fn mean(text: &str) -> std::result::Result<[f32; 3], String> {
    three(text, values::MEAN, "0.485,0.456,0.406")
}

fn std(text: &str) -> std::result::Result<[f32; 3], String> {
    three(text, values::STD, "0.229,0.224,0.225")
}

fn three(text: &str, range: RangeInclusive<f32>, example: &str) -> std::result::Result<[f32; 3], String> {
    let number = |number: &str| number.trim().parse().ok().filter(|n| range.contains(n));
    let numbers = text.split(',').map(number).collect::<Option<Vec<f32>>>();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| format!("expected three numbers from {} to {}, as in {example}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples() {
        assert_eq!(mean("0.5, 0.25,-1"), Ok([0.5, 0.25, -1.0]));
        for wrong in ["1,2", "1,2,x", "1,2,3,4", "1,2,3,x", "1,2,inf", "NaN,1,2", "1e30,1,2"] {
            assert!(mean(wrong).is_err() && std(wrong).is_err(), "{wrong}");
        }
        assert!(std("1,0,1").is_err() && std("1,1e-30,1").is_err());
    }
}
