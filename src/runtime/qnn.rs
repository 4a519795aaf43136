//! The NPU: QNN with the HTP backend, as a plugin library (onnxruntime-qnn 2.x) or built into libonnxruntime (1.x).
//!
//! "Session created" proves nothing, for QNN falls back to the CPU in silence. The proof is a session that was forbidden to
//! (`session.disable_cpu_ep_fallback`) on a device that the plugin itself has named, or the nodes that were counted.
#![allow(clippy::result_large_err)] // the builder that failed comes back in ort's own error

use super::context::{Entry, Found};
use super::coverage::Coverage;
use super::library::Library;
use super::session::{self, Session};
use super::{Execution, Params, log};
use crate::error::{Error, Result};
use crate::model::{Model, Source};
use ort::ep::{ArbitrarilyConfigurableExecutionProvider, ExecutionProvider, QNN};
use ort::logging::LogLevel;
use ort::session::builder::{BuilderResult, SessionBuilder};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Instant;

/// The plugin must be registered under the provider's own name.
const EP: &str = "QNNExecutionProvider";
const PLUGIN: &str = "libonnxruntime_providers_qnn.so";
const BACKEND: &str = "libQnnHtp.so";

/// What the HTP of a QCS6490 (v68) needs beside the plugin and the backend: to build a graph, to reach the DSP, and the DSP's own side.
#[cfg(target_arch = "aarch64")]
pub const BOARD_PARTS: &[&str] = &["libQnnHtpPrepare.so", "libQnnSystem.so", "libQnnHtpV68Stub.so", "libQnnHtpV68Skel.so"];
/// What the emulator of the HTP needs beside the plugin and the backend.
#[cfg(not(target_arch = "aarch64"))]
pub const BOARD_PARTS: &[&str] = &["libHtpPrepare.so", "libQnnSystem.so"];

/// How QNN comes to ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As a plugin library, from onnxruntime-qnn 2.x on.
    Plugin,
    /// Inside libonnxruntime, as in the wheels of onnxruntime-qnn 1.x.
    BuiltIn,
}

/// QNN on this machine.
#[derive(Debug, Clone)]
pub struct Qnn {
    /// Its form.
    pub form: Form,
    /// The folder of the backend.
    pub folder: PathBuf,
}

impl Qnn {
    /// Finds the libraries of QNN: a plugin with its backend, or, where libonnxruntime has QNN inside, the backend alone.
    pub fn find(library: &Library, named: Option<&Path>) -> Result<Self> {
        let candidates = candidates(library, named);
        let found = |names: &[&str]| {
            let folder = candidates.iter().find(|folder| names.iter().all(|name| folder.join(name).is_file()))?;
            std::path::absolute(folder).ok()
        };
        if QNN::is_available().unwrap_or(false)
            && let Some(folder) = found(&[BACKEND])
        {
            return Ok(Self { form: Form::BuiltIn, folder });
        }
        if let Some(folder) = found(&[PLUGIN, BACKEND]) {
            return Ok(Self { form: Form::Plugin, folder });
        }
        let tried: Vec<_> = candidates.iter().map(|folder| format!("\n  {}", folder.display())).collect();
        Err(Error::config(format!("cannot find the QNN libraries ({PLUGIN} and {BACKEND})"))
            .because(format!("tried{}", tried.concat()))
            .hint(
                "`make setup-qnn` brings them. By hand: pip download --no-deps onnxruntime-qnn, unzip the wheel, and name the folder\n\
                 that holds them: --qnn-dir FOLDER/onnxruntime_qnn or GLIMPSED_QNN_DIR.",
            ))
    }

    fn backend(&self) -> String {
        self.folder.join(BACKEND).display().to_string()
    }

    /// Hands a session that is being built to QNN.
    fn configure(&self, library: &Library, builder: SessionBuilder, options: &BTreeMap<String, String>) -> Result<SessionBuilder> {
        let refused = |e: ort::Error<SessionBuilder>| super::failed("QNN refuses the session", e);
        match self.form {
            Form::Plugin => {
                register(library, &self.folder.join(PLUGIN))?;
                let ours = |device: &ort::device::Device| device.ep().is_ok_and(|ep| ep == EP);
                let devices: Vec<_> = library.environment.devices().filter(ours).take(1).collect();
                if devices.is_empty() {
                    return Err(Error::failed("QNN sees no NPU on this machine").hint(
                        "On a board it is /dev/fastrpc-cdsp: is it there (ls -l /dev/fastrpc*), and may you open it? `glimpsed doctor` tells.",
                    ));
                }
                let options: Vec<_> = options.iter().map(|(key, value)| (format!("{EP}.{key}"), value.clone())).collect();
                builder.with_devices(devices, Some(&options)).map_err(refused)
            }
            Form::BuiltIn => {
                let provider = options.iter().fold(QNN::default(), |qnn, (key, value)| qnn.with_arbitrary_config(key, value));
                // without it a provider that does not register is left out in silence
                builder.with_execution_providers([provider.build().error_on_failure()]).map_err(refused)
            }
        }
    }
}

