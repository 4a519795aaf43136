//! What the user can set of a model: keys of `[model]`.

use super::activation::ACTIVATIONS;
use super::builtin::BUILTIN;
use super::input::SIDE;
use crate::settings::{Key, Kind, Placed, Section, defaults, heading};
use crate::tensor::Scores;
use std::path::PathBuf;

/// The longest name of a model, in bytes: each message carries it.
const NAME: usize = 128;

/// The keys.
pub const KEYS: [Key; 8] = [
    Key::new("name", Kind::Text, "The name of the model in the results; with several models, cameras name theirs by it")
        .default_described("the name of its file"),
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
    Key::new("execution", Kind::Section("execution"), "What runs this model, where it differs from [execution]"),
];

/// Which model, and what is told of its answers.
#[derive(Debug, Clone)]
pub struct Params {
    /// Its name in results, where one is set.
    pub name: Option<String>,
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
        let name = model.get::<Option<String>>("name").filter(|name| {
            let wrong = name.trim().is_empty() || name.len() > NAME || name.contains(char::is_control) || name.contains(':');
            if wrong {
                model.fault("name", format!("a model's name is a word or two without a colon, of at most {NAME} bytes"));
            }
            !wrong
        });
        Self { name, file: model.placed("file"), labels: model.get("labels"), size, output, scores, top: model.get("top") }
    }
}

impl Default for Params {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
}
