//! The flags that say what runs the model, and with which libraries.

use super::help;
use crate::config::values;
use crate::runtime::{self, Cache, Provider};
use crate::suggest::synonym;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, ValueEnum};
use std::ffi::OsStr;
use std::path::PathBuf;

/// What runs the model.
#[derive(Args, Debug)]
#[command(next_help_heading = help::NPU)]
pub struct RuntimeArgs {
    /// Where the model runs [default: cpu]
    #[arg(long, value_name = "PROVIDER", value_parser = ProviderParser)]
    pub provider: Option<ProviderArg>,
    /// With --provider auto: lets a model run on the NPU in part, and the rest of it on the CPU
    #[arg(long)]
    pub allow_partial: bool,
    /// The NPU's cache
    #[command(flatten)]
    pub cache: CacheArgs,
    /// The libraries
    #[command(flatten)]
    pub libraries: LibraryArgs,
    /// Threads
    #[command(flatten)]
    pub threads: ThreadArgs,
}

/// Where graphs that were built for the NPU are kept.
#[derive(Args, Debug)]
#[command(next_help_heading = help::NPU)]
pub struct CacheArgs {
    /// Where graphs that were built for the NPU are kept, or off [default: the service's cache, or ~/.cache/glimpsed]
    #[arg(long, value_name = "DIR")]
    pub context_cache: Option<PathBuf>,
}

/// Threads of an inference.
#[derive(Args, Debug)]
#[command(next_help_heading = help::MODEL)]
pub struct ThreadArgs {
    /// Threads of one inference on the CPU, at most the number of processors [default: 1]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
}

/// With which libraries the model runs.
#[derive(Args, Debug)]
#[command(next_help_heading = help::NPU)]
pub struct LibraryArgs {
    /// The folder of the QNN plugin and libQnnHtp.so [default: GLIMPSED_QNN_DIR, else beside ONNX Runtime, else the program's folders]
    #[arg(long, value_name = "DIR")]
    pub qnn_dir: Option<PathBuf>,
    /// An option of QNN by its own name, as in htp_performance_mode=balanced; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = qnn_option)]
    pub qnn: Vec<(String, String)>,
    /// libonnxruntime.so, or a folder that holds it (an unpacked wheel) [default: ORT_DYLIB_PATH, else the program's folders, else the
    /// system's]
    #[arg(long, value_name = "PATH", help_heading = help::MODEL)]
    pub onnxruntime: Option<PathBuf>,
}

/// `--provider`.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum ProviderArg {
    /// The CPU; the NPU is not touched
    Cpu,
    /// The NPU with every node, or an error that says why not
    Qnn,
    /// The NPU if every node runs there, else the CPU, with a warning
    Auto,
}

impl From<ProviderArg> for Provider {
    fn from(provider: ProviderArg) -> Self {
        match provider {
            ProviderArg::Cpu => Self::Cpu,
            ProviderArg::Qnn => Self::Qnn,
            ProviderArg::Auto => Self::Auto,
        }
    }
}

/// Reads `--provider`, and suggests `qnn` to who writes `npu`.
#[derive(Debug, Clone)]
pub struct ProviderParser;

impl TypedValueParser for ProviderParser {
    type Value = ProviderArg;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&Arg>, value: &OsStr) -> Result<ProviderArg, clap::Error> {
        EnumValueParser::new().parse_ref(command, arg, value).map_err(|mut error| {
            if let Some(meant) = synonym(&value.to_string_lossy(), &["cpu", "qnn", "auto"]) {
                error.insert(ContextKind::SuggestedValue, ContextValue::String(meant.to_owned()));
            }
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(ProviderArg::value_variants().iter().filter_map(ProviderArg::to_possible_value)))
    }
}

impl CacheArgs {
    /// The cache that is named, if one is.
    pub fn cache(&self) -> Option<Cache> {
        let folder = self.context_cache.clone()?;
        Some(if folder.as_os_str() == "off" { Cache::Off } else { Cache::At(folder) })
    }
}

impl LibraryArgs {
    /// What these flags set.
    pub fn draft(&self) -> runtime::Draft {
        let mut draft =
            runtime::Draft { onnxruntime: self.onnxruntime.clone(), qnn_dir: self.qnn_dir.clone(), ..runtime::Draft::default() };
        // each was checked when the command line was read
        self.qnn.iter().for_each(|(name, value)| drop(draft.qnn.set(name, value)));
        draft
    }

    /// The first of these flags that was given.
    pub fn given(&self) -> Option<&'static str> {
        let flags =
            [("--onnxruntime", self.onnxruntime.is_some()), ("--qnn-dir", self.qnn_dir.is_some()), ("--qnn", !self.qnn.is_empty())];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}

impl RuntimeArgs {
    /// What these flags set.
    pub fn draft(&self) -> runtime::Draft {
        runtime::Draft {
            provider: self.provider.map(Provider::from),
            threads: self.threads.threads,
            allow_partial: self.allow_partial.then_some(true),
            context_cache: self.cache.cache(),
            ..self.libraries.draft()
        }
    }

    /// The parameters of a session, with the defaults.
    pub fn params(&self) -> runtime::Params {
        self.draft().params()
    }
}

/// Threads of an inference.
fn threads(text: &str) -> Result<usize, String> {
    values::whole(text, values::threads()).map_err(|expected| format!("{expected}, the processors of this machine"))
}

/// `KEY=VALUE`, which QNN would understand.
fn qnn_option(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected KEY=VALUE, as in htp_performance_mode=balanced")?;
    runtime::Options::default().set(name, value)?;
    Ok((name.to_owned(), value.to_owned()))
}
