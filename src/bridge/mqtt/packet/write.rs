//! Packets to the broker.

use crate::bridge::mqtt::settings::Version;

/// The request to connect, with a clean session. The broker publishes the will when the connection is lost.
pub struct Connect<'a> {
    /// The version of MQTT.
    pub version: Version,
    /// A name that no other client of the broker has.
    pub client: &'a str,
    /// User name and password.
    pub user: Option<&'a str>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// The broker drops the connection if it hears nothing for one and a half times this long, in seconds.
    pub keep_alive: u16,
    /// The topic of the will.
    pub will_topic: &'a str,
    /// Its payload; it is retained, at QoS 1.
    pub will: &'a [u8],
}

/// A message for a topic.
pub struct Publish<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The payload.
    pub payload: &'a [u8],
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// The number that its acknowledgement has; `None`: no acknowledgement (QoS 0).
    pub id: Option<u16>,
}

/// Appends CONNECT.
pub fn connect(out: &mut Vec<u8>, connect: &Connect) {
    let mut body = Vec::new();
    text(&mut body, b"MQTT");
    body.push(match connect.version {
        Version::V3 => 4,
        Version::V5 => 5,
    });
    // clean session, will, will at QoS 1, retained will
    let mut flags = 0x02 | 0x04 | 0x08 | 0x20;
    flags |= if connect.user.is_some() { 0x80 } else { 0 };
    flags |= if connect.password.is_some() { 0x40 } else { 0 };
    body.push(flags);
    body.extend(connect.keep_alive.to_be_bytes());
    no_properties(&mut body, connect.version);
    text(&mut body, connect.client.as_bytes());
    no_properties(&mut body, connect.version);
    text(&mut body, connect.will_topic.as_bytes());
    text(&mut body, connect.will);
    if let Some(user) = connect.user {
        text(&mut body, user.as_bytes());
    }
    if let Some(password) = connect.password {
        text(&mut body, password);
    }
    packet(out, 0x10, &[&body]);
}

/// Appends PUBLISH.
pub fn publish(out: &mut Vec<u8>, version: Version, message: &Publish) {
    let mut head = Vec::with_capacity(message.topic.len() + 5);
    text(&mut head, message.topic.as_bytes());
    if let Some(id) = message.id {
        head.extend(id.to_be_bytes());
    }
    no_properties(&mut head, version);
    let first = 0x30 | if message.id.is_some() { 0x02 } else { 0 } | u8::from(message.retain);
    packet(out, first, &[&head, message.payload]);
}

/// Appends SUBSCRIBE to one filter, at QoS 0.
pub fn subscribe(out: &mut Vec<u8>, version: Version, id: u16, filter: &str) {
    let mut body = id.to_be_bytes().to_vec();
    no_properties(&mut body, version);
    text(&mut body, filter.as_bytes());
    body.push(0);
    packet(out, 0x82, &[&body]);
}

/// Appends PINGREQ.
pub fn ping(out: &mut Vec<u8>) {
    packet(out, 0xc0, &[]);
}

/// Appends DISCONNECT, after which the broker does not publish the will.
pub fn disconnect(out: &mut Vec<u8>) {
    packet(out, 0xe0, &[]);
}

fn packet(out: &mut Vec<u8>, first: u8, parts: &[&[u8]]) {
    out.push(first);
    let mut length: usize = parts.iter().map(|part| part.len()).sum();
    loop {
        let more = if length > 0x7f { 0x80 } else { 0 };
        out.push((length & 0x7f) as u8 | more);
        length >>= 7;
        if length == 0 {
            break;
        }
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Text or bytes with their length. What is longer than the format allows is cut; settings and topics are checked to be shorter.
fn text(body: &mut Vec<u8>, text: &[u8]) {
    let length = text.len().min(usize::from(u16::MAX));
    body.extend((length as u16).to_be_bytes());
    body.extend_from_slice(&text[..length]);
}

fn no_properties(body: &mut Vec<u8>, version: Version) {
    if version == Version::V5 {
        body.push(0);
    }
}
