//! The difference between two settings, as a reload sees it. Pure.

use super::settings::Settings;
use super::streams::streams;
use crate::capture::Camera;
use std::sync::Arc;

/// What a reload has to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Names of cameras to stop without a successor.
    pub removed: Vec<Arc<str>>,
    /// Cameras to stop and start again with these settings.
    pub changed: Vec<Camera>,
    /// Cameras to start.
    pub added: Vec<Camera>,
    /// Sections that have changed and only take effect at the next start.
    pub restart: Vec<&'static str>,
}

impl Changes {
    /// From `old` to `new`. Cameras that have `ended` by themselves are started again if they are still wanted. Models and streams are
    /// not compared here: a camera continues when its streams change, unless all of them do.
    pub fn between(old: &Settings, new: &Settings, ended: &dyn Fn(&str) -> bool) -> Self {
        let before = |name: &str| old.cameras.iter().find(|camera| &*camera.name == name);
        let removed = old.cameras.iter().filter(|camera| new.cameras.iter().all(|other| other.name != camera.name));
        let (mut changed, mut added) = (Vec::new(), Vec::new());
        for camera in &new.cameras {
            match before(&camera.name) {
                None => added.push(camera.clone()),
                Some(known) if !known.is_same_source(camera) || ended(&camera.name) => changed.push(camera.clone()),
                Some(known) if keeps_none(known, old, camera, new) => changed.push(camera.clone()),
                Some(_) => {}
            }
        }
        let sections = [
            ("[socket]", old.socket != new.socket),
            ("[output]", old.output != new.output || old.status_interval != new.status_interval),
        ];
        Self {
            removed: removed.map(|camera| camera.name.clone()).collect(),
            changed,
            added,
            restart: sections.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect(),
        }
    }
}

/// Whether the `camera` of `new` has no stream that `known`, of `old`, has.
fn keeps_none(known: &Camera, old: &Settings, camera: &Camera, new: &Settings) -> bool {
    let before = streams(known, &old.keys());
    streams(camera, &new.keys()).iter().all(|stream| !before.contains(stream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn settings(text: &str) -> Settings {
        let reading = super::super::parse(text, Path::new(""), "a test", &Default::default(), &|_| None).unwrap();
        reading.settings(Default::default()).unwrap()
    }

    fn camera(name: &str, pattern: &str) -> String {
        format!("[[camera]]\nname = '{name}'\nlaunch = 'videotestsrc pattern={pattern} ! appsink name=frames'\n")
    }

    fn names(cameras: &[Camera]) -> Vec<&str> {
        cameras.iter().map(|camera| &*camera.name).collect()
    }

    #[test]
    fn each_kind_of_change_is_told_apart() {
        let model = "[model]\nfile = 'testcard'\n";
        let old = settings(&[model, &camera("same", "ball"), &camera("other", "ball"), &camera("gone", "ball")].concat());
        let top = "[model]\nfile = 'testcard'\ntop = 2\n[output]\nstdout = 'json'\n";
        let new = settings(&[top, &camera("new", "ball"), &camera("other", "snow"), &camera("same", "ball")].concat());
        let changes = Changes::between(&old, &new, &|_| false);
        assert_eq!(changes.removed, ["gone".into()]);
        assert_eq!((names(&changes.changed), names(&changes.added)), (vec!["other"], vec!["new"]));
        assert_eq!(changes.restart, ["[output]"]);
    }

    #[test]
    fn a_camera_continues_with_other_streams_unless_it_keeps_none() {
        let models = "[[model]]\nname = 'a'\nfile = 'testcard'\n[[model]]\nname = 'b'\nfile = 'testcard'\n";
        let of = |models: &str, named: &str| settings(&[models, &camera("front", "ball"), named].concat());
        let old = of(models, "models = ['a']");
        assert!(Changes::between(&old, &of(models, "models = ['b', 'a']"), &|_| false).changed.is_empty());
        assert_eq!(names(&Changes::between(&old, &of(models, "models = ['b']"), &|_| false).changed), ["front"]);
    }

    #[test]
    fn nothing_has_changed_between_equal_settings_but_what_has_ended_starts_again() {
        let text = ["[model]\nfile = 'testcard'\n", &camera("a", "ball"), &camera("b", "ball")].concat();
        let (old, new) = (settings(&text), settings(&text));
        let same = Changes::between(&old, &new, &|_| false);
        let nothing = Changes { removed: Vec::new(), changed: Vec::new(), added: Vec::new(), restart: Vec::new() };
        assert_eq!(same, nothing);
        assert_eq!(names(&Changes::between(&old, &new, &|name| name == "b").changed), ["b"]);
    }
}
