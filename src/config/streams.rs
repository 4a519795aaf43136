//! The streams of a camera: one for each of its models.

use crate::capture::Camera;
use std::sync::Arc;

/// A stream: the frames of a camera for one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    /// The model's [key](super::ModelSettings::key).
    pub model: Arc<str>,
}

/// The streams of `camera`, where there are these `models`, by their keys.
pub fn streams(camera: &Camera, models: &[Arc<str>]) -> Vec<StreamSettings> {
    models.iter().filter(|model| uses(camera, model)).map(|model| StreamSettings { model: model.clone() }).collect()
}

/// Whether `camera` has a stream for `model`.
pub(super) fn uses(camera: &Camera, model: &Arc<str>) -> bool {
    camera.models.as_ref().is_none_or(|models| models.contains(model))
}
