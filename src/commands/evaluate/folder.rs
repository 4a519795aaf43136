//! One folder for each class.

use super::group::Group;
use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

/// The deepest nesting that is followed: a link may lead back to a folder above it.
const DEPTH: usize = 16;

/// The folders in `root`, each with all files in it and below it. What begins with a dot is left out.
pub fn read(root: &Path) -> Result<Vec<Group>> {
    let (folders, loose): (Vec<_>, Vec<_>) = entries(root)?.into_iter().partition(|path| path.is_dir());
    if !folders.is_empty() && !loose.is_empty() {
        tracing::warn!("left out: {} files of '{}' that are in no folder of a class", loose.len(), root.display());
    }
    let group = |folder: PathBuf| {
        let mut files = Vec::new();
        add(&folder, DEPTH, &mut files)?;
        let word = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if files.is_empty() {
            tracing::warn!("the folder '{}' is empty", folder.display());
        }
        Ok(Group { word, files })
    };
    folders.into_iter().map(group).collect()
}

fn add(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(folder)? {
        match path.is_dir() {
            true if depth > 0 => add(&path, depth - 1, files)?,
            true => {}
            false => files.push(path),
        }
    }
    Ok(())
}

/// What is in `folder`, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}
