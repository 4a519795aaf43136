//! Finding and loading libonnxruntime, once per process.

use super::ort_log;
use super::refusal::failed;
use crate::error::{Error, Result};
use ort::environment::Environment;
use ort::logging::LogLevel;
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
/// Search order: `named` (`--onnxruntime`), `ORT_DYLIB_PATH`, the program's own folders, the loader's path.
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
            Error::config(what).because(plainly(&e.to_string())).hint(how_to_get())
        });
    }
    let mut tried = Vec::new();
    let own = own_folders();
    for file in
        own.iter().filter_map(|folder| in_folder(folder)).chain([PathBuf::from("libonnxruntime.so"), "libonnxruntime.so.1".into()])
    {
        match ort::init_from(&file) {
            Ok(builder) => return Ok((builder, file)),
            Err(e) => tried.push(format!("{}: {}", file.display(), plainly(&e.to_string()))),
        }
    }
    tried.extend(own.iter().filter(|folder| in_folder(folder).is_none()).map(|folder| format!("{}: not found", folder.display())));
    Err(Error::config("cannot find ONNX Runtime (libonnxruntime.so)")
        .because("tried\n  ".to_owned() + &tried.join("\n  "))
        .hint(how_to_get()))
}

fn how_to_get() -> String {
    by_make("make setup").map(|make| format!("{make} Manually: ")).unwrap_or_default()
        + "pip download --no-deps onnxruntime, unzip the wheel, and specify the folder:\n\
           --onnxruntime FOLDER or ORT_DYLIB_PATH=FILE. Version 1.23 or newer is required."
}

/// A hint that `make` installs the libraries, if the program is in its source tree.
pub fn by_make(command: &str) -> Option<String> {
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).ok()?;
    in_source_tree(&program).then(|| format!("`{command}` installs it."))
}

/// Whether a folder above `program` contains this project's Makefile.
fn in_source_tree(program: &Path) -> bool {
    program.ancestors().skip(1).any(|folder| folder.join("Makefile").is_file() && folder.join("setup/fetch-wheel").is_file())
}

/// The folders that may contain the program's own copy: its own, and `../lib/glimpsed` of an installation or a build.
pub fn own_folders() -> Vec<PathBuf> {
    let Some(program) = std::env::current_exe().ok().and_then(|program| program.canonicalize().ok()) else { return Vec::new() };
    let Some(folder) = program.parent() else { return Vec::new() };
    let beside = folder.to_owned();
    match folder.parent() {
        Some(above) => vec![beside, above.join("lib/glimpsed")],
        None => vec![beside],
    }
}

/// The library in `folder`, or in an unpacked wheel in it.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so.")
    };
    ["", "capi", "onnxruntime/capi", "onnxruntime/onnxruntime/capi"].iter().find_map(|part| {
        let entries = std::fs::read_dir(folder.join(part)).ok()?;
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_library).max()
    })
}

/// The loader's message without the prefixes of the crates that pass it on.
fn plainly(error: &str) -> String {
    match error.split_once("expected version >= '1.") {
        Some((_, rest)) => {
            let mut parts = rest.split('\'');
            let wanted = parts.next().unwrap_or_default().trim_end_matches(".x");
            let have = parts.nth(1).unwrap_or_default();
            format!("its version {have} is too old; 1.{wanted} or newer is required")
        }
        None => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn make_is_suggested_only_in_the_source_tree() {
        let folder = tempfile::tempdir().unwrap();
        let (at, program) = (|name: &str| folder.path().join(name), folder.path().join("target/release/glimpsed"));
        assert!(!in_source_tree(&program));
        std::fs::write(at("Makefile"), "").unwrap();
        assert!(!in_source_tree(&program), "a Makefile of another project");
        std::fs::create_dir(at("setup")).unwrap();
        std::fs::write(at("setup/fetch-wheel"), "").unwrap();
        assert!(in_source_tree(&program) && !in_source_tree(Path::new("/usr/bin/glimpsed")));
    }

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
