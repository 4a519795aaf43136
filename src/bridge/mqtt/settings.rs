//! What the user can set of MQTT: the section `[mqtt]`.

use super::broker::Broker;
use crate::settings::{Key, Kind, Placed, Section, heading};
use std::path::PathBuf;
use std::time::Duration;

/// A version of MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 3.1.1.
    V3,
    /// 5.
    V5,
}

const VERSIONS: [(&str, &str, Version); 2] =
    [("3.1.1", "understood by every broker", Version::V3), ("5", "reasons for refused messages", Version::V5)];

/// The longest name of a board, and the longest prefix, in bytes.
const NAME: usize = 128;

/// A shorter heartbeat would be a stream of results.
const SHORTEST: Duration = Duration::from_secs(1);

/// The keys.
pub const KEYS: [Key; 13] =
    [
        Key::new("broker", Kind::Text, "The broker: mqtts://HOST[:PORT], or mqtt://HOST[:PORT] without TLS").flag(
            "--broker",
            "URL",
            heading::MQTT,
        ),
        Key::new("username", Kind::Text, "The user at the broker")
            .default_described("the systemd credential mqtt-username, if there is one")
            .flag("--username", "NAME", heading::MQTT),
        Key::new("password_file", Kind::Path, "A file with the user's password")
            .default_described("the systemd credential mqtt-password, if there is one")
            .flag("--password-file", "FILE", heading::MQTT),
        Key::new("ca", Kind::Path, "Trusts only the CAs in this PEM file")
            .default_described("the CAs that the system trusts")
            .flag("--ca", "FILE", heading::MQTT),
        Key::new("certificate", Kind::Path, "A client certificate, with its chain, as PEM").flag(
            "--certificate",
            "FILE",
            heading::MQTT,
        ),
        Key::new("key", Kind::Path, "The private key of the client certificate, as PEM").flag("--key", "FILE", heading::MQTT),
        Key::new("protocol", Kind::Choice(&VERSIONS), "The version of MQTT").default("3.1.1").flag(
            "--protocol",
            "VERSION",
            heading::MQTT,
        ),
        Key::new("topic", Kind::Text, "What all topics begin with").default("glimpsed").flag("--topic", "PREFIX", heading::MQTT),
        Key::new("node", Kind::Text, "The name of this board in topics").default_described("the host name").flag(
            "--node",
            "NAME",
            heading::MQTT,
        ),
        Key::new("heartbeat", Kind::Time, "How often an unchanged state is published again, with the statistics; at least 1s")
            .default("60s")
            .flag("--heartbeat", "TIME", heading::MQTT),
        Key::new("home_assistant", Kind::Switch, "Announces board and cameras to Home Assistant (MQTT discovery)")
            .default("true")
            .flag("--home-assistant", "BOOL", heading::MQTT),
        Key::new("discovery_topic", Kind::Text, "The topic prefix that Home Assistant is set to").default("homeassistant").flag(
            "--discovery-topic",
            "PREFIX",
            heading::MQTT,
        ),
        Key::new("keep_alive", Kind::Time, "How soon a dead connection is noticed, by either side: 5s to 10m").default("30s").flag(
            "--keep-alive",
            "TIME",
            heading::MQTT,
        ),
    ];

/// The range of the keep-alive time; the format counts seconds.
const KEEP_ALIVE: std::ops::RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(600);

/// Where to publish, as whom, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// The broker.
    pub broker: Broker,
    /// The user at the broker.
    pub username: Option<String>,
    /// The file with the user's password.
    pub password_file: Option<PathBuf>,
    /// The CAs to trust, in place of the system's.
    pub ca: Option<PathBuf>,
    /// The client certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The version of MQTT.
    pub version: Version,
    /// What all topics begin with.
    pub topic: String,
    /// The board's name in topics; by default the host's.
    pub node: Option<String>,
    /// How often an unchanged state is published again.
    pub heartbeat: Duration,
    /// The prefix of Home Assistant's discovery; `None`: none.
    pub discovery: Option<String>,
    /// After this long without a packet a ping is sent.
    pub keep_alive: Duration,
}

