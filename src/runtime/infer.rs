//! The trait through which the rest of the program runs a model, and the description of where it runs.

use crate::error::Result;
use crate::npu;
use crate::tensor::Tensor;

/// Runs a model.
pub trait Infer: Send {
    /// Runs the model on `input` and writes the result to `output`; both were allocated for this model.
    fn infer(&mut self, input: &Tensor, output: &mut Tensor) -> Result<()>;

    /// Where it runs.
    fn execution(&self) -> &Execution;
}

/// Where a model runs, as far as that is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// `CPU` or `QNN`.
    pub provider: &'static str,
    /// A description for messages.
    pub detail: String,
    /// How many of the model's nodes run on the NPU and on the CPU; `None` if the NPU is not used.
    pub nodes: Option<(usize, usize)>,
}

impl Execution {
    /// A short form for a status line: `NPU 66/66 nodes`.
    pub fn summary(&self) -> String {
        match self.nodes {
            Some((own, cpu)) => format!("{} {own}/{} nodes", npu::shown(self.provider), own + cpu),
            None => npu::shown(self.provider).to_owned(),
        }
    }
}
