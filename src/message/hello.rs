//! `hello`: the program, its models, its cameras and its streams.

use super::classification::is_false;
use super::line::VERSION;
use serde::{Deserialize, Serialize};

/// The program that writes `hello`: name and version.
pub(crate) const PROGRAM: &str = concat!("glimpsed ", env!("CARGO_PKG_VERSION"));

/// The first message on a socket; sent again when a model, its execution, or the cameras change. The fields of a single model are those
/// of the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "hello")]
#[non_exhaustive]
pub struct Hello {
    /// The version of the format.
    pub version: u32,
    /// The program's name and version.
    pub program: String,
    /// The model's name.
    pub model: String,
    /// The provider that runs the model: `CPU`, or `QNN` for the NPU.
    pub execution_provider: String,
    /// A description of the provider.
    #[serde(default)]
    pub execution: String,
    /// How many of the model's nodes run on each processor; `None` if the NPU is not used.
    pub nodes: Option<Nodes>,
    /// The names of all cameras.
    pub cameras: Vec<String>,
    /// The names of all classes, by index.
    pub labels: Vec<String>,
    /// How pixels become the model's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// All streams: each has the results of one camera from one model, with its own count.
    #[serde(default)]
    pub streams: Vec<Stream>,
    /// All models.
    #[serde(default)]
    pub models: Vec<Model>,
}

/// One camera, or a region of its picture, classified by one model: the `source`, `region` and `model` of its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The camera's name.
    pub camera: String,
    /// The region of its picture; absent: the whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The model's name.
    pub model: String,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The provider that runs it: `CPU`, or `QNN` for the NPU.
    pub execution_provider: String,
    /// A description of the provider.
    pub execution: String,
    /// How many of its nodes run on each processor; `None` if the NPU is not used.
    pub nodes: Option<Nodes>,
    /// The names of its classes, by index.
    pub labels: Vec<String>,
    /// The names that a state can have; absent: those of the classes. Groups of classes have names of their own, and some may not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<Vec<String>>,
    /// Whether it gives each class a probability of its own, so that a stream may show several at a time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multi_label: bool,
    /// How pixels become its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
}

/// How pixels become a model's input, in words, each with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The order of the channels, and the values that pixels become.
    pub pixels: String,
    /// How the picture's shape becomes the input's, and the filter.
    pub fit: String,
}

impl Hello {
    /// For a daemon in which each model classifies the frames of all cameras.
    pub(crate) fn new(models: Vec<Model>, cameras: Vec<String>) -> Self {
        let stream = |camera: &String, model: &Model| Stream { camera: camera.clone(), region: None, model: model.name.clone() };
        let of = |camera| models.iter().map(|model| stream(camera, model)).collect();
        let streams = cameras.iter().flat_map(|camera| -> Vec<_> { of(camera) }).collect();
        Self::with_streams(models, cameras, streams)
    }

    /// For a daemon with these streams.
    pub(crate) fn with_streams(models: Vec<Model>, cameras: Vec<String>, streams: Vec<Stream>) -> Self {
        let none = || Model {
            name: String::new(),
            execution_provider: "CPU".into(),
            execution: String::new(),
            nodes: None,
            labels: Vec::new(),
            states: None,
            multi_label: false,
            recipe: None,
        };
        let Model { name, execution_provider, execution, nodes, labels, recipe, .. } = models.first().cloned().unwrap_or_else(none);
        let (version, program) = (VERSION, PROGRAM.into());
        Self { version, program, model: name, execution_provider, execution, nodes, cameras, labels, recipe, streams, models }
    }
}

/// The number of nodes of the model on each processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// On the NPU.
    pub npu: u64,
    /// On the CPU.
    pub cpu: u64,
}

impl From<(usize, usize)> for Nodes {
    /// From the counts of the NPU and of the CPU.
    fn from((npu, cpu): (usize, usize)) -> Self {
        Self { npu: npu as u64, cpu: cpu as u64 }
    }
}
