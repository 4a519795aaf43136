//! Flags that several commands share, and how their values are read.

use crate::config::Settings;
use crate::preprocess::{self, Filter, Fit, Normalize};
use crate::publish::socket;
use crate::runtime::{self, Provider};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// What classifies.
#[derive(Args, Debug)]
pub struct ModelArgs {
    /// The ONNX file of a picture classifier, or testcard for the built-in one
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// The names of the classes, one a line; else labels.txt beside the model, else numbers
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Who runs the model
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// How many of the best classes each result has
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one)]
    pub top: usize,
    /// How the picture's shape becomes the model's
    #[arg(long, value_name = "HOW", default_value = "stretch")]
    pub resize: ResizeArg,
    /// How pixels are weighted when resizing
    #[arg(long, value_name = "FILTER", default_value = "bicubic")]
    pub filter: FilterArg,
    /// Subtracted from R, G and B (0..1), for models that want it from outside
    #[arg(long, value_name = "R,G,B", value_parser = three)]
    pub mean: Option<[f32; 3]>,
    /// R, G and B are divided by it then
    #[arg(long, value_name = "R,G,B", value_parser = three_above_zero)]
    pub std: Option<[f32; 3]>,
}

/// Who runs the model, and with which libraries.
#[derive(Args, Debug)]
pub struct RuntimeArgs {
    /// Where the model runs
    #[arg(long, value_name = "WHO", default_value = "cpu")]
    pub provider: ProviderArg,
    /// libonnxruntime.so, or a folder that holds it (an unpacked wheel); else ORT_DYLIB_PATH, the program's folders, the system's
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
    /// The folder of the QNN plugin and libQnnHtp.so; else GLIMPSED_QNN_DIR, beside ONNX Runtime, the program's folders
    #[arg(long, value_name = "DIR")]
    pub qnn_dir: Option<PathBuf>,
    /// Threads of one inference on the CPU
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub threads: usize,
}

/// How results are written.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// One JSON object a line (the default in a pipe)
    #[arg(long, conflicts_with = "text")]
    pub json: bool,
    /// Text (the default in a terminal)
    #[arg(long)]
    pub text: bool,
}

/// Results for any number of subscribers.
#[derive(Args, Debug)]
pub struct SocketArgs {
    /// Serves results on this Unix socket; standard output then carries them only with --json or --text
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Who may connect, in octal
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = octal, requires = "socket")]
    pub socket_mode: u32,
    /// The group of the socket
    #[arg(long, value_name = "GROUP", requires = "socket")]
    pub socket_group: Option<String>,
    /// Subscribers at the most
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = at_least_one, requires = "socket")]
    pub socket_limit: usize,
}

impl SocketArgs {
    /// The same in the words of `publish::socket`; `None` where there is to be none.
    pub fn params(&self) -> Option<socket::Params> {
        let path = self.socket.clone()?;
        Some(socket::Params { path, mode: self.socket_mode, group: self.socket_group.clone(), limit: self.socket_limit })
    }
}

/// When to end by itself.
#[derive(Args, Debug)]
pub struct LimitArgs {
    /// Ends after so long: 5s, 500ms, 2m
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub time: Option<Duration>,
    /// Ends after so many results
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,
}

/// `--provider`.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum ProviderArg {
    /// The CPU; the NPU is not touched
    Cpu,
    /// The NPU with every node, or an error that says why not
    Qnn,
    /// The NPU if every node runs there, else the CPU, said aloud
    Auto,
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
    /// The cheapest; not antialiased
    Nearest,
}

impl RuntimeArgs {
    /// The same in the words of `runtime`.
    pub fn params(&self) -> runtime::Params {
        let provider = match self.provider {
            ProviderArg::Cpu => Provider::Cpu,
            ProviderArg::Qnn => Provider::Qnn,
            ProviderArg::Auto => Provider::Auto,
        };
        runtime::Params { provider, onnxruntime: self.onnxruntime.clone(), qnn_dir: self.qnn_dir.clone(), threads: self.threads }
    }
}

impl ModelArgs {
    /// The settings that these flags make.
    pub fn settings(&self) -> Settings {
        let fit = match self.resize {
            ResizeArg::Stretch => Fit::Stretch,
            ResizeArg::Crop => Fit::Crop,
            ResizeArg::Letterbox => Fit::Letterbox,
        };
        let filter = match self.filter {
            FilterArg::Bicubic => Filter::Bicubic,
            FilterArg::Bilinear => Filter::Bilinear,
            FilterArg::Box => Filter::Box,
            FilterArg::Nearest => Filter::Nearest,
        };
        let none = Normalize::default();
        let normalize = Normalize { mean: self.mean.unwrap_or(none.mean), std: self.std.unwrap_or(none.std) };
        Settings {
            model: self.model.clone(),
            labels: self.labels.clone(),
            runtime: self.runtime.params(),
            preprocess: preprocess::Params { fit, filter, normalize },
            top: self.top,
        }
    }
}

/// A number from 1 on.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n >= 1).ok_or_else(|| "a number from 1 on is wanted".into())
}

fn octal(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777).ok_or_else(|| "three octal digits are wanted, as in 660".into())
}

/// `NAME=VALUE`.
pub fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is wanted")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// `5s`, `500ms`, `2m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed.ok_or_else(|| "a time like 5s, 500ms or 2m is wanted".into())
}

fn three(text: &str) -> Result<[f32; 3], String> {
    let numbers: Vec<f32> =
        text.split(',').filter_map(|number| number.trim().parse().ok()).filter(|n: &f32| n.is_finite()).collect();
    numbers.try_into().map_err(|_| "three numbers are wanted, as in 0.485,0.456,0.406".into())
}

fn three_above_zero(text: &str) -> Result<[f32; 3], String> {
    three(text)
        .and_then(|numbers| if numbers.iter().all(|n| *n > 0.0) { Ok(numbers) } else { Err("numbers above 0 are wanted".into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_triples() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("-5s").is_err() && duration("five").is_err());
        assert_eq!(three("0.5, 0.25,1"), Ok([0.5, 0.25, 1.0]));
        assert!(three("1,2").is_err() && three("1,2,x").is_err() && three_above_zero("1,0,1").is_err());
    }
}
