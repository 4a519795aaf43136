//! The cameras of a daemon, and the requested ones that it does not have.

use crate::message::Message;
use crate::suggest::nearest;

/// The cameras of the daemon.
#[derive(Default)]
pub struct Cameras {
    known: Vec<String>,
    /// The unknown cameras that were reported.
    told: Vec<String>,
}

impl Cameras {
    /// Handles a message. Returns a warning if the daemon does not have a requested camera; the same cameras are reported once.
    pub fn take(&mut self, message: &Message) -> Option<String> {
        match message {
            Message::Hello(hello) => self.known.clone_from(&hello.cameras),
            Message::Subscribed(subscribed) => {
                let news = subscribed.unknown_cameras != self.told;
                self.told.clone_from(&subscribed.unknown_cameras);
                if news && !self.told.is_empty() {
                    return Some(self.warning(subscribed.cameras.is_empty()));
                }
            }
            _ => {}
        }
        None
    }

    fn warning(&self, nothing_comes: bool) -> String {
        let known: Vec<_> = self.known.iter().map(String::as_str).collect();
        let near: Vec<_> = self.told.iter().filter_map(|unknown| nearest(unknown, &known)).map(quoted).collect();
        let unknown: Vec<_> = self.told.iter().map(|name| quoted(name)).collect();
        let mut text = format!("the daemon has no camera {}; it has {}", unknown.join(", "), known.join(", "));
        if !near.is_empty() {
            text += &format!(". Is {} meant?", near.join(", "));
        }
        if nothing_comes {
            text += "\n  No result comes until a reload of the daemon brings it.";
        }
        text
    }
}

fn quoted(name: &str) -> String {
    format!("'{}'", name.escape_debug())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::message::{Subscribed, VERSION};
    use crate::publish::socket::hello;

    /// A message with the cameras in force and the unknown ones.
    pub fn subscribed(cameras: &[&str], unknown: &[&str]) -> Message {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (cameras, unknown_cameras) = (names(cameras), names(unknown));
        let (events, states, top, min_confidence, max_rate, on_change) = (Vec::new(), Vec::new(), None, 0.0, None, false);
        Message::Subscribed(Subscribed {
            version: VERSION,
            cameras,
            unknown_cameras,
            events,
            states,
            top,
            min_confidence,
            max_rate,
            on_change,
        })
    }

    #[test]
    fn an_unknown_camera_is_reported_once_with_the_existing_ones() {
        let mut cameras = Cameras::default();
        assert_eq!(cameras.take(&Message::Hello(hello("m", "CPU", "", &["front", "back"], &Labels::numbered(1)))), None);
        assert_eq!(cameras.take(&subscribed(&["front"], &[])), None);
        let told = cameras.take(&subscribed(&["back"], &["frnt"])).unwrap();
        assert_eq!(told, "the daemon has no camera 'frnt'; it has front, back. Is 'front' meant?");
        assert_eq!(cameras.take(&subscribed(&["back"], &["frnt"])), None);
        let told = cameras.take(&subscribed(&[], &["frnt", "nosuch"])).unwrap();
        assert!(told.contains("'frnt', 'nosuch'") && told.contains("No result comes until"), "{told}");
        assert_eq!(cameras.take(&subscribed(&["frnt"], &[])), None);
    }
}
