//! The NPU: ONNX Runtime's QNN plugin with the HTP backend. Every node runs there, or there is no session.
//!
//! "Session created" proves nothing, for QNN falls back to the CPU in silence. The proof is a session that was forbidden to
//! (`session.disable_cpu_ep_fallback`) on a device that the plugin itself has named.

use super::library::{Library, own_folders};
use super::session::{self, Session};
use super::{Execution, Params};
use crate::error::{Error, Result};
use crate::model::Model;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

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

/// What each session asks for, unless the user does otherwise: the most speed, and the best graph, which takes longest to build.
const OPTIONS: [(&str, &str); 2] = [("htp_performance_mode", "burst"), ("htp_graph_finalization_optimization_mode", "3")];

/// Opens a session with every node on the HTP.
pub fn open(library: &Library, model: &Model, params: &Params) -> Result<Session> {
    if let Some(obstacle) = model.npu_obstacle() {
        return Err(Error::failed(format!("the model '{}' cannot run on the NPU", model.name)).hint(obstacle));
    }
    let folder = find(library, params.qnn_dir.as_deref())?;
    register(library, &folder.join(PLUGIN))?;
    let devices: Vec<_> = library.environment.devices().filter(|device| device.ep().is_ok_and(|ep| ep == EP)).take(1).collect();
    if devices.is_empty() {
        return Err(Error::failed("QNN sees no NPU on this machine").hint(
            "On a board it is /dev/fastrpc-cdsp: is it there (ls -l /dev/fastrpc*), and may you open it? Its group is often 'fastrpc' or 'render'.",
        ));
    }
    // an absolute path: only then does the plugin find the DSP's own libraries beside the backend
    let backend = folder.join(BACKEND).display().to_string();
    let chosen = OPTIONS.into_iter().chain([("backend_path", backend.as_str())]);
    let options: Vec<_> = chosen.map(|(key, value)| (format!("{EP}.{key}"), value.to_owned())).collect();
    let detail = format!("the NPU (QNN HTP), all {} nodes", model.nodes());
    let execution = Execution { provider: "QNN", detail, nodes: Some((model.nodes(), 0)) };
    let strict = session::open(
        library,
        model,
        |builder| Ok(builder.with_devices(devices, Some(&options))?.with_disable_cpu_fallback()?),
        execution,
    );
    strict.map_err(|error| {
        error.hint(
            "Some of the model does not run on the NPU, or the NPU's libraries do not load; the lines above say which.\n\
             --provider auto goes on without it, --provider cpu does not try.",
        )
    })
}

/// The folder that holds the plugin and the backend.
pub fn find(library: &Library, named: Option<&Path>) -> Result<PathBuf> {
    let from_environment = std::env::var_os("GLIMPSED_QNN_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let candidates = match named.map(Path::to_owned).or(from_environment) {
        Some(folder) => vec![folder],
        None => beside(&library.path)
            .into_iter()
            .chain(
                own_folders()
                    .into_iter()
                    .flat_map(|folder| ["", "onnxruntime_qnn", "onnxruntime-qnn/onnxruntime_qnn"].map(|part| folder.join(part))),
            )
            .collect(),
    };
    let whole = |folder: &&PathBuf| folder.join(PLUGIN).is_file() && folder.join(BACKEND).is_file();
    if let Some(folder) = candidates.iter().find(whole) {
        return std::path::absolute(folder).map_err(|e| super::failed(format!("cannot find '{}'", folder.display()), e));
    }
    let tried: Vec<_> = candidates.iter().map(|folder| format!("\n  {}", folder.display())).collect();
    Err(Error::config(format!("cannot find the QNN libraries ({PLUGIN} and {BACKEND})"))
        .because(format!("tried{}", tried.concat()))
        .hint(
            "`make setup-qnn` brings them. By hand: pip download --no-deps onnxruntime-qnn, unzip the wheel, and name the folder\n\
             that holds them: --qnn-dir FOLDER/onnxruntime_qnn or GLIMPSED_QNN_DIR.",
        ))
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
