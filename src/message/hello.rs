//! `hello`: the program, its model and its cameras.

use serde::{Deserialize, Serialize};

/// The program that writes `hello`: name and version.
pub(crate) const PROGRAM: &str = concat!("glimpsed ", env!("CARGO_PKG_VERSION"));

/// The first message on a socket; sent again when the model, what runs it, or the cameras change.
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
    /// What runs the model: `CPU`, or `QNN` for the NPU.
    pub execution_provider: String,
    /// The same in words.
    #[serde(default)]
    pub execution: String,
    /// How many of the model's nodes run where; `None` where the NPU was not asked for.
    pub nodes: Option<Nodes>,
    /// The names of all cameras.
    pub cameras: Vec<String>,
    /// The names of all classes, by index.
    pub labels: Vec<String>,
}

/// How many nodes of the model run on which processor.
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
