//! What the user can set of a model: keys of `[model]`.

use super::builtin::BUILTIN;
use crate::settings::{Key, Kind, Placed, Section, defaults, heading};
use std::path::PathBuf;

/// The keys.
pub const KEYS: [Key; 3] = [
    Key::new("file", Kind::PathOr(BUILTIN), "The ONNX file of a picture classifier, or testcard for the built-in one").flag(
        "--model",
        "FILE",
        heading::MODEL,
    ),
    Key::new("labels", Kind::Path, "The names of the classes, one a line")
        .default_described("labels.txt beside the model, else numbers")
        .flag("--labels", "FILE", heading::MODEL),
    Key::new("top", Kind::AtLeastOne, "How many of the best classes each result has").default("5").flag(
        "--top",
        "N",
        heading::MODEL,
    ),
];

/// Which model, and what is told of its answers.
#[derive(Debug, Clone)]
pub struct Params {
    /// An ONNX file, or [`BUILTIN`]; `None` where no model is set.
    pub file: Option<Placed<PathBuf>>,
    /// The names of the classes, where they do not lie beside the model.
    pub labels: Option<PathBuf>,
    /// How many of the best classes a result has.
    pub top: usize,
}

impl Params {
    /// What `[model]` says of it.
    pub fn read(model: &Section) -> Self {
        Self { file: model.placed("file"), labels: model.get("labels"), top: model.get("top") }
    }
}

impl Default for Params {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
}
