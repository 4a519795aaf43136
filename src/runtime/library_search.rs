//! Where libonnxruntime may be.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

const NAME: &str = "libonnxruntime.so";

/// The oldest version that has the functions of ONNX Runtime's interface that the program uses.
pub const OLDEST: [u32; 2] = [1, ort::MINOR_VERSION];

/// The numbers in the name of a library file, such as 1.24.1 in `libonnxruntime.so.1.24.1`; empty without numbers. `None` if it is
/// another file.
fn version(file: &Path) -> Option<Vec<u32>> {
    let rest = file.file_name()?.to_str()?.strip_prefix(NAME)?;
    match rest.strip_prefix('.') {
        Some(numbers) => numbers.split('.').map(|number| number.parse().ok()).collect(),
        None => rest.is_empty().then(Vec::new),
    }
}

/// Whether its name says that it is older than [`OLDEST`].
pub fn is_too_old(file: &Path) -> bool {
    version(file).is_some_and(|version| version.len() >= OLDEST.len() && version[..] < OLDEST[..])
}

/// The newest library in `folder`, or in an unpacked wheel in it.
pub fn in_folder(folder: &Path) -> Option<PathBuf> {
    let parts = ["", "capi", "onnxruntime/capi", "onnxruntime/onnxruntime/capi"];
    parts.iter().find_map(|part| libraries(&folder.join(part)).into_iter().next())
}

/// Libraries in the folders of the system whose name has a version, newest first. The loader does not find them by the name
/// `libonnxruntime.so`: Debian's package of the library has only the file `libonnxruntime.so.1.NN`.
pub fn of_the_system() -> Vec<PathBuf> {
    let listed = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let listed: Vec<_> = std::env::split_paths(&listed).filter(|folder| folder.is_absolute()).collect();
    let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
    let usual = ["/usr/local/lib".into(), format!("/usr/lib/{multiarch}"), "/usr/lib64".into(), "/usr/lib".into()];
    versioned(&listed.into_iter().chain(usual.into_iter().map(PathBuf::from)).collect::<Vec<_>>())
}

/// The libraries in `folders` whose name has a version, newest first.
fn versioned(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found: Vec<_> = folders.iter().flat_map(|folder| libraries(folder)).collect();
    found.retain(|file| version(file).is_some_and(|version| version.len() >= OLDEST.len()));
    found.sort_by_key(|file| Reverse(version(file)));
    found
}

/// The libraries in `folder`, newest first; one without a version in its name comes last.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| version(file).is_some()).collect();
    found.sort_by_key(|file| Reverse(version(file)));
    found
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

/// Whether a folder above `program` contains this project's Makefile.
pub fn in_source_tree(program: &Path) -> bool {
    program.ancestors().skip(1).any(|folder| folder.join("Makefile").is_file() && folder.join("setup/fetch-wheel").is_file())
}

/// The name of the file, for messages about several in one folder.
pub fn file_name(file: &Path) -> &str {
    file.file_name().and_then(OsStr::to_str).unwrap_or(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_counts_by_number_and_a_name_without_one_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["libonnxruntime.so", "libonnxruntime.so.1.9.0", "libonnxruntime.so.1.23", "libonnxruntime.so.1.24.1"];
        for other in ["libonnxruntime.so.old", "libonnxruntime_providers_shared.so", "libonnxruntime.so.1.30.debug"] {
            std::fs::write(folder.path().join(other), "").unwrap();
        }
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let found: Vec<_> = libraries(folder.path()).iter().map(|file| file_name(file).to_owned()).collect();
        assert_eq!(found, files.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(in_folder(folder.path()), Some(folder.path().join("libonnxruntime.so.1.24.1")));
        let (other, both) = (tempfile::tempdir().unwrap(), |other: &Path| [folder.path().to_owned(), other.to_owned()]);
        std::fs::write(other.path().join("libonnxruntime.so.1.23.2"), "").unwrap();
        let found = versioned(&both(other.path()));
        let names: Vec<_> = found.iter().map(|file| (file_name(file), is_too_old(file))).collect();
        let expected = [("so.1.24.1", false), ("so.1.23.2", false), ("so.1.23", false), ("so.1.9.0", true)];
        assert_eq!(names.len(), expected.len());
        for ((name, old), expected) in names.into_iter().zip(expected) {
            assert!(name.ends_with(expected.0) && old == expected.1, "{name}: {old}");
        }
    }

    #[test]
    fn the_source_tree_is_known_by_its_makefile_and_setup() {
        let folder = tempfile::tempdir().unwrap();
        let (at, program) = (|name: &str| folder.path().join(name), folder.path().join("target/release/glimpsed"));
        assert!(!in_source_tree(&program));
        std::fs::write(at("Makefile"), "").unwrap();
        assert!(!in_source_tree(&program), "a Makefile of another project");
        std::fs::create_dir(at("setup")).unwrap();
        std::fs::write(at("setup/fetch-wheel"), "").unwrap();
        assert!(in_source_tree(&program) && !in_source_tree(Path::new("/usr/bin/glimpsed")));
    }
}
