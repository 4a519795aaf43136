//! Pictures of one class, before the class is known.

use std::path::PathBuf;

/// Files, and the word that says their class.
pub struct Group {
    /// The name of the folder, or the label of the list.
    pub word: String,
    /// The files.
    pub files: Vec<PathBuf>,
}
