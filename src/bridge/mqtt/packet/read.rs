//! Packets from the broker.

use crate::bridge::mqtt::settings::Version;

/// The longest packet that is accepted: what is subscribed to is short.
const LONGEST: usize = 256 << 10;

/// A packet from the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// The answer to CONNECT: accepted, or the code of the refusal.
    Connected(Result<Accepted, u8>),
    /// A message of a topic that was subscribed to.
    Message {
        /// The topic.
        topic: String,
        /// The payload.
        payload: Vec<u8>,
    },
    /// A message has arrived at the broker, or the code of its refusal.
    Acknowledged(u16, Result<(), u8>),
    /// The answer to a subscription: whether it is in force.
    Subscribed(bool),
    /// The answer to a ping.
    Alive,
    /// The broker closes the connection, with this code.
    Disconnected(u8),
}

/// What the broker accepts on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The number of messages that may be unacknowledged at a time.
    pub in_flight: u16,
    /// Whether it acknowledges messages.
    pub acknowledges: bool,
    /// Its own choice of the keep-alive time, in seconds; `None` also if it has chosen to have none.
    pub keep_alive: Option<u16>,
    /// The longest packet.
    pub longest: u32,
}

/// The packet at the front of `bytes`, and its length; `None` if it is not complete yet. An error says what is wrong.
pub fn read(bytes: &[u8], version: Version) -> Result<Option<(Packet, usize)>, String> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let mut length = 0;
    let mut at = 1;
    loop {
        let Some(&byte) = bytes.get(at) else { return Ok(None) };
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if at > 4 {
            return Err("the length of a packet is invalid".into());
        }
    }
    if length > LONGEST {
        return Err(format!("a packet of {length} bytes"));
    }
    let Some(body) = bytes.get(at..at + length) else { return Ok(None) };
    match decoded(first, &mut Cursor(body), version) {
        Some(packet) => Ok(Some((packet, at + length))),
        None => Err(format!("a packet of type {} is invalid", first >> 4)),
    }
}

fn decoded(first: u8, body: &mut Cursor, version: Version) -> Option<Packet> {
    let failed = |code: u8| if code >= 0x80 { Err(code) } else { Ok(()) };
    Some(match first >> 4 {
        2 => {
            body.byte()?;
            let code = body.byte()?;
            let mut accepted = Accepted { in_flight: u16::MAX, acknowledges: true, keep_alive: None, longest: u32::MAX };
            if version == Version::V5 && !body.0.is_empty() {
                properties(body, &mut accepted)?;
            }
            Packet::Connected(if code == 0 { Ok(accepted) } else { Err(code) })
        }
        // subscriptions are at QoS 0, so the broker sends nothing to be acknowledged
        3 if first & 0x06 == 0 => {
            let topic = String::from_utf8(body.text()?.to_vec()).ok()?;
            if version == Version::V5 {
                let length = body.length()?;
                body.take(length)?;
            }
            Packet::Message { topic, payload: body.0.to_vec() }
        }
        4 => Packet::Acknowledged(body.number()?, body.byte().map_or(Ok(()), failed)),
        9 => {
            body.number()?;
            if version == Version::V5 {
                let length = body.length()?;
                body.take(length)?;
            }
            Packet::Subscribed(body.byte()? < 0x80)
        }
        13 => Packet::Alive,
        14 => Packet::Disconnected(body.byte().unwrap_or(0)),
        _ => return None,
    })
}

/// Reads the properties of CONNACK that matter; the others are skipped.
fn properties(body: &mut Cursor, accepted: &mut Accepted) -> Option<()> {
    let length = body.length()?;
    let mut of = Cursor(body.take(length)?);
    while let Some(id) = of.byte() {
        match id {
            // 0: the broker does not watch it
            0x13 => accepted.keep_alive = Some(of.number()?).filter(|seconds| *seconds > 0),
            0x21 => accepted.in_flight = of.number()?.max(1),
            0x24 => accepted.acknowledges = of.byte()? > 0,
            0x27 => accepted.longest = u32::from_be_bytes(of.take(4)?.try_into().ok()?),
            // one byte: retain available, wildcards, subscription identifiers, shared subscriptions
            0x25 | 0x28 | 0x29 | 0x2a => drop(of.byte()?),
            // a number: aliases of topics
            0x22 => drop(of.number()?),
            0x11 => drop(of.take(4)?),
            // text: assigned client identifier, response information, server reference, authentication, reason
            0x12 | 0x15 | 0x16 | 0x1a | 0x1c | 0x1f => drop(of.text()?),
            0x26 => {
                of.text()?;
                of.text()?;
            }
            _ => return None,
        }
    }
    Some(())
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length.into())
    }

    /// A length in one to four bytes.
    fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }
}
