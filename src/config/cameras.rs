//! The cameras: those of the file, or the one that flags name in their place.

use crate::capture::Camera;
use crate::settings::{Layers, Origin, Placed, Section};
use crate::suggest::nearest;
use std::ffi::OsString;
use std::ops::RangeInclusive;

/// Maximum number of cameras: each has a pipeline with some threads of its own.
pub const CAMERAS: RangeInclusive<usize> = 1..=256;

/// A camera's pipeline.
#[derive(Debug, Clone)]
pub struct PipelineText {
    /// The camera's name.
    pub camera: String,
    /// gst-launch text, variables filled in, and where it was set.
    pub text: Placed<String>,
}

/// The cameras of `layers`, whose models have these `names`, and the pipelines of those that could be read.
pub fn read(layers: &Layers, names: &[String], environment: &dyn Fn(&str) -> Option<OsString>) -> (Vec<Camera>, Vec<PipelineText>) {
    let by_flag = ["pipeline", "launch"].iter().any(|key| layers.flags.value("camera", key).is_some());
    let mut sections = layers.sections("camera");
    if by_flag {
        sections = vec![layers.section_of_flags("camera")];
    }
    if sections.is_empty() {
        layers.fault(Origin::Nowhere, "there is no camera: add a [[camera]] section");
    }
    let most = *CAMERAS.end();
    if let Some(camera) = sections.get(most) {
        layers.fault(camera.origin, format!("too many cameras: at most {most} are allowed"));
        sections.truncate(most);
    }
    let by_model = layers.flags.value("model", "file").is_some();
    let vars = layers.top().variables("vars");
    let (mut cameras, mut pipelines) = (Vec::new(), Vec::new());
    for section in &sections {
        let Some(mut camera) = Camera::read(section, sections.len() == 1, &vars, environment) else { continue };
        if by_model {
            // it is in place of the models of the file
            camera.models = None;
            camera.regions.iter_mut().for_each(|region| region.model = None);
        }
        check_models(section, &camera, names, if by_model { 1 } else { names.len() });
        let origin = section.origin_of("pipeline").or(section.origin_of("launch")).unwrap_or(section.origin);
        let text = Placed { value: camera.pipeline.clone(), origin };
        pipelines.push(PipelineText { camera: camera.name.to_string(), text });
        cameras.push(camera);
    }
    check_names(layers, &sections);
    (cameras, pipelines)
}

/// All models of `camera` must be among `names`, each once; its regions name one where there are several.
fn check_models(section: &Section, camera: &Camera, names: &[String], count: usize) {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let check = |key: &str, name: &str| {
        if known.contains(&name) {
            return;
        }
        let text = match nearest(name, &known) {
            Some(near) => format!("there is no model '{name}'; did you mean '{near}'?"),
            None if known.is_empty() => {
                format!("there is no model '{name}': the only model has no name, and classifies the pictures of all cameras")
            }
            None => format!("there is no model '{name}'; there are: {}", known.join(", ")),
        };
        section.fault(key, text);
    };
    for (n, name) in camera.models.iter().flatten().enumerate() {
        check("models", name);
        if camera.models.iter().flatten().take(n).any(|other| other == name) {
            section.fault("models", format!("models has '{name}' twice"));
        }
    }
    for region in &camera.regions {
        match &region.model {
            Some(name) => check("region", name),
            None if count > 1 => {
                section.fault(
                    "region",
                    format!("the region '{}' names no model; with more than one model, each needs its own", region.name),
                );
            }
            None => {}
        }
    }
}

fn check_names(layers: &Layers, sections: &[Section]) {
    let names: Vec<Option<String>> = sections.iter().map(|section| Some(section.placed_quietly("name")?.value)).collect();
    for (n, name) in names.iter().enumerate() {
        let Some(name) = name else { continue };
        if let Some(first) = names[..n].iter().position(|other| other.as_ref() == Some(name)) {
            let text = format!("a second camera is called '{name}'; the first one is in {}", sections[first].origin);
            layers.fault(sections[n].origin, text);
        }
    }
}
