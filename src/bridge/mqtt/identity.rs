//! The names of this machine at a broker.

use super::settings::Params;
use std::fs;

/// What the hash of the machine's id is for, so that it differs from other programs' hashes.
const PURPOSE: &str = "glimpsed 2026-11 identity at an MQTT broker";

/// The names of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The board's name in topics.
    pub node: String,
    /// `glimpsed_` and 12 hexadecimal digits: the client's name at the broker, and the device's in Home Assistant. The machine's id itself
    /// is confidential (man machine-id), so it is hashed.
    pub id: String,
}

impl Identity {
    /// The names according to the settings. With a `node` of its own, a second bridge of one machine has an id of its own.
    pub fn of(params: &Params) -> Self {
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
        let machine = fs::read_to_string("/etc/machine-id").ok().filter(|id| !id.trim().is_empty()).unwrap_or_else(|| host.clone());
        Self::from(machine.trim(), &host, params.node.as_deref())
    }

    fn from(machine: &str, host: &str, node: Option<&str>) -> Self {
        let hash = blake3::derive_key(PURPOSE, format!("{machine} {}", node.unwrap_or_default()).as_bytes());
        let digits: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        let node = node.map_or_else(|| name(host.split('.').next().unwrap_or_default()), str::to_owned);
        Self { node, id: format!("glimpsed_{digits}") }
    }
}

/// `text` as one level of a topic and as a part of an identifier of Home Assistant: of letters, digits, `-` and `_`.
pub fn name(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if name.is_empty() { "_".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_stable_and_hides_the_machines() {
        let of = |node| Identity::from("b08dfa6083e7567a1921a715000001fb", "rubik-7.local", node);
        let Identity { node, id } = of(None);
        assert_eq!(node, "rubik-7");
        assert!(id.len() == 21 && id.starts_with("glimpsed_") && !id.contains("b08dfa"), "{id}");
        assert_eq!(id, of(None).id);
        assert_ne!(id, of(Some("second")).id);
        assert_eq!(of(Some("second")).node, "second");
    }

    #[test]
    fn names_have_no_special_characters() {
        assert_eq!([name("Front door/1"), name("tür+#"), name("")], ["Front_door_1", "t_r__", "_"]);
    }
}
