//! One connection to the broker: sends what waits in the outbox, as far as the broker keeps up.

use super::credentials::Credentials;
use super::outbox::Outbox;
use super::packet::{self, Accepted, Connect, Packet, Publish};
use super::payload::OFFLINE;
use super::refusal::{self, Stage};
use super::settings::Params;
use super::transport::Transport;
use crate::error::{Error, Result};
use nix::poll::PollFlags;
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long the broker may take to accept the connection.
const ACCEPT: Duration = Duration::from_secs(15);

/// Bytes that are encoded ahead. Everything else waits in the outbox, where newer payloads replace it.
const AHEAD: usize = 16 << 10;

/// Messages that may be unacknowledged at a time, for the same reason.
const IN_FLIGHT: usize = 16;

/// Bytes that are read at a time.
const READ: usize = 16 << 10;

/// The room that a packet needs besides topic and payload.
const HEAD: usize = 16;

/// What has happened on a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// The broker has accepted it.
    Connected,
    /// A message of a topic that was subscribed to.
    Message {
        /// The topic.
        topic: String,
        /// The payload.
        payload: Vec<u8>,
    },
    /// The broker does not take messages of a topic, and why.
    Refused(String, String),
    /// The broker does not allow the subscription.
    NotSubscribed,
}

/// One connection.
pub struct Session {
    transport: Transport,
    params: Params,
    input: Vec<u8>,
    output: Vec<u8>,
    /// `None` until the broker accepts the connection.
    accepted: Option<Accepted>,
    opened: Instant,
    heard: Instant,
    pinged: Instant,
    next_id: u16,
    /// Topics and numbers of payloads that are not acknowledged.
    in_flight: HashMap<u16, (String, u64)>,
}

impl Session {
    /// Asks to connect as `client`. If the connection is lost, the broker publishes `offline` to the topic `will`.
    pub fn new(transport: Transport, params: &Params, client: &str, as_whom: &Credentials, will: &str, now: Instant) -> Self {
        let mut output = Vec::new();
        let keep_alive = params.keep_alive.as_secs().try_into().unwrap_or(u16::MAX);
        let (user, password) = (as_whom.user.as_deref(), as_whom.password.as_deref());
        let (version, will_topic, will) = (params.version, will, OFFLINE.as_bytes());
        packet::connect(&mut output, &Connect { version, client, user, password, keep_alive, will_topic, will });
        let (input, params, in_flight) = (Vec::new(), params.clone(), HashMap::new());
        Self { transport, params, input, output, accepted: None, opened: now, heard: now, pinged: now, next_id: 0, in_flight }
    }

    /// Reads what has arrived and sends what can be sent, without waiting. An error ends the connection.
    pub fn turn(&mut self, outbox: &mut Outbox, now: Instant) -> Result<Vec<News>> {
        let mut news = Vec::new();
        let ended = self.receive(now);
        // what came before the end may say why
        self.read_packets(outbox, &mut news)?;
        ended.map_err(|e| self.failed(e))?;
        self.keep_alive(now)?;
        if let Some(accepted) = self.accepted {
            self.fill(outbox, accepted, &mut news);
        }
        self.send().map_err(|e| self.failed(e))?;
        Ok(news)
    }

    /// Subscribes to `filter`.
    pub fn subscribe(&mut self, filter: &str) {
        let id = self.id();
        packet::subscribe(&mut self.output, self.params.version, id, filter);
    }

    /// Takes leave, so that the broker does not publish the will.
    pub fn disconnect(mut self) {
        packet::disconnect(&mut self.output);
        // nobody is left to tell
        let _ = self.send();
    }

    /// Whether the broker has accepted the connection.
    pub fn is_connected(&self) -> bool {
        self.accepted.is_some()
    }

    /// What to wait for.
    pub fn interest(&self) -> PollFlags {
        let writes = !self.output.is_empty() || self.transport.wants_write();
        // during the handshake rustls knows what to wait for
        let blocked = writes && (!self.transport.is_handshaking() || self.transport.wants_write());
        if blocked { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN }
    }

