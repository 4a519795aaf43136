//! QNN's libraries: where they are, in which form, and how a session is configured for them.
#![allow(clippy::result_large_err)] // ort's error contains the builder

use super::super::library::{self, Library};
use super::super::library_search::own_folders;
use super::super::refusal::failed;
use crate::error::{Error, Result};
use ort::ep::{ArbitrarilyConfigurableExecutionProvider, ExecutionProvider, QNN};
use ort::session::builder::SessionBuilder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// The plugin must be registered under the provider's own name.
pub const EP: &str = "QNNExecutionProvider";
const PLUGIN: &str = "libonnxruntime_providers_qnn.so";
const BACKEND: &str = "libQnnHtp.so";

/// The libraries that the HTP of a QCS6490 (v68) needs besides the plugin and the backend: to build a graph, to reach the DSP, and the DSP's own.
#[cfg(target_arch = "aarch64")]
pub const BOARD_PARTS: &[&str] = &["libQnnHtpPrepare.so", "libQnnSystem.so", "libQnnHtpV68Stub.so", "libQnnHtpV68Skel.so"];
/// The libraries that the emulator of the HTP needs besides the plugin and the backend.
#[cfg(not(target_arch = "aarch64"))]
pub const BOARD_PARTS: &[&str] = &["libHtpPrepare.so", "libQnnSystem.so"];

/// The form in which QNN is available to ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As a plugin library, since onnxruntime-qnn 2.x.
    Plugin,
    /// Built into libonnxruntime, as in the wheels of onnxruntime-qnn 1.x.
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
    /// Finds the libraries of QNN: a plugin with its backend, or the backend alone if QNN is built into libonnxruntime.
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
            .hint(how_to_get()))
    }

    /// The form, the versions if the wheel states them, and the path.
    pub fn describe(&self) -> String {
        let form = match self.form {
            Form::Plugin => "QNN plugin",
            Form::BuiltIn => "QNN built into libonnxruntime",
        };
        let build_info = std::fs::read_to_string(self.folder.join("build_and_package_info.py")).unwrap_or_default();
        let version = |name: &str| {
            build_info.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().strip_prefix('=')?.trim().trim_matches('\'')))
        };
        let versions = match (version("__version__"), version("qnn_version")) {
            (Some(package), Some(qairt)) => format!(" {package} (QAIRT {qairt})"),
            (Some(package), None) => format!(" {package}"),
            _ => String::new(),
        };
        format!("{form}{versions}, '{}'", self.folder.display())
    }

    /// The backend's own path.
    pub fn backend(&self) -> String {
        self.folder.join(BACKEND).display().to_string()
    }

    /// The files that a built graph depends on.
    pub fn files(&self) -> [PathBuf; 2] {
        [PLUGIN, BACKEND].map(|name| self.folder.join(name))
    }

    /// Configures a session builder for QNN.
    pub fn configure(
        &self,
        library: &Library,
        builder: SessionBuilder,
        options: &BTreeMap<String, String>,
    ) -> Result<SessionBuilder> {
        let refused = |e: ort::Error<SessionBuilder>| failed("QNN rejects the session", ort::Error::<()>::from(e));
        match self.form {
            Form::Plugin => {
                register(library, &self.folder.join(PLUGIN))?;
                let ours = |device: &ort::device::Device| device.ep().is_ok_and(|ep| ep == EP);
                let devices: Vec<_> = library.environment.devices().filter(ours).take(1).collect();
                if devices.is_empty() {
                    return Err(Error::failed("QNN finds no NPU on this machine").hint(
                        "On a board it is /dev/fastrpc-cdsp: does it exist (ls -l /dev/fastrpc*), and do you have permission? `glimpsed doctor` checks both.",
                    ));
                }
                let options: Vec<_> = options.iter().map(|(key, value)| (format!("{EP}.{key}"), value.clone())).collect();
                builder.with_devices(devices, Some(&options)).map_err(refused)
            }
            Form::BuiltIn => {
                let provider = options.iter().fold(QNN::default(), |qnn, (key, value)| qnn.with_arbitrary_config(key, value));
                // otherwise a provider that fails to register is silently ignored
                builder.with_execution_providers([provider.build().error_on_failure()]).map_err(refused)
            }
        }
    }
}

/// How to get the libraries of QNN.
pub fn how_to_get() -> String {
    library::by_make("make setup-qnn").map(|make| format!("{make} Manually: ")).unwrap_or_default()
        + "pip download --no-deps onnxruntime-qnn, unzip the wheel, and specify the folder\n\
           that holds them: --qnn-dir FOLDER/onnxruntime_qnn or GLIMPSED_QNN_DIR."
}

/// The folders that may contain the libraries, in search order.
fn candidates(library: &Library, named: Option<&Path>) -> Vec<PathBuf> {
    let from_environment = std::env::var_os("GLIMPSED_QNN_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    match named.map(Path::to_owned).or(from_environment) {
        Some(folder) => vec![folder],
        None => beside(&library.path).into_iter().chain(usual_folders()).collect(),
    }
}

/// The folders searched by default.
pub fn usual_folders() -> Vec<PathBuf> {
    let parts = ["", "onnxruntime_qnn", "onnxruntime-qnn/onnxruntime_qnn"];
    own_folders().into_iter().flat_map(|folder| parts.map(|part| folder.join(part))).collect()
}

/// Folders that belong to the libonnxruntime at `path`: its own, and `onnxruntime_qnn` of the same Python environment.
fn beside(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned)) else { return Vec::new() };
    let packages = folder.ancestors().nth(2).map(|packages| packages.join("onnxruntime_qnn"));
    std::iter::once(folder).chain(packages).collect()
}

/// Registers the plugin, once per process.
fn register(library: &Library, plugin: &Path) -> Result<()> {
    let mut plugins = library.plugins.lock().unwrap_or_else(PoisonError::into_inner);
    if plugins.iter().any(|known| known == plugin) {
        return Ok(());
    }
    library.environment.register_ep_library(EP, plugin).map_err(|e| {
        failed(format!("cannot load the QNN plugin '{}'", plugin.display()), e)
            .hint(format!("It needs ONNX Runtime 1.24.1 or newer. {}", how_to_get()))
    })?;
    plugins.push(plugin.to_owned());
    Ok(())
}
