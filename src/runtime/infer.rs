//! The trait that everything else runs a model by, and what is known of its session.

use crate::error::Result;
use crate::tensor::Tensor;

/// Runs a model.
pub trait Infer: Send {
    /// Runs the model on `input` and writes what it gives to `output`; both were made for the model.
    fn infer(&mut self, input: &Tensor, output: &mut Tensor) -> Result<()>;

    /// What runs it.
    fn execution(&self) -> &Execution;
}

/// Where a model runs, as far as it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// `CPU` or `QNN`.
    pub provider: &'static str,
    /// In words: where it runs, and by which library.
    pub detail: String,
    /// How many of the model's nodes run on the NPU, and how many of them on the CPU; `None` where the NPU is not asked.
    pub nodes: Option<(usize, usize)>,
}

impl Execution {
    /// A few words for a line of status: `QNN 66/66 nodes`.
    pub fn summary(&self) -> String {
        match self.nodes {
            Some((npu, cpu)) => format!("{} {npu}/{} nodes", self.provider, npu + cpu),
            None => self.provider.to_owned(),
        }
    }
}