/// Whether the CPU may take what the NPU does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Every node on the NPU, or no session.
    Forbidden,
    /// What the NPU does not take goes to the CPU; counted.
    Counted,
}

/// Opens a session with every node on the HTP.
pub fn open(library: &Library, model: &Model, params: &Params) -> Result<Session> {
    if let Some(obstacle) = model.npu_obstacle() {
        return Err(Error::failed(format!("the model '{}' cannot run on the NPU", model.name)).hint(obstacle));
    }
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    session(library, &qnn, model, params, Fallback::Forbidden).map(|(session, _)| session).map_err(|error| {
        let hint = "Some of the model does not run on the NPU, or the NPU's libraries do not load; the lines above say which.\n\
                    --provider auto goes on without it, --provider cpu does not try.";
        // QNN does not say which nodes it left: a session that may fall back does
        match session(library, &qnn, model, params, Fallback::Counted) {
            Ok((_, Some(coverage))) if coverage.npu > 0 => {
                error.hint(format!("{coverage}.\n--provider auto --allow-partial runs it like that; `glimpsed inspect --provider qnn` tells of each operator."))
            }
            _ => error.hint(hint),
        }
    })
}

/// Opens a session with what the HTP takes of the model there, and the rest on the CPU; an error where it takes nothing.
pub fn open_partly(library: &Library, model: &Model, params: &Params) -> Result<Session> {
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    let (mut session, coverage) = session(library, &qnn, model, params, Fallback::Counted)?;
    let coverage = coverage.ok_or_else(|| Error::failed("ONNX Runtime does not tell where the nodes are"))?;
    if coverage.npu == 0 {
        return Err(Error::failed(format!("no node of the model '{}' runs on the NPU", model.name))
            .hint("It is a model in floating point, or the NPU's libraries do not load: -vv shows what QNN says."));
    }
    session.set_execution(Execution {
        provider: "QNN",
        detail: format!("the NPU (QNN HTP) and the CPU: {coverage}"),
        nodes: Some((coverage.npu, coverage.cpu)),
    });
    Ok(session)
}

/// Opens a session that QNN has a part in, and tells which, where it is not all.
fn session(
    library: &Library,
    qnn: &Qnn,
    model: &Model,
    params: &Params,
    fallback: Fallback,
) -> Result<(Session, Option<Coverage>)> {
    let options = params.qnn.all(&qnn.backend());
    if fallback == Fallback::Forbidden {
        let attempt = Attempt { library, qnn, model, options };
        return attempt.whole(params.context_cache.as_deref()).map(|session| (session, None));
    }
    let mut attempt = Attempt { library, qnn, model, options };
    // QNN forces this where no fallback is allowed; else a model with float at its ends would be counted as split
    attempt.options.entry("offload_graph_io_quantization".to_owned()).or_insert("0".to_owned());
    log::listen();
    library.environment.set_log_level(LogLevel::Verbose);
    let opened = attempt.open(&model.source, |builder| builder.with_log_level(LogLevel::Verbose));
    library.environment.set_log_level(LogLevel::Warning);
    let coverage = log::heard().coverage(EP, model.nodes());
    Ok((opened?, coverage))
}

/// All that it takes to open a session with QNN.
struct Attempt<'a> {
    library: &'a Library,
    qnn: &'a Qnn,
    model: &'a Model,
    options: BTreeMap<String, String>,
}

