//! The greeting.

use crate::labels::Labels;
use crate::message::{Hello, Model};

/// What a new subscriber is told of first.
pub fn hello(model: &str, execution_provider: &str, detail: &str, cameras: &[&str], labels: &Labels) -> Hello {
    let model = Model {
        name: model.into(),
        execution_provider: execution_provider.into(),
        execution: detail.into(),
        nodes: None,
        labels: (0..labels.len()).map(|index| labels.name(index).into()).collect(),
        states: None,
        multi_label: false,
        recipe: None,
    };
    Hello::new(vec![model], cameras.iter().map(|&camera| camera.into()).collect())
}
