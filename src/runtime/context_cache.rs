//! The context cache: building a graph for the NPU is slow, loading a built one is fast.
//!
//! An entry is a folder named after a BLAKE3 hash of everything that a built graph depends on. It is built in a temporary folder and
//! renamed into place, so that no reader sees a partial one; its files have a checksum, so that a damaged one is not passed to QNN.
//!
//! The hash must stay the same across releases, so it cannot be the standard library's, which may change with the compiler.

use crate::error::{Error, Result};
use crate::model::{Model, Source};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

/// The graph of an entry; QNN writes its binary to the same folder and refers to it by name.
const GRAPH: &str = "model.onnx";
const SUM: &str = "sum";
/// Increased when the layout of an entry or of its key changes.
const FORM: u32 = 2;

/// One entry, built or not.
pub struct Entry {
    folder: PathBuf,
}

/// The state of an entry.
pub enum Found {
    /// Its graph can be loaded; its size in bytes.
    Ready(PathBuf, u64),
    /// It is not built yet.
    Nothing,
    /// It is built, but damaged.
    Damaged(String),
}

impl Entry {
    /// The entry for `model` in `cache`; its graph also depends on `libraries` and `options`.
    pub fn of(cache: &Path, model: &Model, libraries: &[PathBuf], options: &BTreeMap<String, String>) -> Result<Self> {
        let mut key = Key::new(FORM, env!("CARGO_PKG_VERSION"));
        match &model.source {
            Source::File(path) => key.file(path)?,
            Source::Memory(bytes) => key.field(bytes),
            Source::Changed { bytes, .. } => key.field(bytes),
        }
        if model.free || model.inner {
            key.field(format!("{:?} {:?}", model.input.tensor, model.output.tensor).as_bytes());
        }
        for path in &model.files {
            key.file(path)?;
        }
        for library in libraries {
            // too large to read at each start: a replaced library has another size or modification time
            let meta = fs::metadata(library).ok();
            let modified = meta.as_ref().and_then(|meta| meta.modified().ok()?.duration_since(UNIX_EPOCH).ok());
            key.field(library.as_os_str().as_encoded_bytes());
            key.field(&meta.map_or(0, |meta| meta.len()).to_le_bytes());
            key.field(&modified.map_or(0, |modified| modified.as_nanos()).to_le_bytes());
        }
        for (name, value) in options.iter().filter(|(name, _)| !name.starts_with("profiling")) {
            key.field(name.as_bytes());
            key.field(value.as_bytes());
        }
        // the SoC, if the kernel reports it
        key.field(&fs::read("/sys/devices/soc0/soc_id").unwrap_or_default());
        Ok(Self { folder: cache.join(format!("{}-{}", model.name, key.finish())) })
    }

    /// Its path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks whether it is built and undamaged.
    pub fn look(&self) -> Found {
        if !self.folder.exists() {
            return Found::Nothing;
        }
        match (fs::read_to_string(self.folder.join(SUM)), sum(&self.folder)) {
            (Ok(known), Ok((now, size))) if known == now => Found::Ready(self.folder.join(GRAPH), size),
            (Ok(_), Ok(_)) => Found::Damaged("its files do not match their checksum".to_owned()),
            (Err(e), _) | (_, Err(e)) => Found::Damaged(e.to_string()),
        }
    }

    /// Removes it.
    pub fn remove(&self) {
        if let Err(e) = fs::remove_dir_all(&self.folder) {
            tracing::debug!("cannot remove '{}': {e}", self.folder.display());
        }
    }

    /// Creates a temporary folder to build it in.
    pub fn begin(&self) -> Result<Draft> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let cache = self.folder.parent().unwrap_or(Path::new("."));
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        sweep(cache);
        let folder = cache.join(format!(".new-{}-{number}", std::process::id()));
        let made = fs::create_dir_all(cache).and_then(|()| fs::create_dir(&folder));
        made.map_err(|e| Error::failed(format!("cannot write to the context cache '{}'", cache.display())).because(e))?;
        Ok(Draft { folder })
    }
}

/// Removes unfinished entries of processes that have ended.
fn sweep(cache: &Path) {
    for left in fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = left.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(".new-")?.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // a folder that cannot be removed does no harm
            let _ = fs::remove_dir_all(left.path());
        }
    }
}

/// An entry being built; removed on drop unless it is finished.
pub struct Draft {
    folder: PathBuf,
}

impl Draft {
    /// The path for QNN to write the graph to.
    pub fn graph(&self) -> PathBuf {
        self.folder.join(GRAPH)
    }

