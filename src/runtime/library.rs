//! Finding and loading libonnxruntime, once per process.

use super::library_search::{OLDEST, file_name, in_folder, in_source_tree, is_too_old, of_the_system, own_folders};
use super::ort_log;
use super::refusal::failed;
use crate::error::{Error, Result};
use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::logging::LogLevel;
use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The loaded library.
pub struct Library {
    /// The environment in which sessions are created.
    pub environment: Environment,
    /// The file it was loaded from.
    pub path: PathBuf,
    /// The registered plugins.
    pub plugins: Mutex<Vec<PathBuf>>,
    /// Held while a session is opened, so that logged errors and node placements belong to that session.
    opening: Mutex<()>,
}

impl Library {
    /// Waits until no other session is being opened.
    pub fn alone(&self) -> MutexGuard<'_, ()> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static LOADED: OnceLock<Library> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// Switches ONNX Runtime's telemetry off. Call it first in `main`: the library reads the environment when it is loaded.
pub fn switch_telemetry_off() {
    // SAFETY: `main` calls this before it starts a thread, so no other thread accesses the environment.
    #[allow(unsafe_code)]
    unsafe {
        std::env::set_var("ORT_DISABLE_TELEMETRY", "1");
    }
}

/// Adds `folder` to FastRPC's search path if it contains the DSP's libraries. A path that is already set is kept. Call it in `main`
/// before any thread starts.
pub fn set_dsp_path(folder: &Path) {
    if let Some(path) = dsp_path(folder, std::env::var_os(DSP_PATH).as_deref()) {
        // SAFETY: as above, no other thread exists yet.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var(DSP_PATH, path);
        }
    }
}

const DSP_PATH: &str = "ADSP_LIBRARY_PATH";

/// The path to set, if any. FastRPC separates folders by ';'.
fn dsp_path(folder: &Path, set: Option<&OsStr>) -> Option<OsString> {
    let is_skel = |name: &str| name.starts_with("libQnnHtp") && name.ends_with("Skel.so");
    let mut names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
    let has_skel = names.any(|name| name.to_str().is_some_and(is_skel));
    if !has_skel || set.is_some_and(|set| !set.is_empty()) {
        return None;
    }
    let folder = std::path::absolute(folder).ok()?;
    let mut path = folder.into_os_string();
    path.push(";/usr/lib/rfsa/adsp;/usr/lib/dsp/cdsp");
    Some(path)
}

/// Loads libonnxruntime: the one that is `named` (a file or a folder), otherwise the first one found.
///
/// Search order: `named` (`--onnxruntime`), `ORT_DYLIB_PATH`, the program's own folders, the loader's path, then files with a version in
/// their name in the system's folders, newest first.
pub fn load(named: Option<&Path>) -> Result<&'static Library> {
    let _alone = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = LOADED.get() {
        return Ok(library);
    }
    let (builder, path) = find(named)?;
    let environment = builder
        .with_name("glimpsed")
        .with_telemetry(false)
        .with_logger(ort_log::logger())
        .build()
        .map_err(|e| failed(format!("cannot start ONNX Runtime ({})", path.display()), e))?;
    environment.set_log_level(LogLevel::Warning);
    tracing::debug!("loaded {}", path.display());
    Ok(LOADED.get_or_init(|| Library { environment, path, plugins: Mutex::default(), opening: Mutex::default() }))
}

fn find(named: Option<&Path>) -> Result<(ort::environment::EnvironmentBuilder, PathBuf)> {
    let from_environment = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    let chosen =
        named.map(|path| (path.to_owned(), "--onnxruntime")).or(from_environment.map(|path| (path.into(), "ORT_DYLIB_PATH")));
    if let Some((path, chooser)) = chosen {
        let file = in_folder(&path).unwrap_or(path);
        return ort::init_from(&file).map(|builder| (builder, file.clone())).map_err(|e| {
            let what = format!("cannot load ONNX Runtime from '{}', which {chooser} specifies", file.display());
            Error::config(what).because(reason(&e)).hint(how_to_get())
        });
    }
    let mut tried = Vec::new();
    let own = own_folders();
    let by_loader = [PathBuf::from("libonnxruntime.so"), "libonnxruntime.so.1".into()];
    for file in own.iter().filter_map(|folder| in_folder(folder)).chain(by_loader).chain(of_the_system()) {
        let why = if is_too_old(&file) {
            too_old(file_name(&file).trim_start_matches("libonnxruntime.so."))
        } else {
            match ort::init_from(&file) {
                Ok(builder) => return Ok((builder, file)),
                Err(e) => reason(&e),
            }
        };
        tried.push(format!("{}: {why}", file.display()));
    }
    tried.extend(own.iter().filter(|folder| in_folder(folder).is_none()).map(|folder| format!("{}: not found", folder.display())));
    Err(Error::config("cannot find ONNX Runtime (libonnxruntime.so)")
        .because("tried\n  ".to_owned() + &tried.join("\n  "))
        .hint(how_to_get()))
}

fn how_to_get() -> String {
    by_make("make setup").map(|make| format!("{make} Manually: ")).unwrap_or_default()
        + "pip download --no-deps onnxruntime, unzip the wheel, and specify the folder:\n\
           --onnxruntime FOLDER or ORT_DYLIB_PATH=FILE. Version "
        + &oldest()
        + " or newer is required."
}

/// A hint that `make` installs the libraries, if the program is in its source tree.
pub fn by_make(command: &str) -> Option<String> {
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).ok()?;
    in_source_tree(&program).then(|| format!("`{command}` installs it."))
}

/// Why a library cannot be used. The loader's own reason is in the source of its error.
fn reason(error: &LoadDynamicError) -> String {
    match error {
        LoadDynamicError::Dlopen { error, path } => {
            let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            // it begins with the file, which the message has already named
            reason.strip_prefix(&format!("{}: ", path.display())).map_or_else(|| reason.clone(), ToOwned::to_owned)
        }
        LoadDynamicError::MissingApi { .. } => "it is not ONNX Runtime: it has no OrtGetApiBase".to_owned(),
        LoadDynamicError::BadVersion { version_str, .. } => too_old(version_str),
        other => other.to_string(),
    }
}

fn too_old(version: &str) -> String {
    format!("its version {version} is too old; {} or newer is required", oldest())
}

fn oldest() -> String {
    let [major, minor] = OLDEST;
    format!("{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dsp_path_is_set_if_the_libraries_are_there_and_it_is_not_set_yet() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(dsp_path(folder.path(), None), None, "no skel library for the DSP");
        std::fs::write(folder.path().join("libQnnHtpV68Skel.so"), "").unwrap();
        let path = dsp_path(folder.path(), None).unwrap().into_string().unwrap();
        assert_eq!(path, format!("{};/usr/lib/rfsa/adsp;/usr/lib/dsp/cdsp", folder.path().display()));
        assert_eq!(dsp_path(folder.path(), Some(OsStr::new("/mine"))), None, "an existing setting is kept");
        assert!(dsp_path(folder.path(), Some(OsStr::new(""))).is_some());
        assert_eq!(dsp_path(Path::new("/nowhere"), None), None);
    }
}
