//! The bridge's only loop: lines of the daemon go into the outbox, and from there to the broker.

use super::board::Board;
use super::credentials::Credentials;
use super::identity::Identity;
use super::link::{Change, Link};
use super::outbox::Outbox;
use super::session::News;
use super::settings::Params;
use super::tls;
use super::topics::Topics;
use crate::bridge::client::{Event, Subscriber};
use crate::error::{Error, Result};
use crate::message::{Message, Subscribe};
use crate::system::signals::Stop;
use crate::system::systemd::Service;
use nix::poll::{PollFd, PollFlags, poll};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the stop request is checked while nothing arrives, in milliseconds.
const NOTICE: u8 = 100;

/// Lines of the daemon that are read before the broker has its turn.
const LINES: usize = 256;

/// How long the end may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// The bridge.
struct Bridge<'a> {
    params: &'a Params,
    topics: Topics,
    daemon: Subscriber,
    board: Board,
    outbox: Outbox,
    link: Link,
    /// How the connection to the broker is, for people.
    state: String,
    /// What was logged last about the broker, and about the daemon.
    logged: [String; 2],
    /// Missed events that were logged.
    missed: u64,
}

/// Publishes what the daemon at `socket` sees until `stop` is requested. Systemd's credentials are in the folder `passed`.
pub fn run(params: &Params, socket: &Path, passed: Option<&Path>, stop: &Stop, mut service: Service) -> Result<()> {
    // what the settings name must be usable before the service is ready; each connection reads it again
    Credentials::read(params, passed)?;
    if params.broker.tls {
        tls::config(params)?;
    }
    let mut bridge = Bridge::new(params, socket, passed, Instant::now());
    bridge.find_daemon();
    service.ready();
    let mut told = Instant::now();
    while !stop.requested() {
        let now = Instant::now();
        let more = bridge.read_daemon()?;
        bridge.board.tick(now, &mut bridge.outbox);
        bridge.serve_broker(now);
        if now.saturating_duration_since(told) >= service.every() {
            told = now;
            service.tell(&format!("{}; {}", bridge.state, bridge.board.summary()), true);
        }
        if !more {
            bridge.wait();
        }
    }
    service.stopping();
    bridge.end();
    Ok(())
}

impl<'a> Bridge<'a> {
    fn new(params: &'a Params, socket: &Path, passed: Option<&Path>, now: Instant) -> Self {
        let identity = Identity::of(params);
        let topics = Topics::new(params, &identity);
        let mut outbox = Outbox::default();
        let board = Board::new(topics.clone(), &identity.node, params.heartbeat, &mut outbox, now);
        let daemon = Subscriber::new(socket, Subscribe::default());
        let link = Link::new(params, &identity.id, &topics.status(), passed, now);
        let state = format!("connecting to {}", params.broker);
        Self { params, topics, daemon, board, outbox, link, state, logged: Default::default(), missed: 0 }
    }

    /// Connects to the daemon, or says why that is not possible yet.
    fn find_daemon(&mut self) {
        let Err(error) = self.daemon.connect() else { return };
        let hint = match error.kind() {
            ErrorKind::PermissionDenied => "\n  Its group may connect: sudo usermod -aG glimpsed USER",
            ErrorKind::NotFound => "\n  Is glimpsed running, with --socket or [socket] in its configuration?",
            _ => "",
        };
        tracing::warn!("no daemon at '{}' yet ({error}); waiting for it{hint}", self.daemon.path().display());
    }

    /// Whether more lines may be there.
    fn read_daemon(&mut self) -> Result<bool> {
        for _ in 0..LINES {
            let line = match self.daemon.next()? {
                Event::Line(line) => line,
                Event::Nothing => return Ok(false),
                Event::Connected => {
                    tracing::info!("glimpsed runs again");
                    continue;
                }
                Event::Ended => {
                    tracing::warn!("glimpsed has ended; waiting for it at '{}'", self.daemon.path().display());
                    self.board.end(&mut self.outbox);
                    continue;
                }
            };
            let message = Message::read(line).map_err(|e| {
                Error::failed("the program at the socket is not glimpsed").because(format!("an invalid message ({e})"))
            })?;
            if let Message::Error(error) = &message {
                warn_once(&mut self.logged[1], &format!("the daemon refuses: {}", error.message));
            }
            self.board.take(&message, &mut self.outbox);
        }
        Ok(true)
    }

    fn serve_broker(&mut self, now: Instant) {
        for change in self.link.turn(&mut self.outbox, now) {
            match change {
                Change::News(News::Connected) => self.connected(),
                Change::News(News::Message { topic, payload }) => self.take_message(&topic, &payload),
                Change::News(News::Refused(topic, why)) => {
                    warn_once(&mut self.logged[0], &format!("{} refuses messages to '{topic}': {why}", self.params.broker));
                }
                Change::News(News::NotSubscribed) => {
                    tracing::info!("{} does not allow this user to subscribe; it may publish", self.params.broker);
                }
                Change::Failed(error, pause) => {
                    warn_once(&mut self.logged[0], &error.to_string());
                    tracing::debug!("next attempt in {} s", pause.as_secs_f32());
                    self.state = error.summary();
                }
            }
        }
    }

    fn connected(&mut self) {
        let Some(session) = self.link.session() else { return };
        session.subscribe(&self.topics.all_availabilities());
        if let Some(topic) = self.topics.home_assistant() {
            session.subscribe(&topic);
        }
        self.state = format!("connected to {}", self.params.broker);
        self.logged[0].clear();
        let before = std::mem::replace(&mut self.missed, self.outbox.all_missed());
        match self.missed - before {
            0 => tracing::info!("{}", self.state),
            missed => tracing::warn!("{}; {missed} changes were not published meanwhile", self.state),
        }
    }

    fn take_message(&mut self, topic: &str, payload: &[u8]) {
        if self.topics.home_assistant().as_deref() == Some(topic) {
            if payload == b"online" {
                tracing::debug!("Home Assistant has started");
                self.outbox.start_again();
            }
        } else if !payload.is_empty() {
            self.board.take_availability(topic, &mut self.outbox);
        }
    }

    /// Waits until the daemon or the broker has something, or can take something.
    fn wait(&self) {
        let daemon = self.daemon.descriptor().map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let mut both: Vec<_> = daemon.into_iter().chain(self.link.descriptor()).collect();
        // an interruption ends the wait early
        let _ = poll(&mut both, NOTICE);
    }

    /// Publishes that the board is offline, and takes leave.
    fn end(mut self) {
        self.board.end(&mut self.outbox);
        let (late, status) = (Instant::now() + FAREWELL, self.topics.status());
        while self.link.session().is_some() && !self.outbox.has_arrived(&status) && Instant::now() < late {
            self.serve_broker(Instant::now());
            self.wait();
        }
        self.link.disconnect();
    }
}

/// Logs `text` unless it was logged last.
fn warn_once(logged: &mut String, text: &str) {
    if logged != text {
        tracing::warn!("{text}");
        text.clone_into(logged);
    }
}
