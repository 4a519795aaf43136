//! The `.modelinfo` that settles a model's recipe: written by `inspect --write-modelinfo`, and by `compile`.

use crate::error::{Error, Result};
use crate::model::recipe::{Recipe, modelinfo, modelinfo_paths};
use crate::model::{Model, Source};
use std::fs;
use std::path::{Path, PathBuf};

/// The text that says `recipe` of `model`.
pub fn text(model: &Model, recipe: &Recipe) -> String {
    modelinfo::write(&model.input, &model.output.tensor, &recipe.written(&model.name))
}

/// Writes it beside the model, whole or not at all; gives its path. A file that is there is not replaced.
pub fn beside(model: &Model, recipe: &Recipe) -> Result<PathBuf> {
    let Source::File(path) = &model.source else {
        return Err(Error::usage(format!("the model '{}' is no file that a .modelinfo could lie beside", model.name)));
    };
    let [whole, short] = modelinfo_paths(path);
    if let Some(known) = [&whole, &short].into_iter().find(|path| path.exists()) {
        return Err(Error::config(format!("'{}' is there already, and is not replaced", known.display()))
            .hint("Move it away first; `glimpsed inspect MODEL` shows what it says."));
    }
    write(&whole, &text(model, recipe)).map_err(|e| Error::failed(format!("cannot write '{}'", whole.display())).because(e))?;
    Ok(whole)
}

/// Writes `text` to another name, which then becomes `path`.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut other = path.as_os_str().to_owned();
    other.push(".new");
    fs::write(&other, text)?;
    fs::rename(&other, path)
}