impl Attempt<'_> {
    fn open(&self, source: &Source, more: impl FnOnce(SessionBuilder) -> BuilderResult) -> Result<Session> {
        let nodes = self.model.nodes();
        let detail = format!("the NPU (QNN HTP), all {nodes} nodes");
        let execution = Execution { provider: "QNN", detail, nodes: Some((nodes, 0)) };
        let configure = |builder: SessionBuilder| {
            let builder = self.qnn.configure(self.library, builder, &self.options)?;
            more(builder).map_err(|e| super::failed("cannot set up a session on the NPU", e))
        };
        session::open(self.library, self.model, source, configure, execution)
    }

    /// A session with every node on the NPU; by way of the context cache, where there is one.
    fn whole(&self, cache: Option<&Path>) -> Result<Session> {
        let strict = SessionBuilder::with_disable_cpu_fallback;
        // a model that is a context already has nothing to be built
        let Some(cache) = cache.filter(|_| !self.model.is_context()) else { return self.open(&self.model.source, strict) };
        let libraries = [&self.library.path, &self.qnn.folder.join(PLUGIN), &self.qnn.folder.join(BACKEND)].map(Clone::clone);
        let entry = Entry::of(cache, self.model, &libraries, &self.options)?;
        let start = Instant::now();
        let mut why = None;
        match entry.look() {
            Found::Ready(graph, size) => {
                let opened = self.open(&Source::File(graph), strict);
                let took = start.elapsed();
                match opened.and_then(|session| session.probed(self.model)) {
                    Ok(session) => {
                        tracing::info!("context cache: hit, loaded in {took:.1?}, {size} bytes in '{}'", entry.folder().display());
                        return Ok(session);
                    }
                    Err(error) => why = Some(error.to_string()),
                }
            }
            Found::Damaged(what) => why = Some(what),
            Found::Nothing => {}
        }
        if let Some(why) = &why {
            let why = why.lines().next().unwrap_or_default();
            tracing::warn!("context cache: rebuilt, because '{}' cannot be used: {why}", entry.folder().display());
            entry.remove();
        }
        let start = Instant::now();
        let draft = match entry.begin() {
            Ok(draft) => draft,
            Err(error) => {
                tracing::warn!("context cache: not kept, the next start will be as slow: {error}");
                return self.open(&self.model.source, strict);
            }
        };
        let graph = draft.graph().display().to_string();
        let keeping = self.open(&self.model.source, |builder| {
            let builder = builder.with_disable_cpu_fallback()?.with_config_entry("ep.context_enable", "1")?;
            builder.with_config_entry("ep.context_embed_mode", "0")?.with_config_entry("ep.context_file_path", &graph)
        });
        let session = match keeping {
            Ok(session) => session,
            // is it the model, or the disk?
            Err(error) => {
                let session = self.open(&self.model.source, strict)?;
                tracing::warn!("context cache: not kept, the next start will be as slow: {error}");
                return Ok(session);
            }
        };
        let took = start.elapsed();
        match draft.finish(&entry) {
            Ok(size) => tracing::info!("context cache: built in {took:.1?}, {size} bytes in '{}'", entry.folder().display()),
            Err(error) => tracing::warn!("context cache: not kept, the next start will be as slow: {error}"),
        }
        Ok(session)
    }
}

/// How the operators of `model` are spread: those that stay on the CPU, counted.
pub fn coverage(library: &Library, model: &Model, params: &Params) -> Result<(Qnn, Coverage)> {
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    let (_, coverage) = session(library, &qnn, model, params, Fallback::Counted)?;
    let coverage = coverage.ok_or_else(|| Error::failed("ONNX Runtime does not tell where the nodes are"))?;
    Ok((qnn, coverage))
}

/// Where the libraries may be, in the order in which they are looked for.
fn candidates(library: &Library, named: Option<&Path>) -> Vec<PathBuf> {
    let from_environment = std::env::var_os("GLIMPSED_QNN_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    match named.map(Path::to_owned).or(from_environment) {
        Some(folder) => vec![folder],
        None => beside(&library.path).into_iter().chain(super::usual_qnn_folders()).collect(),
    }
}

/// Folders that belong to the libonnxruntime at `path`: its own, and `onnxruntime_qnn` of the same Python environment.
fn beside(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned)) else { return Vec::new() };
    let packages = folder.ancestors().nth(2).map(|packages| packages.join("onnxruntime_qnn"));
    std::iter::once(folder).chain(packages).collect()
}

/// Registers the plugin, once in a process.
fn register(library: &Library, plugin: &Path) -> Result<()> {
    let mut plugins = library.plugins.lock().unwrap_or_else(PoisonError::into_inner);
    if plugins.iter().any(|known| known == plugin) {
        return Ok(());
    }
    library.environment.register_ep_library(EP, plugin).map_err(|e| {
        super::failed(format!("cannot load the QNN plugin '{}'", plugin.display()), e)
            .hint("It needs ONNX Runtime 1.24.1 or newer beside it. `make setup-qnn` brings a pair that fits.")
    })?;
    plugins.push(plugin.to_owned());
    Ok(())
}
