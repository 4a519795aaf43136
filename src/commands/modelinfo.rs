//! The `.modelinfo` that settles a model's recipe: written by `inspect --write-modelinfo`, and by `compile`.

use crate::error::{Error, Result};
use crate::model::Source;
use crate::model::recipe::{modelinfo, modelinfo_paths};
use crate::startup::OpenModel;
use std::fs;
use std::path::{Path, PathBuf};

/// The text that says the recipe of the model. What is `assumed` is left out of a file for another form of the model, for which it is to
/// stay open.
pub fn text(OpenModel { settings, model, recipe, .. }: &OpenModel, assumed: bool) -> String {
    let mut written = recipe.written(&model.name, assumed);
    written.activation = settings.scores.or(model.sources.activation());
    modelinfo::write(&model.input, &model.output.tensor, &written)
}

/// Writes it beside the model, whole or not at all; gives its path. A file that is there is not replaced.
pub fn beside(opened: &OpenModel) -> Result<PathBuf> {
    let Source::File(path) = &opened.model.source else {
        return Err(Error::usage(format!("the model '{}' is no file that a .modelinfo could lie beside", opened.model.name)));
    };
    let whole = free_name(path)?;
    write(&whole, &text(opened, true)).map_err(|e| Error::failed(format!("cannot write '{}'", whole.display())).because(e))?;
    Ok(whole)
}

/// The name of the `.modelinfo` of the model at `path`; an error where there is one.
pub fn free_name(path: &Path) -> Result<PathBuf> {
    let [whole, short] = modelinfo_paths(path);
    if let Some(known) = [&whole, &short].into_iter().find(|path| path.exists()) {
        return Err(Error::config(format!("'{}' is there already, and is not replaced", known.display()))
            .hint("Move it away first; `glimpsed inspect MODEL` shows what it says."));
    }
    Ok(whole)
}

/// Writes `text` to another name, which then becomes `path`.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut other = path.as_os_str().to_owned();
    other.push(".new");
    fs::write(&other, text)?;
    fs::rename(&other, path)
}
