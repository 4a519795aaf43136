//! What the user can set of a session, and the defaults.

use super::options::Options;
use super::recovery::Patience;
use std::path::PathBuf;
use std::time::Duration;

/// Default time limit of one inference. The emulator of the NPU is a hundred times slower than an NPU.
const RUN_TIMEOUT: Duration = Duration::from_secs(if cfg!(target_arch = "aarch64") { 2 } else { 60 });

/// Which execution provider runs the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provider {
    /// The CPU; QNN is not touched.
    #[default]
    Cpu,
    /// Every node on the NPU, or an error.
    Qnn,
    /// The NPU if every node runs there, else the CPU; the log says which and why.
    Auto,
}

/// Where graphs that were built for the NPU are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cache {
    /// In the service's cache folder, or the user's.
    #[default]
    Default,
    /// In this folder.
    At(PathBuf),
    /// Nowhere.
    Off,
}

impl Cache {
    /// The folder, if there is one.
    pub fn folder(self) -> Option<PathBuf> {
        let variable = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        match self {
            Self::Off => None,
            Self::At(folder) => Some(folder),
            Self::Default => {
                let user = || Some(variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?.join("glimpsed"));
                variable("CACHE_DIRECTORY").or_else(user).map(|folder| folder.join("contexts"))
            }
        }
    }
}

/// Parameters of a session, beside the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// Which execution provider runs the model.
    pub provider: Provider,
    /// libonnxruntime, or a folder that holds it; `None` searches.
    pub onnxruntime: Option<PathBuf>,
    /// The folder of the QNN plugin and its backend; `None` searches.
    pub qnn_dir: Option<PathBuf>,
    /// Threads of one inference on the CPU; 0 counts as 1.
    pub threads: usize,
    /// Options of QNN.
    pub qnn: Options,
    /// Time limit of one inference, after which it is terminated; `None` sets no limit.
    pub run_timeout: Option<Duration>,
    /// Where graphs that were built for the NPU are kept; `None` keeps none.
    pub context_cache: Option<PathBuf>,
    /// With `auto`: whether a part of the model may run on the CPU.
    pub allow_partial: bool,
    /// When a failed NPU session is reopened.
    pub patience: Patience,
}

/// The parameters that were set, by a file or by flags; [`Draft::params`] adds the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of `Params`
pub struct Draft {
    pub provider: Option<Provider>,
    pub onnxruntime: Option<PathBuf>,
    pub qnn_dir: Option<PathBuf>,
    pub threads: Option<usize>,
    pub qnn: Options,
    pub run_timeout: Option<Duration>,
    pub context_cache: Option<Cache>,
    pub allow_partial: Option<bool>,
}

impl Draft {
    /// This draft, with `base` for each parameter that it does not set.
    pub fn over(self, base: Self) -> Self {
        Self {
            provider: self.provider.or(base.provider),
            onnxruntime: self.onnxruntime.or(base.onnxruntime),
            qnn_dir: self.qnn_dir.or(base.qnn_dir),
            threads: self.threads.or(base.threads),
            qnn: self.qnn.over(base.qnn),
            run_timeout: self.run_timeout.or(base.run_timeout),
            context_cache: self.context_cache.or(base.context_cache),
            allow_partial: self.allow_partial.or(base.allow_partial),
        }
    }

    /// The parameters, with the defaults.
    pub fn params(self) -> Params {
        Params {
            provider: self.provider.unwrap_or_default(),
            onnxruntime: self.onnxruntime,
            qnn_dir: self.qnn_dir,
            threads: self.threads.unwrap_or(1),
            qnn: self.qnn,
            run_timeout: self.run_timeout.or(Some(RUN_TIMEOUT)),
            context_cache: self.context_cache.unwrap_or_default().folder(),
            allow_partial: self.allow_partial.unwrap_or(false),
            patience: Patience::default(),
        }
    }
}
