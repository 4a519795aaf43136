//! `hello`: the first message to subscribers.

use crate::engine::Classifier;
use crate::message::{Hello, Model, Nodes};
use crate::runtime::Execution;

/// The first message to a subscriber, if each of `classifiers` classifies the frames of all `cameras`.
pub fn hello(classifiers: &[&Classifier], cameras: &[&str]) -> Hello {
    Hello::new(classifiers.iter().copied().map(model_of).collect(), cameras.iter().map(|&camera| camera.into()).collect())
}

/// The model of `classifier`, as `hello` describes it.
pub fn model_of(classifier: &Classifier) -> Model {
    let labels = classifier.labels();
    let mut model = Model {
        name: classifier.model().into(),
        execution_provider: String::new(),
        execution: String::new(),
        nodes: None,
        labels: (0..labels.len()).map(|index| labels.name(index).into()).collect(),
        recipe: classifier.recipe().cloned(),
    };
    describe(&mut model, classifier.execution());
    model
}

/// Sets in `model` where it runs.
pub fn describe(model: &mut Model, execution: &Execution) {
    model.execution_provider = execution.provider.into();
    model.execution.clone_from(&execution.detail);
    model.nodes = execution.nodes.map(Nodes::from);
}
