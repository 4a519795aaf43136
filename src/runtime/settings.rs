//! What the user can set of a session: the section `[execution]`.

use super::options::{EXAMPLE, Options, check_pair};
use super::recovery::Patience;
use crate::npu;
use crate::settings::{Key, Kind, Section, heading};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

/// Default time limit of one inference. The emulator of the NPU is a hundred times slower than an NPU.
const RUN_TIMEOUT: Duration = Duration::from_secs(if npu::IS_EMULATED { 60 } else { 2 });

/// What `context_cache` says where nothing is kept.
const NO_CACHE: &str = "off";

const PROVIDERS: [(&str, &str, Provider); 3] = [
    ("cpu", "The CPU; the NPU is not touched", Provider::Cpu),
    ("qnn", "The NPU with every node, or an error that says why not", Provider::Qnn),
    ("auto", "The NPU if every node runs there, else the CPU, with a warning", Provider::Auto),
];

/// The keys.
pub const KEYS: [Key; 8] = [
    Key::new("provider", Kind::Choice(&PROVIDERS), "Where the model runs").default("cpu").flag(
        "--provider",
        "PROVIDER",
        heading::NPU,
    ),
    Key::new(
        "allow_partial",
        Kind::Switch,
        "With provider auto: lets a model run on the NPU in part, and the rest of it on the CPU",
    )
    .default("false")
    .flag("--allow-partial", "", heading::NPU),
    Key::new(
        "run_timeout",
        Kind::Time,
        "Time limit of one inference; one that takes longer is cancelled, and the NPU gets a new session",
    )
    .default_described("2s; 60s where the NPU is emulated (x86-64)"),
    Key::new("context_cache", Kind::PathOr(NO_CACHE), "Where graphs that were built for the NPU are kept, or off")
        .default_described("the service's cache, or ~/.cache/glimpsed")
        .flag("--context-cache", "DIR", heading::NPU),
    Key::new("qnn_dir", Kind::Path, "The folder of the QNN plugin and libQnnHtp.so")
        .default_described("GLIMPSED_QNN_DIR, else beside ONNX Runtime, else the program's folders")
        .flag("--qnn-dir", "DIR", heading::NPU),
    Key::new(
        "qnn",
        Kind::Options(check_pair, EXAMPLE),
        "Options of QNN by their own names; as a flag, one at a time: htp_performance_mode=balanced",
    )
    .flag("--qnn", "KEY=VALUE", heading::NPU),
    Key::new("onnxruntime", Kind::Path, "libonnxruntime.so, or a folder that holds it (an unpacked wheel)")
        .default_described("ORT_DYLIB_PATH, else the program's folders, else the system's")
        .flag("--onnxruntime", "PATH", heading::MODEL),
    Key::new(
        "threads",
        Kind::Whole(threads, ", the processors of this machine"),
        "Threads of one inference on the CPU, at most the number of processors",
    )
    .default("1")
    .flag("--threads", "N", heading::MODEL),
];

/// Threads of an inference: not more than the processors that this process may use; more only take turns on them.
fn threads() -> RangeInclusive<usize> {
    1..=available_parallelism().map_or(1, usize::from)
}

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

impl Params {
    /// What `[execution]` says.
    pub fn read(execution: &Section) -> Self {
        let params = Self {
            provider: execution.choice("provider", &PROVIDERS),
            onnxruntime: execution.get("onnxruntime"),
            qnn_dir: execution.get("qnn_dir"),
            threads: execution.get("threads"),
            qnn: Options::read(execution, "qnn"),
            run_timeout: execution.get::<Option<_>>("run_timeout").or(Some(RUN_TIMEOUT)),
            context_cache: match execution.get::<Option<PathBuf>>("context_cache") {
                Some(folder) if folder.as_os_str() == NO_CACHE => None,
                Some(folder) => Some(folder),
                None => usual_cache(),
            },
            allow_partial: execution.get("allow_partial"),
            patience: Patience::default(),
        };
        if params.allow_partial && params.provider != Provider::Auto {
            let needed = ("--provider auto", "provider = \"auto\"");
            execution.ignored("allow_partial", needed, "provider", "cpu and qnn run the whole model in one place.");
        }
        params
    }
}

/// The cache of the service, or that of the user.
fn usual_cache() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let user = || Some(variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?.join("glimpsed"));
    variable("CACHE_DIRECTORY").or_else(user).map(|folder| folder.join("contexts"))
}
