//! What the user can set of a model: keys of `[model]`.

use super::activation::ACTIVATIONS;
use super::builtin::BUILTIN;
use super::input::SIDE;
use crate::settings::{Key, Kind, Placed, Section, defaults, heading};
use crate::tensor::Scores;
use std::path::PathBuf;

/// The keys.
pub const KEYS: [Key; 6] = [
    Key::new("file", Kind::PathOr(BUILTIN), "The ONNX file of a picture classifier, or testcard for the built-in one").flag(
        "--model",
        "FILE",
        heading::MODEL,
    ),
    Key::new("labels", Kind::Path, "The names of the classes, one a line")
        .default_described("labels.txt beside the model, else numbers")
        .flag("--labels", "FILE", heading::MODEL),
    Key::new("size", Kind::Size(|| 1..=SIDE), "The size of the model's input, where its file leaves it free")
        .default_described("as the model's metadata says")
        .flag("--size", "WxH", heading::MODEL),
    Key::new("output", Kind::Text, "The output that has the classes, where the model has several")
        .default_described("the one with as many numbers as there are labels")
        .flag("--output", "NAME", heading::MODEL),
    Key::new("activation", Kind::Choice(&ACTIVATIONS), "What makes confidences of the model's numbers")
        .default_described("as the end of the graph says; softmax where it says nothing")
        .flag("--activation", "HOW", heading::MODEL),
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
    /// Width and height of the input, where the model's file leaves them free.
    pub size: Option<(u32, u32)>,
    /// The output that has the classes.
    pub output: Option<String>,
    /// What its numbers are.
    pub scores: Option<Scores>,
    /// How many of the best classes a result has.
    pub top: usize,
}

impl Params {
    /// What `[model]` says of it.
    pub fn read(model: &Section) -> Self {
        let (size, output) = (model.get("size"), model.get("output"));
        let scores = model.choice_if_set("activation", &ACTIVATIONS);
        Self { file: model.placed("file"), labels: model.get("labels"), size, output, scores, top: model.get("top") }
    }
}

impl Default for Params {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
}