impl Params {
    /// What `[mqtt]` says; `None` where it names no broker, or a wrong one.
    pub fn read(mqtt: &Section) -> Option<Self> {
        let broker = mqtt.placed::<String>("broker");
        if !mqtt.has("broker")
            && let Some(key) = KEYS.iter().find(|key| mqtt.has(key.name))
        {
            mqtt.fault(key.name, format!("{} has no effect: [mqtt] names no broker; broker = \"mqtts://HOST\"", key.name));
        }
        let topic = prefix(mqtt, "topic");
        let discovery_topic = prefix(mqtt, "discovery_topic");
        let node: Option<String> = mqtt.get("node");
        if node.as_deref().is_some_and(|node| !is_name(node)) {
            mqtt.fault("node", format!("node must be 1 to {NAME} characters of a-z, A-Z, 0-9, - and _"));
        }
        let (heartbeat, keep_alive): (Duration, Duration) = (mqtt.get("heartbeat"), mqtt.get("keep_alive"));
        if heartbeat < SHORTEST {
            mqtt.fault("heartbeat", "heartbeat must be at least 1s");
        }
        if !KEEP_ALIVE.contains(&keep_alive) {
            mqtt.fault("keep_alive", "keep_alive must be from 5s to 10m");
        }
        let (certificate, key): (Option<PathBuf>, Option<PathBuf>) = (mqtt.get("certificate"), mqtt.get("key"));
        for (given, other) in [("certificate", "key"), ("key", "certificate")] {
            if mqtt.has(given) && !mqtt.has(other) {
                mqtt.fault(given, format!("a client certificate needs both, certificate and key; there is no {other}"));
            }
        }
        let Placed { value: url, origin } = broker?;
        let broker = match Broker::parse(&url) {
            Ok(broker) => broker,
            Err(expected) => {
                let text = match origin.flag() {
                    Some(flag) => format!("invalid value '{url}' for {flag}: {expected}"),
                    None => format!("mqtt.broker '{url}' is no broker: {expected}"),
                };
                mqtt.invalid(origin, text);
                return None;
            }
        };
        if !broker.tls {
            for key in ["ca", "certificate", "key"] {
                let hint = "--broker mqtts://HOST is one.";
                mqtt.ignored(key, ("a broker with TLS", "a broker with TLS, mqtts://HOST"), "broker", hint);
            }
        }
        let username = mqtt.get::<Option<String>>("username").or_else(|| broker.user.clone());
        Some(Self {
            username,
            password_file: mqtt.get("password_file"),
            ca: mqtt.get("ca"),
            certificate: certificate.zip(key),
            version: mqtt.choice("protocol", &VERSIONS),
            topic,
            node,
            heartbeat,
            discovery: mqtt.get::<bool>("home_assistant").then_some(discovery_topic),
            keep_alive,
            broker,
        })
    }
}

/// Whether `name` is one level of a topic, and a part of an identifier of Home Assistant.
fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A prefix of topics: names with slashes between them.
fn prefix(mqtt: &Section, key: &str) -> String {
    let prefix: String = mqtt.get(key);
    if prefix.len() > NAME || !prefix.split('/').all(is_name) {
        mqtt.fault(key, format!("{key} must be names of a-z, A-Z, 0-9, - and _ with slashes between them, not '{prefix}'"));
    }
    prefix
}

#[cfg(test)]
#[allow(missing_docs)] // other tests use its helper
pub mod tests {
    use super::*;
    use crate::settings::{Flags, Group, Layers, Repeat};
    use std::path::Path;

    static GROUPS: [Group; 1] = [Group { name: "mqtt", repeat: Repeat::Once, help: "", keys: &[&KEYS] }];

    /// The settings of this section, and what is wrong with them.
    fn read(text: &str) -> (Option<Params>, String) {
        let flags = Flags::default();
        let text = format!("[mqtt]\n{text}");
        let layers = Layers::new(&text, Path::new("/etc"), &GROUPS, &flags);
        let params = Params::read(&layers.section("mqtt"));
        let faults: Vec<_> = layers.into_faults().iter().map(ToString::to_string).collect();
        (params, faults.join("\n"))
    }

    /// The settings of a section that names a broker.
    pub fn params(text: &str) -> Params {
        read(&format!("broker = 'mqtts://hub'\n{text}")).0.unwrap()
    }

    #[test]
    fn a_section_with_defaults() {
        let (params, faults) = read("broker = 'mqtts://hub'\npassword_file = 'password'");
        let params = params.unwrap();
        assert_eq!(faults, "");
        assert_eq!((params.version, params.topic.as_str(), params.heartbeat.as_secs()), (Version::V3, "glimpsed", 60));
        assert_eq!(params.discovery.as_deref(), Some("homeassistant"));
        assert_eq!(params.password_file.as_deref(), Some(Path::new("/etc/password")));
        assert_eq!(read("broker = 'mqtt://hub'\nhome_assistant = false").0.unwrap().discovery, None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, told) in [
            ("username = 'me'", "line 2: username has no effect: [mqtt] names no broker"),
            ("broker = 'hub'", "line 2: mqtt.broker 'hub' is no broker: expected mqtts://HOST"),
            ("broker = 'mqtt://hub'\nca = 'x'", "ca has no effect without a broker with TLS, mqtts://HOST"),
            ("broker = 'mqtts://hub'\nkey = 'x'", "there is no certificate"),
            ("broker = 'mqtts://hub'\ntopic = 'a/+/b'", "topic must be names"),
            ("broker = 'mqtts://hub'\ntopic = '/a'", "topic must be names"),
            ("broker = 'mqtts://hub'\nnode = 'a b'", "node must be"),
            ("broker = 'mqtts://hub'\nheartbeat = '10ms'", "heartbeat must be at least 1s"),
            ("broker = 'mqtts://hub'\nkeep_alive = '1s'", "keep_alive must be from 5s to 10m"),
            ("broker = 'mqtts://hub'\nprotocol = 4", "protocol must be one of"),
            ("broker = 'mqtts://hub'\npassword = 'x'", "unknown key 'password' in [mqtt]"),
        ] {
            let (_, faults) = read(text);
            assert!(faults.contains(told), "{text}: {faults}");
        }
    }
}