    /// Moves the built entry into place and returns its size. An entry that another process has put there meanwhile is kept.
    pub fn finish(self, entry: &Entry) -> Result<u64> {
        let cannot =
            |e: std::io::Error| Error::failed(format!("cannot store the context in '{}'", entry.folder.display())).because(e);
        let (summed, size) = sum(&self.folder).map_err(cannot)?;
        if !self.graph().is_file() {
            return Err(Error::failed("QNN wrote no context"));
        }
        fs::write(self.folder.join(SUM), summed).map_err(cannot)?;
        match fs::rename(&self.folder, &entry.folder) {
            Err(e) if !entry.folder.exists() => Err(cannot(e)),
            _ => Ok(size),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // a finished entry was moved away
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The key of an entry: a hash over the fields, each with its length, so that no two lists of fields have the same input.
struct Key(blake3::Hasher);

impl Key {
    fn new(form: u32, version: &str) -> Self {
        let mut key = Self(blake3::Hasher::new());
        key.field(&form.to_le_bytes());
        key.field(version.as_bytes());
        key
    }

    fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// A hash of the contents of `path`.
    fn file(&mut self, path: &Path) -> Result<()> {
        let cannot = |e| Error::failed(format!("cannot read '{}'", path.display())).because(e);
        let (hash, _) = hash_file(path).map_err(cannot)?;
        self.field(hash.as_bytes());
        Ok(())
    }

    /// The first 128 bits in hexadecimal.
    fn finish(self) -> String {
        self.0.finalize().to_hex()[..32].to_owned()
    }
}

/// A checksum over the files of `folder`, and their total size.
fn sum(folder: &Path) -> std::io::Result<(String, u64)> {
    let mut files: Vec<_> =
        fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| !path.ends_with(SUM));
    files.sort();
    let (mut key, mut size) = (Key::new(FORM, ""), 0);
    for path in files {
        let (hash, length) = hash_file(&path)?;
        key.field(path.file_name().unwrap_or_default().as_encoded_bytes());
        key.field(hash.as_bytes());
        size += length;
    }
    Ok((format!("{} {size}\n", key.finish()), size))
}

fn hash_file(path: &Path) -> std::io::Result<(blake3::Hash, u64)> {
    let (mut file, mut chunk, mut size) = (File::open(path)?, vec![0; 1 << 16], 0);
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((hasher.finalize(), size)),
            count => {
                hasher.update(&chunk[..count]);
                size += count as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(cache: &Path, options: &[(&str, &str)]) -> Entry {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Entry::of(cache, &crate::model::builtin().unwrap(), &[], &options).unwrap()
    }

    fn built(entry: &Entry) {
        let draft = entry.begin().unwrap();
        fs::write(draft.graph(), "graph").unwrap();
        fs::write(draft.graph().with_file_name("model_qnn.bin"), "context").unwrap();
        assert_eq!(draft.finish(entry).unwrap(), 12);
    }

    #[test]
    fn an_entry_is_complete_or_absent() {
        let cache = tempfile::tempdir().unwrap();
        let entry = entry(cache.path(), &[]);
        assert!(matches!(entry.look(), Found::Nothing));
        fs::create_dir(cache.path().join(".new-4194305-0")).unwrap();
        drop(entry.begin().unwrap());
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0, "an unfinished entry leaves nothing behind");
        built(&entry);
        assert!(matches!(entry.look(), Found::Ready(graph, 12) if graph.is_file()));
        // another process was faster: its entry is kept
        built(&entry);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
        fs::write(entry.folder().join("model_qnn.bin"), "conte").unwrap();
        assert!(matches!(entry.look(), Found::Damaged(_)), "truncated");
        fs::remove_file(entry.folder().join(SUM)).unwrap();
        assert!(matches!(entry.look(), Found::Damaged(_)), "no sum");
        entry.remove();
        assert!(matches!(entry.look(), Found::Nothing));
    }

    /// Entries are used across releases and compilers: the key of the same fields must never change.
    #[test]
    fn the_key_stays_the_same_from_release_to_release() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "a model").unwrap();
        let mut key = Key::new(2, "0.1.0");
        key.file(file.path()).unwrap();
        key.field(b"htp_arch");
        key.field(b"68");
        assert_eq!(key.finish(), "0124eb147c8968a91bc35c268d712d2d");
        let key = |fields: &[&str]| {
            let mut key = Key::new(2, "0.1.0");
            fields.iter().for_each(|field| key.field(field.as_bytes()));
            key.finish()
        };
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]), "field boundaries matter");
        assert_ne!(key(&["ab"]), key(&["ab", ""]));
    }

    #[test]
    fn options_change_the_entry_and_profiling_does_not() {
        let cache = Path::new("/cache");
        let plain = entry(cache, &[("htp_arch", "68")]);
        assert_eq!(plain.folder(), entry(cache, &[("htp_arch", "68")]).folder());
        assert_ne!(plain.folder(), entry(cache, &[("htp_arch", "73")]).folder());
        assert_eq!(plain.folder(), entry(cache, &[("htp_arch", "68"), ("profiling_level", "basic")]).folder());
        assert!(
            Entry::of(Path::new("/proc/nowhere"), &crate::model::builtin().unwrap(), &[], &BTreeMap::new())
                .unwrap()
                .begin()
                .is_err()
        );
    }
}
