//! Parts of a daemon in the test's process, with fakes in place of the model or its results.

use glimpsed::config::Camera;
use glimpsed::daemon::{self, Outside, Parts};
use glimpsed::engine::Classifier;
use glimpsed::error::Result;
use glimpsed::event::{Event, Hub, Publisher};
use glimpsed::frame::{FrameInfo, Picture, PixelFormat};
use glimpsed::labels::Labels;
use glimpsed::metrics::Status;
use glimpsed::model::Model;
use glimpsed::prediction::{Prediction, Score, Stable, StableClass, StableState, Timing};
use glimpsed::preprocess;
use glimpsed::runtime::{Execution, Infer};
use glimpsed::system::signals::Stop;
use glimpsed::system::systemd::Service;
use glimpsed::tensor::Tensor;
use std::sync::Arc;
use std::time::SystemTime;

/// A model that takes no time.
pub struct Quick(pub Execution);

impl Infer for Quick {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.0
    }
}

/// A publisher that does nothing.
pub struct Nowhere;

impl Publisher for Nowhere {
    fn name(&self) -> &'static str {
        "nowhere"
    }

    fn handle(&mut self, _: &Event) -> Result<()> {
        Ok(())
    }
}

/// A classifier of `model` with `runtime` in place of ONNX Runtime.
pub fn classifier(model: &Model, runtime: Box<dyn Infer>, top: usize) -> Classifier {
    Classifier::new(model, Labels::numbered(model.output.classes), runtime, &preprocess::Params::default(), top)
}

/// The settings of a camera.
pub fn camera(name: &str, pipeline: &str) -> Camera {
    Camera::new(name, pipeline)
}

/// Runs the daemon in this process until its cameras end, or there are `limit` results; returns the status of each camera.
pub fn run_daemon(classifier: Classifier, place: Box<dyn Publisher>, cameras: Vec<Camera>, limit: Option<u64>) -> Vec<Status> {
    run_engines(vec![classifier], place, cameras, limit)
}

/// The same with an engine for each of `classifiers`.
pub fn run_engines(
    classifiers: Vec<Classifier>,
    place: Box<dyn Publisher>,
    cameras: Vec<Camera>,
    limit: Option<u64>,
) -> Vec<Status> {
    let hub = Hub::new().inline(place);
    let parts = Parts { classifiers, hub, status_interval: None, limit, source: None };
    let (_ask, asked) = crossbeam_channel::bounded(1);
    let outside = Outside { stop: &Stop::default(), asked: &asked, service: Service::default() };
    daemon::run(parts, cameras, Arc::new(|_| {}), outside).unwrap()
}

/// The classes of a fake model: cat, dog and owl.
pub fn animals() -> Labels {
    Labels::parse(b"cat\ndog\nowl\n", "test").unwrap()
}

/// A result of that model: number `seq` of `source`, class `best` with `confidence`, and the next class with the rest. The best class is
/// also the state of the stream.
pub fn animal(source: &str, seq: u64, best: usize, confidence: f32) -> Prediction {
    let (label, since) = (Some(animals().name(best).into()), SystemTime::UNIX_EPOCH);
    let class = StableClass { label, index: Some(best), confidence, since, changed: true };
    let other = Score { index: (best + 1) % 3, confidence: 1.0 - confidence };
    Prediction {
        source: source.into(),
        region: None,
        seq,
        info: FrameInfo {
            number: seq,
            timestamp: SystemTime::UNIX_EPOCH,
            live: true,
            ..FrameInfo::new(Picture::new(PixelFormat::Gray8, 4, 3))
        },
        model: "animals".into(),
        execution_provider: "CPU",
        top: vec![Score { index: best, confidence }, other],
        stable: Some(Stable { state: StableState::One(class), changes: best as u64 }),
        labels: animals().into(),
        timing: Timing::default(),
        reused: false,
        dropped: 0,
    }
}
