//! The topics of a board.

use super::identity::Identity;
use super::settings::Params;
use std::collections::BTreeSet;

/// The topics of a board, `PREFIX/NODE/...`, and of its announcements to Home Assistant.
#[derive(Debug, Clone)]
pub struct Topics {
    base: String,
    /// The board's identifier in Home Assistant.
    pub id: String,
    discovery: Option<String>,
}

impl Topics {
    /// According to the settings.
    pub fn new(params: &Params, identity: &Identity) -> Self {
        let base = format!("{}/{}", params.topic, identity.node);
        Self { base, id: identity.id.clone(), discovery: params.discovery.clone() }
    }

    /// `online` or `offline`: the board.
    pub fn status(&self) -> String {
        format!("{}/status", self.base)
    }

    /// What runs on the board.
    pub fn info(&self) -> String {
        format!("{}/info", self.base)
    }

    /// How the model runs.
    pub fn diagnostics(&self) -> String {
        format!("{}/diagnostics", self.base)
    }

    /// The topics of a camera with this part begin with it.
    pub fn camera(&self, part: &str) -> String {
        format!("{}/{part}", self.base)
    }

    /// The filter for the availability of all cameras.
    pub fn all_availabilities(&self) -> String {
        format!("{}/+/availability", self.base)
    }

    /// The part of the camera whose availability `topic` is.
    pub fn camera_of<'t>(&self, topic: &'t str) -> Option<&'t str> {
        topic.strip_prefix(&self.base)?.strip_prefix('/')?.strip_suffix("/availability")
    }

    /// Where the board is announced; `None` if it is not.
    pub fn board_config(&self) -> Option<String> {
        Some(format!("{}/device/{}/config", self.discovery.as_ref()?, self.id))
    }

    /// Where a camera with this part is announced; `None` if it is not.
    pub fn camera_config(&self, part: &str) -> Option<String> {
        Some(format!("{}/device/{}_{part}/config", self.discovery.as_ref()?, self.id))
    }

    /// Where Home Assistant says that it has started; `None` if nothing is announced to it.
    pub fn home_assistant(&self) -> Option<String> {
        Some(format!("{}/status", self.discovery.as_ref()?))
    }
}

/// `levels` of a topic, numbered if one of `taken` is the same, also as a part of an identifier, in which `_` separates levels.
pub fn distinct(levels: String, taken: &BTreeSet<String>) -> String {
    let flat = |levels: &str| levels.replace('/', "_");
    let free = |levels: &String| taken.iter().all(|other| flat(other) != flat(levels));
    let numbered = (2..).map(|n| format!("{levels}_{n}"));
    std::iter::once(levels.clone()).chain(numbered).find(free).unwrap_or(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::mqtt::settings::tests::params;

    #[test]
    fn topics_of_a_board() {
        let identity = Identity { node: "rubik".into(), id: "glimpsed_1".into() };
        let topics = Topics::new(&params("topic = 'site/glimpsed'"), &identity);
        assert_eq!(topics.status(), "site/glimpsed/rubik/status");
        assert_eq!(topics.camera_of("site/glimpsed/rubik/front/availability"), Some("front"));
        assert_eq!(topics.camera_of("site/glimpsed/rubik2/front/availability"), None);
        assert_eq!(topics.camera_config("front").unwrap(), "homeassistant/device/glimpsed_1_front/config");
        assert_eq!(Topics::new(&params("home_assistant = false"), &identity).board_config(), None);
    }

    #[test]
    fn levels_are_distinct_in_topics_and_in_identifiers() {
        let taken = BTreeSet::from(["a_b", "a_b_2", "c/d"].map(str::to_owned));
        let of = |levels: &str| distinct(levels.to_owned(), &taken);
        assert_eq!([of("a_b"), of("a/b"), of("c_d"), of("a_c")], ["a_b_3", "a/b_3", "c_d_2", "a_c"]);
    }
}
