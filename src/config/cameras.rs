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
    let vars = layers.top().variables("vars");
    let (mut cameras, mut pipelines) = (Vec::new(), Vec::new());
    for section in &sections {
        let Some(mut camera) = Camera::read(section, sections.len() == 1, &vars, environment) else { continue };
        if layers.flags.value("model", "file").is_some() {
            // it is in place of the models of the file
            camera.models = None;
        }
        check_models(section, &camera, names);
        let origin = section.origin_of("pipeline").or(section.origin_of("launch")).unwrap_or(section.origin);
        let text = Placed { value: camera.pipeline.clone(), origin };
        pipelines.push(PipelineText { camera: camera.name.to_string(), text });
        cameras.push(camera);
    }
    check_names(layers, &sections);
    (cameras, pipelines)
}

/// All models of `camera` must be among `names`, each once.
fn check_models(section: &Section, camera: &Camera, names: &[String]) {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let named = camera.models.iter().flatten();
    for (n, name) in named.clone().enumerate() {
        if known.contains(&&**name) {
            if named.clone().take(n).any(|other| other == name) {
                section.fault("models", format!("models has '{name}' twice"));
            }
            continue;
        }
        let near = nearest(name, &known);
        section.fault(
            "models",
            match near {
                Some(near) => format!("there is no model '{name}'; did you mean '{near}'?"),
                None if known.is_empty() => {
                    format!("there is no model '{name}': the only model has no name, and classifies the pictures of all cameras")
                }
                None => format!("there is no model '{name}'; there are: {}", known.join(", ")),
            },
        );
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
