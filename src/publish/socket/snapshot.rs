//! What a new subscriber has to be told first: `hello`, what is in force for it, and how each camera is.

use super::request::Choice;
use crate::prediction::{Prediction, SCHEMA_VERSION};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The latest of everything.
pub struct Snapshot {
    /// The greeting.
    pub hello: Arc<[u8]>,
    /// The latest result of each camera.
    pub latest: BTreeMap<Arc<str>, Arc<Prediction>>,
    /// The latest status of each camera that delivers no frames.
    pub troubled: BTreeMap<Arc<str>, Arc<[u8]>>,
    cameras: Vec<String>,
    classes: usize,
}

impl Snapshot {
    /// Nothing has come yet but `hello`.
    pub fn new(hello: &Value) -> Self {
        let (cameras, classes) = (cameras(hello), classes(hello));
        Self { hello: line(hello), latest: BTreeMap::new(), troubled: BTreeMap::new(), cameras, classes }
    }

    /// There is another model, or there are other cameras. What is known of cameras that are gone is forgotten.
    pub fn renew(&mut self, hello: &Value) {
        (self.hello, self.cameras, self.classes) = (line(hello), cameras(hello), classes(hello));
        self.latest.retain(|camera, _| self.cameras.iter().any(|known| **known == **camera));
        self.troubled.retain(|camera, _| self.cameras.iter().any(|known| **known == **camera));
    }

    /// Whether the daemon has this camera. A removed one may still report its end.
    pub fn knows(&self, camera: &str) -> bool {
        self.cameras.iter().any(|known| known == camera)
    }

    /// The `subscribed` message: what is in force for a subscriber that wants `choice`.
    pub fn subscribed(&self, choice: &Choice) -> Arc<[u8]> {
        let followed: Vec<_> = self.cameras.iter().filter(|camera| choice.follows(camera)).collect();
        let wanted = choice.cameras.iter().flatten();
        let unknown: Vec<_> = wanted.filter(|wanted| !self.cameras.contains(wanted)).collect();
        line(&json!({
            "type": "subscribed", "version": SCHEMA_VERSION, "cameras": followed, "unknown_cameras": unknown,
            "top": choice.top.map(|top| top.min(self.classes)), "min_confidence": choice.min_confidence,
            "max_rate": choice.max_rate, "on_change": choice.on_change,
        }))
    }
}

/// The message that says what a subscriber did wrong.
pub fn error(message: &str) -> Arc<[u8]> {
    line(&json!({"type": "error", "version": SCHEMA_VERSION, "message": message}))
}

/// A message as the line that is sent.
pub fn line(value: &Value) -> Arc<[u8]> {
    format!("{value}\n").into_bytes().into()
}

fn cameras(hello: &Value) -> Vec<String> {
    hello["cameras"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn classes(hello: &Value) -> usize {
    hello["labels"].as_array().map_or(usize::MAX, |labels| labels.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribed(snapshot: &Snapshot, choice: &Choice) -> Value {
        serde_json::from_slice(&snapshot.subscribed(choice)).unwrap()
    }

    #[test]
    fn what_is_in_force_follows_the_cameras_and_the_model() {
        let mut snapshot = Snapshot::new(&json!({"cameras": ["front", "back"], "labels": ["cat", "dog", "owl"]}));
        let everything = json!({
            "type": "subscribed", "version": 1, "cameras": ["front", "back"], "unknown_cameras": [],
            "top": null, "min_confidence": 0.0, "max_rate": null, "on_change": false,
        });
        assert_eq!(subscribed(&snapshot, &Choice::default()), everything);
        let cameras = Some(vec!["gate".into(), "back".into()]);
        let choice = Choice { cameras, top: Some(1000), min_confidence: 0.6, max_rate: Some(5.0), on_change: true };
        let some = subscribed(&snapshot, &choice);
        assert_eq!((&some["cameras"], &some["unknown_cameras"]), (&json!(["back"]), &json!(["gate"])));
        assert_eq!((&some["top"], &some["min_confidence"], &some["max_rate"]), (&json!(3), &json!(0.6), &json!(5.0)));
        snapshot.renew(&json!({"cameras": ["gate"], "labels": ["cat"]}));
        let other = subscribed(&snapshot, &choice);
        assert_eq!((&other["cameras"], &other["unknown_cameras"], &other["top"]), (&json!(["gate"]), &json!(["back"]), &json!(1)));
    }
}
