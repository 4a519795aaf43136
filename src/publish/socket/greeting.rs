//! The greeting.

use crate::labels::Labels;
use crate::message::{self, Hello};

/// What a new subscriber is told of first.
pub fn hello(model: &str, execution_provider: &str, detail: &str, cameras: &[&str], labels: &Labels) -> Hello {
    Hello {
        version: message::VERSION,
        program: message::PROGRAM.into(),
        model: model.into(),
        execution_provider: execution_provider.into(),
        execution: detail.into(),
        nodes: None,
        cameras: cameras.iter().map(|&camera| camera.into()).collect(),
        labels: (0..labels.len()).map(|index| labels.name(index).into()).collect(),
    }
}
