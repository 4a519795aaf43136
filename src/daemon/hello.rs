//! `hello`: the first message to subscribers.

use crate::config::{self, StreamSettings};
use crate::engine::Classifier;
use crate::message::{Hello, Model, Nodes, Stream};
use crate::runtime::Execution;
use std::sync::Arc;

/// The first message to a subscriber, if `classifiers` classify the frames of `cameras`.
pub fn hello(classifiers: &[Classifier], cameras: &[config::Camera]) -> Hello {
    let models = classifiers.iter().map(|classifier| (classifier.key().clone(), model_of(classifier))).collect();
    of_models(models, cameras)
}

/// The same for models with their keys.
pub fn of_models(models: Vec<(Arc<str>, Model)>, cameras: &[config::Camera]) -> Hello {
    let (keys, models): (Vec<_>, Vec<_>) = models.into_iter().unzip();
    let name = |key: &Arc<str>| keys.iter().position(|known| known == key).map(|index| models[index].name.clone());
    let stream = |camera: &config::Camera, stream: StreamSettings| Stream {
        camera: camera.name.to_string(),
        region: stream.region_name().map(|name| name.to_string()),
        model: name(&stream.model).unwrap_or_default(),
    };
    let of = |camera: &config::Camera| -> Vec<_> {
        config::streams(camera, &keys).into_iter().map(|settings| stream(camera, settings)).collect()
    };
    let streams = cameras.iter().flat_map(of).collect();
    Hello::with_streams(models, cameras.iter().map(|camera| camera.name.to_string()).collect(), streams)
}

/// The model of `classifier`, as `hello` describes it.
pub fn model_of(classifier: &Classifier) -> Model {
    let (labels, classes) = (classifier.labels(), classifier.classes());
    let labels: Vec<String> = (0..labels.len()).map(|index| labels.name(index).into()).collect();
    let states: Vec<String> = (0..classes.len()).map(|class| classes.name(class).to_string()).collect();
    let mut model = Model {
        name: classifier.model().into(),
        execution_provider: String::new(),
        execution: String::new(),
        nodes: None,
        states: Some(states).filter(|states| *states != labels),
        multi_label: classes.are_independent(),
        labels,
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
