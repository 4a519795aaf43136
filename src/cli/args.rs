//! Flags that several commands share, and how their values are read.

use crate::config::{Draft, ModelSettings, Placed, values};
use crate::error::{Error, Result};
use crate::preprocess::{Filter, Fit};
use crate::runtime::{self, Cache, Provider};
use clap::{Args, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// What classifies.
#[derive(Args, Debug)]
pub struct ModelArgs {
    /// The ONNX file of a picture classifier, or testcard for the built-in one
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// The names of the classes, one a line; else labels.txt beside the model, else numbers
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Who runs the model
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// How many of the best classes each result has [default: 5]
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    pub top: Option<usize>,
    /// How the picture's shape becomes the model's [default: stretch]
    #[arg(long, value_name = "HOW")]
    pub resize: Option<ResizeArg>,
    /// How pixels are weighted when resizing [default: bicubic]
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<FilterArg>,
    /// Subtracted from R, G and B (0..1), for models that want it from outside
    #[arg(long, value_name = "R,G,B", value_parser = mean, allow_hyphen_values = true)]
    pub mean: Option<[f32; 3]>,
    /// R, G and B are divided by it then
    #[arg(long, value_name = "R,G,B", value_parser = std)]
    pub std: Option<[f32; 3]>,
}

/// Who runs the model, and with which libraries.
#[derive(Args, Debug)]
pub struct RuntimeArgs {
    /// Where the model runs [default: cpu]
    #[arg(long, value_name = "WHO")]
    pub provider: Option<ProviderArg>,
    /// libonnxruntime.so, or a folder that holds it (an unpacked wheel); else ORT_DYLIB_PATH, the program's folders, the system's
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
    /// The folder of the QNN plugin and libQnnHtp.so; else GLIMPSED_QNN_DIR, beside ONNX Runtime, the program's folders
    #[arg(long, value_name = "DIR")]
    pub qnn_dir: Option<PathBuf>,
    /// An option of QNN by its own name, as in htp_performance_mode=balanced; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = qnn_option)]
    pub qnn: Vec<(String, String)>,
    /// Where graphs that were built for the NPU are kept, or off [default: the service's cache, or ~/.cache/glimpsed]
    #[arg(long, value_name = "DIR")]
    pub context_cache: Option<PathBuf>,
    /// With --provider auto: lets a model run on the NPU in part, and the rest of it on the CPU
    #[arg(long)]
    pub allow_partial: bool,
    /// Threads of one inference on the CPU, at most the number of processors [default: 1]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// How results are written.
#[derive(Args, Debug, Default)]
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
    /// Who may connect, in octal [default: 660]
    #[arg(long, value_name = "MODE", value_parser = values::octal)]
    pub socket_mode: Option<u32>,
    /// The group of the socket
    #[arg(long, value_name = "GROUP")]
    pub socket_group: Option<String>,
    /// Maximum number of subscribers, up to 65536 [default: 1024]
    #[arg(long, value_name = "N", value_parser = subscribers)]
    pub socket_limit: Option<usize>,
}

/// When to end by itself.
#[derive(Args, Debug)]
pub struct LimitArgs {
    /// Ends after so long: 5s, 500ms, 2m
    #[arg(long = "for", value_name = "TIME", value_parser = values::duration)]
    pub time: Option<Duration>,
    /// Ends after so many results
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(values::RESULTS))]
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
    /// As OpenCV's default; cheaper, not antialiased
    Linear,
    /// The cheapest; not antialiased
    Nearest,
}

impl RuntimeArgs {
    fn provider(&self) -> Option<Provider> {
        self.provider.map(|provider| match provider {
            ProviderArg::Cpu => Provider::Cpu,
            ProviderArg::Qnn => Provider::Qnn,
            ProviderArg::Auto => Provider::Auto,
        })
    }

    /// What these flags set.
    pub fn draft(&self) -> runtime::Draft {
        runtime::Draft {
            provider: self.provider(),
            onnxruntime: self.onnxruntime.clone(),
            qnn_dir: self.qnn_dir.clone(),
            threads: self.threads,
            qnn: self.qnn(),
            run_timeout: None,
            context_cache: self.cache(),
            allow_partial: self.allow_partial.then_some(true),
        }
    }

    /// The parameters of a session, with the defaults.
    pub fn params(&self) -> runtime::Params {
        self.draft().params()
    }

    fn cache(&self) -> Option<Cache> {
        let folder = self.context_cache.clone()?;
        Some(if folder.as_os_str() == "off" { Cache::Off } else { Cache::At(folder) })
    }

    fn qnn(&self) -> runtime::Options {
        let mut options = runtime::Options::default();
        // each was checked when the command line was read
        self.qnn.iter().for_each(|(name, value)| drop(options.set(name, value)));
        options
    }
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

/// Threads of an inference.
fn threads(text: &str) -> std::result::Result<usize, String> {
    values::whole(text, values::threads()).map_err(|wanted| format!("{wanted}, the processors of this machine"))
}

/// Maximum number of subscribers.
fn subscribers(text: &str) -> std::result::Result<usize, String> {
    values::whole(text, values::SUBSCRIBERS)
}

/// `KEY=VALUE`, which QNN would understand.
fn qnn_option(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected KEY=VALUE, as in htp_performance_mode=balanced")?;
    runtime::Options::default().set(name, value)?;
    Ok((name.to_owned(), value.to_owned()))
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