    fn receive(&mut self, now: Instant) -> io::Result<()> {
        let mut bytes = [0; READ];
        // what is left arrives with the next turn
        for _ in 0..16 {
            match self.transport.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.input.extend_from_slice(&bytes[..count]);
                    self.heard = now;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn read_packets(&mut self, outbox: &mut Outbox, news: &mut Vec<News>) -> Result<()> {
        let first: Vec<u8> = self.input.iter().take(2).copied().collect();
        let mut taken = 0;
        loop {
            let packet = packet::read(&self.input[taken..], self.params.version);
            let Some((packet, length)) = packet.map_err(|what| refusal::not_mqtt(&first, what, &self.params))? else { break };
            taken += length;
            match packet {
                Packet::Connected(answer) => {
                    self.accepted = Some(answer.map_err(|code| refusal::of_code(code, &self.params))?);
                    outbox.start_again();
                    news.push(News::Connected);
                }
                Packet::Message { topic, payload } => news.push(News::Message { topic, payload }),
                Packet::Acknowledged(id, answer) => {
                    let Some((topic, number)) = self.in_flight.remove(&id) else { continue };
                    // one that was refused would be refused again
                    outbox.arrived(&topic, number);
                    if let Err(code) = answer {
                        news.push(News::Refused(topic, refusal::words(code)));
                    }
                }
                Packet::Subscribed(true) | Packet::Alive => {}
                Packet::Subscribed(false) => news.push(News::NotSubscribed),
                Packet::Disconnected(code) => return Err(refusal::lost(&self.params).because(refusal::words(code))),
            }
        }
        self.input.drain(..taken);
        Ok(())
    }

    fn keep_alive(&mut self, now: Instant) -> Result<()> {
        let Some(accepted) = self.accepted else {
            return match now.saturating_duration_since(self.opened) > ACCEPT {
                true => Err(refusal::cannot(&self.params).because(format!("no answer within {} s", ACCEPT.as_secs()))),
                false => Ok(()),
            };
        };
        let asked = accepted.keep_alive.map(|seconds| Duration::from_secs(seconds.into()));
        let time = asked.map_or(self.params.keep_alive, |asked| asked.min(self.params.keep_alive));
        if now.saturating_duration_since(self.heard) > time {
            return Err(refusal::lost(&self.params).because(format!("the broker has sent nothing for {} s", time.as_secs())));
        }
        if now.saturating_duration_since(self.pinged) >= time / 2 {
            packet::ping(&mut self.output);
            self.pinged = now;
        }
        Ok(())
    }

    fn fill(&mut self, outbox: &mut Outbox, accepted: Accepted, news: &mut Vec<News>) {
        let in_flight = IN_FLIGHT.min(accepted.in_flight.into());
        while self.output.len() < AHEAD && self.in_flight.len() < in_flight {
            let id = self.id();
            let Some(next) = outbox.next() else { return };
            let (topic, number) = (next.topic.to_owned(), next.number);
            if next.topic.len() + next.payload.len() + HEAD > accepted.longest as usize {
                news.push(News::Refused(topic.clone(), refusal::words(0x95)));
                outbox.arrived(&topic, number);
                continue;
            }
            let id = (next.kind.acknowledged && accepted.acknowledges).then_some(id);
            let message = Publish { topic: next.topic, payload: next.payload, retain: next.kind.retain, id };
            packet::publish(&mut self.output, self.params.version, &message);
            match id {
                Some(id) => drop(self.in_flight.insert(id, (topic, number))),
                None => outbox.arrived(&topic, number),
            }
        }
    }

    /// An identifier that is not in use: at most [`IN_FLIGHT`] are.
    fn id(&mut self) -> u16 {
        loop {
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            if !self.in_flight.contains_key(&self.next_id) {
                return self.next_id;
            }
        }
    }

    fn send(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.transport.write(&self.output) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.output.drain(..count)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        match self.transport.flush() {
            Err(e) if e.kind() != ErrorKind::WouldBlock => Err(e),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        let stage = match (&self.accepted, self.transport.is_handshaking()) {
            (Some(_), _) => Stage::Connected,
            (None, true) => Stage::Handshake,
            (None, false) => Stage::Unanswered,
        };
        refusal::of_io(error, stage, &self.params)
    }
}

impl AsFd for Session {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.transport.as_fd()
    }
}
