//! The streams of a camera: one for each model of its whole picture, and one for each of its regions.

use crate::capture::Camera;
use crate::frame::Crop;
use std::sync::Arc;

/// A stream: the frames of a camera, or a region of them, for one model.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamSettings {
    /// The model's [key](super::ModelSettings::key).
    pub model: Arc<str>,
    /// The region's name, and where it is; `None`: the whole picture.
    pub region: Option<(Arc<str>, Crop)>,
}

impl StreamSettings {
    /// The region's name.
    pub fn region_name(&self) -> Option<&Arc<str>> {
        self.region.as_ref().map(|(name, _)| name)
    }
}

/// The streams of `camera`, where there are these `models`, by their keys.
pub fn streams(camera: &Camera, models: &[Arc<str>]) -> Vec<StreamSettings> {
    let whole = models.iter().filter(|model| match &camera.models {
        Some(named) => named.contains(model),
        None => camera.regions.is_empty(),
    });
    let whole = whole.map(|model| StreamSettings { model: model.clone(), region: None });
    let of_regions = camera.regions.iter().filter_map(|region| {
        let only = || models.first().filter(|_| models.len() == 1);
        let model = models.iter().find(|model| region.model.as_ref() == Some(model)).or_else(only)?.clone();
        Some(StreamSettings { model, region: Some((region.name.clone(), region.crop)) })
    });
    whole.chain(of_regions).collect()
}
