//! What a new subscriber has to be told first: `hello`, what is in force for it, and how each camera is.

use super::lines::line;
use crate::message::{self, EventKind, Hello, StreamState, Subscribe, Subscribed};
use crate::prediction::{Prediction, StateChange, StreamName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The latest of everything.
pub struct Snapshot {
    /// The greeting.
    pub hello: Arc<[u8]>,
    /// The latest result of each stream.
    pub latest: BTreeMap<StreamName, Arc<Prediction>>,
    /// The latest status of each camera that delivers no frames.
    pub troubled: BTreeMap<Arc<str>, Arc<[u8]>>,
    cameras: Vec<String>,
    classes: usize,
}

impl Snapshot {
    /// Nothing has come yet but `hello`.
    pub fn new(hello: &Hello) -> Self {
        let (cameras, classes) = (hello.cameras.clone(), classes(hello));
        Self { hello: line(hello), latest: BTreeMap::new(), troubled: BTreeMap::new(), cameras, classes }
    }

    /// There is another model, or there are other cameras. What is known of cameras that are gone is forgotten.
    pub fn renew(&mut self, hello: &Hello) {
        (self.hello, self.cameras, self.classes) = (line(hello), hello.cameras.clone(), classes(hello));
        let is = |known: &message::Stream, name: &StreamName| {
            known.camera == *name.camera && known.region.as_deref() == name.region.as_deref() && known.model == *name.model
        };
        let has = |name: &StreamName| hello.streams.iter().any(|known| is(known, name));
        self.latest.retain(|name, _| has(name));
        self.troubled.retain(|camera, _| self.cameras.iter().any(|known| **known == **camera));
    }

    /// The state of a stream has changed: its latest result is passed on with the present state.
    pub fn change(&mut self, change: StateChange) {
        if let Some(latest) = self.latest.get_mut(&change.stream) {
            Arc::make_mut(latest).stable = Some(change.stable);
        }
    }

    /// Whether the daemon has this camera. A removed one may still report its end.
    pub fn knows(&self, camera: &str) -> bool {
        self.cameras.iter().any(|known| known == camera)
    }

    /// The `subscribed` message: what is in force for a subscriber that wants `choice`.
    pub fn subscribed(&self, choice: &Subscribe) -> Arc<[u8]> {
        let wanted = choice.cameras.iter().flatten();
        line(&Subscribed {
            version: message::VERSION,
            cameras: self.cameras.iter().filter(|camera| choice.follows(camera)).cloned().collect(),
            unknown_cameras: wanted.filter(|wanted| !self.cameras.contains(wanted)).cloned().collect(),
            events: EventKind::ALL.into_iter().filter(|kind| choice.wants(*kind)).collect(),
            states: self.latest.iter().filter(|(name, _)| choice.follows(&name.camera)).filter_map(state).collect(),
            top: choice.top.map(|top| top.min(self.classes)),
            min_confidence: choice.min_confidence,
            max_rate: choice.max_rate,
            on_change: choice.on_change,
        })
    }
}

/// What a stream shows as of its latest result.
fn state((name, latest): (&StreamName, &Arc<Prediction>)) -> Option<StreamState> {
    let (camera, model) = (name.camera.to_string(), name.model.to_string());
    let region = name.region.as_ref().map(|region| region.to_string());
    Some(StreamState { camera, region, model, stable: latest.stable.as_ref()?.into() })
}

/// The most classes that a result can have.
fn classes(hello: &Hello) -> usize {
    hello.models.iter().map(|model| model.labels.len()).max().unwrap_or_default().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::message::Message;
    use crate::publish::socket::hello;

    fn subscribed(snapshot: &Snapshot, choice: &Subscribe) -> Subscribed {
        let Ok(Message::Subscribed(subscribed)) = Message::read(&snapshot.subscribed(choice)) else { panic!("not subscribed") };
        subscribed
    }

    #[test]
    fn what_is_in_force_follows_the_cameras_and_the_model() {
        let mut snapshot = Snapshot::new(&hello("m", "CPU", "", &["front", "back"], &Labels::numbered(3)));
        let everything = Subscribed {
            version: 1,
            cameras: vec!["front".into(), "back".into()],
            unknown_cameras: Vec::new(),
            events: EventKind::ALL.into(),
            states: Vec::new(),
            top: None,
            min_confidence: 0.0,
            max_rate: None,
            on_change: false,
        };
        assert_eq!(subscribed(&snapshot, &Subscribe::default()), everything);
        let cameras = Some(vec!["gate".into(), "back".into()]);
        let choice =
            Subscribe { cameras, events: None, top: Some(1000), min_confidence: 0.6, max_rate: Some(5.0), on_change: true };
        let some = subscribed(&snapshot, &choice);
        assert_eq!((some.cameras, some.unknown_cameras), (vec!["back".to_owned()], vec!["gate".to_owned()]));
        assert_eq!((some.top, some.min_confidence, some.max_rate), (Some(3), 0.6, Some(5.0)));
        snapshot.renew(&hello("m", "CPU", "", &["gate"], &Labels::numbered(1)));
        let other = subscribed(&snapshot, &choice);
        assert_eq!((other.cameras, other.unknown_cameras), (vec!["gate".to_owned()], vec!["back".to_owned()]));
        assert_eq!(other.top, Some(1));
    }

    #[test]
    fn the_model_with_the_most_classes_limits_their_number() {
        let models = [1, 3, 2].map(|count| hello("m", "CPU", "", &[], &Labels::numbered(count)).models.remove(0));
        let snapshot = Snapshot::new(&Hello::new(models.into(), vec!["front".into()]));
        assert_eq!(subscribed(&snapshot, &Subscribe { top: Some(1000), ..Subscribe::default() }).top, Some(3));
    }
}
