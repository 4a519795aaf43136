//! The labels beside a model.

use crate::labels::Labels;
use std::path::{Path, PathBuf};

/// The labels beside the model at `path`: the model's name with `_labels.txt` or `.txt`, or `labels.txt`. `None` where there are none.
pub fn labels(path: &Path) -> Option<PathBuf> {
    candidates(path).into_iter().find(|path| path.is_file())
}

/// Where they may be.
pub fn candidates(path: &Path) -> [PathBuf; 3] {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    [format!("{stem}_labels.txt"), format!("{stem}.txt"), "labels.txt".to_owned()].map(|name| path.with_file_name(name))
}

/// How many labels `file` has, or else those beside the `model`; `None` where they cannot be read, which is told elsewhere.
pub fn count_of_labels(file: Option<&Path>, model: Option<&Path>) -> Option<usize> {
    let beside = model.and_then(labels);
    Labels::read(file.or(beside.as_deref())?).ok().map(|labels| labels.len())
}
