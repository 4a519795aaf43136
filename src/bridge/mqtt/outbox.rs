//! What is to be published: one slot for each topic, in which the newest payload replaces an older one.
//!
//! So it is bounded by the number of topics, however long the broker is away, and what a subscriber then gets is of today. Events that
//! were replaced before they were sent are counted.

use std::collections::BTreeMap;

/// How a topic is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Whether the broker keeps the payload for later subscribers. It is then sent again after each connection.
    pub retain: bool,
    /// Whether the broker acknowledges it (QoS 1).
    pub acknowledged: bool,
    /// Lower ones are sent first.
    pub rank: u8,
}

impl Kind {
    /// The status of the board, sent before everything else.
    pub const BIRTH: Self = Self { retain: true, acknowledged: true, rank: 0 };
    /// A description, sent before what it describes.
    pub const DESCRIPTION: Self = Self { retain: true, acknowledged: true, rank: 1 };
    /// A state.
    pub const STATE: Self = Self { retain: true, acknowledged: true, rank: 2 };
    /// Something that has happened.
    pub const EVENT: Self = Self { retain: false, acknowledged: true, rank: 2 };
    /// Statistics.
    pub const STATISTICS: Self = Self { retain: true, acknowledged: false, rank: 2 };
}

#[derive(Debug)]
struct Slot {
    kind: Kind,
    payload: Vec<u8>,
    /// Counts the payloads of all slots.
    number: u64,
    progress: Progress,
    /// Events since the last one that was sent that newer ones replaced.
    missed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// To be sent; the number of the first payload that has waited since, for the order.
    Waiting(u64),
    Sent,
    Arrived,
}

/// A payload to send.
#[derive(Debug, PartialEq, Eq)]
pub struct Next<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its payload.
    pub payload: &'a [u8],
    /// How it is published.
    pub kind: Kind,
    /// Its number, for [`Outbox::arrived`].
    pub number: u64,
}

/// All slots.
#[derive(Debug, Default)]
pub struct Outbox {
    slots: BTreeMap<String, Slot>,
    count: u64,
    missed: u64,
}

impl Outbox {
    /// Publishes `payload` to `topic`, in place of one that waits there.
    pub fn put(&mut self, topic: &str, kind: Kind, payload: Vec<u8>) {
        self.count += 1;
        let number = self.count;
        match self.slots.get_mut(topic) {
            // a reload changes few descriptions
            Some(slot) if kind == Kind::DESCRIPTION && slot.kind == kind && slot.payload == payload => {}
            Some(slot) => {
                match slot.progress {
                    // of what is retained, only the newest matters
                    Progress::Waiting(_) if kind.retain => {}
                    Progress::Waiting(_) => {
                        slot.missed += 1;
                        self.missed += 1;
                    }
                    Progress::Sent | Progress::Arrived => slot.progress = Progress::Waiting(number),
                }
                (slot.kind, slot.payload, slot.number) = (kind, payload, number);
            }
            None => {
                let slot = Slot { kind, payload, number, progress: Progress::Waiting(number), missed: 0 };
                self.slots.insert(topic.to_owned(), slot);
            }
        }
    }

    /// Removes what the broker keeps for `topic`.
    pub fn remove(&mut self, topic: &str) {
        self.put(topic, Kind::STATE, Vec::new());
    }

    /// How many events of `topic` will not have been sent if another one is put there now.
    pub fn missed(&self, topic: &str) -> u64 {
        match self.slots.get(topic) {
            Some(slot) if matches!(slot.progress, Progress::Waiting(_)) => slot.missed + 1,
            _ => 0,
        }
    }

    /// How many events newer ones have replaced so far, because the broker was away or slow.
    pub fn all_missed(&self) -> u64 {
        self.missed
    }

    /// The next payload to send, which counts as sent from now on.
    pub fn next(&mut self) -> Option<Next<'_>> {
        let waiting = self.slots.iter().filter_map(|(topic, slot)| match slot.progress {
            Progress::Waiting(since) => Some((slot.kind.rank, since, topic)),
            Progress::Sent | Progress::Arrived => None,
        });
        let (.., topic) = waiting.min()?;
        let topic = topic.clone();
        let (topic, slot) = self.slots.range_mut(topic..).next()?;
        slot.progress = if slot.kind.acknowledged { Progress::Sent } else { Progress::Arrived };
        slot.missed = 0;
        Some(Next { topic, payload: &slot.payload, kind: slot.kind, number: slot.number })
    }

    /// The payload with this number has arrived at the broker.
    pub fn arrived(&mut self, topic: &str, number: u64) {
        let Some(slot) = self.slots.get_mut(topic) else { return };
        if slot.number == number && slot.progress == Progress::Sent {
            slot.progress = Progress::Arrived;
            if !slot.kind.retain || slot.payload.is_empty() {
                self.slots.remove(topic);
            }
        }
    }

    /// Sends again what a new connection needs: all that is retained, because the broker may have lost it, and what has not arrived.
    pub fn start_again(&mut self) {
        for slot in self.slots.values_mut() {
            let again = slot.kind.retain || slot.progress == Progress::Sent;
            if again && !matches!(slot.progress, Progress::Waiting(_)) {
                slot.progress = Progress::Waiting(slot.number);
            }
        }
    }

    /// Whether the latest payload of `topic` has arrived.
    pub fn has_arrived(&self, topic: &str) -> bool {
        self.slots.get(topic).is_none_or(|slot| slot.progress == Progress::Arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(outbox: &mut Outbox) -> Vec<(String, String, u64)> {
        let next = |outbox: &mut Outbox| {
            outbox.next().map(|next| (next.topic.to_owned(), String::from_utf8(next.payload.to_vec()).unwrap(), next.number))
        };
        std::iter::from_fn(|| next(outbox)).collect()
    }

    fn topics(sent: &[(String, String, u64)]) -> Vec<String> {
        sent.iter().map(|(topic, payload, _)| format!("{topic}={payload}")).collect()
    }

    #[test]
    fn the_newest_payload_of_a_topic_wins_and_losses_are_counted() {
        let mut outbox = Outbox::default();
        for n in 0..1000 {
            assert_eq!(outbox.missed("event"), n);
            outbox.put("event", Kind::EVENT, n.to_string().into_bytes());
            outbox.put("state", Kind::STATE, n.to_string().into_bytes());
        }
        assert_eq!(topics(&sent(&mut outbox)), ["event=999", "state=999"]);
        assert_eq!((outbox.missed("event"), outbox.all_missed()), (0, 999));
    }

    #[test]
    fn the_birth_is_first_then_descriptions_then_the_rest_in_order() {
        let mut outbox = Outbox::default();
        for (topic, kind) in [("b", Kind::STATE), ("a", Kind::STATE), ("z", Kind::DESCRIPTION), ("y", Kind::BIRTH)] {
            outbox.put(topic, kind, b"1".to_vec());
        }
        // a topic that changes often keeps its place
        outbox.put("b", Kind::STATE, b"2".to_vec());
        assert_eq!(topics(&sent(&mut outbox)), ["y=1", "z=1", "b=2", "a=1"]);
    }

    #[test]
    fn a_new_connection_gets_all_that_is_retained_and_what_has_not_arrived() {
        let mut outbox = Outbox::default();
        outbox.put("state", Kind::STATE, b"1".to_vec());
        outbox.put("lost", Kind::EVENT, b"1".to_vec());
        outbox.put("arrived", Kind::EVENT, b"1".to_vec());
        outbox.put("statistics", Kind::STATISTICS, b"1".to_vec());
        for (topic, _, number) in sent(&mut outbox) {
            if topic != "lost" {
                outbox.arrived(&topic, number);
            }
        }
        assert!(outbox.has_arrived("state") && !outbox.has_arrived("lost"));
        outbox.start_again();
        assert_eq!(topics(&sent(&mut outbox)), ["state=1", "lost=1", "statistics=1"]);
    }

    #[test]
    fn a_description_that_is_the_same_is_not_published_again() {
        let mut outbox = Outbox::default();
        let mut counts = Vec::new();
        for payload in ["1", "1", "2", "2"] {
            outbox.put("config", Kind::DESCRIPTION, payload.into());
            outbox.put("state", Kind::STATE, payload.into());
            counts.push(sent(&mut outbox).len());
        }
        assert_eq!(counts, [2, 1, 2, 1]);
    }

    #[test]
    fn a_late_acknowledgement_of_an_older_payload_does_not_count() {
        let mut outbox = Outbox::default();
        outbox.put("state", Kind::STATE, b"1".to_vec());
        let (_, _, first) = sent(&mut outbox).remove(0);
        outbox.put("state", Kind::STATE, b"2".to_vec());
        outbox.arrived("state", first);
        assert_eq!(topics(&sent(&mut outbox)), ["state=2"]);
        outbox.arrived("state", first);
        assert!(!outbox.has_arrived("state"));
    }

    #[test]
    fn a_removed_topic_is_emptied_once() {
        let mut outbox = Outbox::default();
        outbox.put("state", Kind::STATE, b"1".to_vec());
        outbox.remove("state");
        let (_, payload, number) = sent(&mut outbox).remove(0);
        assert_eq!(payload, "");
        outbox.arrived("state", number);
        outbox.start_again();
        assert_eq!(sent(&mut outbox), []);
    }
}
