//! One subscriber: its connection, what it wants, and what was last sent to it.

use super::input::Input;
use super::queue::{Kind, Queue, Unread};
use crate::message::{EventKind, Subscribe, View, request};
use crate::prediction::{Prediction, StreamName};
use mio::net::UnixStream;
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes that are read of one subscriber before it is the next one's turn.
const READ: usize = 4096;
/// Bytes that are written to one subscriber before it is the next one's turn.
const WRITE: usize = 64 << 10;
/// A subscriber that makes no request gets the defaults after this time.
pub const GRACE: Duration = Duration::from_millis(200);
/// A connection that is refused is closed after this time, whether its last line was read or not.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Where a subscriber stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has got `hello`, and may still make its first request.
    Greeted,
    /// It has got `subscribed`, and gets news.
    Served,
    /// It has got its last line.
    Refused,
}

/// What was last sent of a stream.
struct Last {
    at: Instant,
    /// The number of changes of the stream's state; `None` for a result without a state.
    changes: Option<u64>,
}

/// The connection is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Over;

impl From<Unread> for Over {
    fn from(_: Unread) -> Self {
        Over
    }
}

/// One subscriber.
pub struct Subscriber {
    /// Its end of the connection.
    pub stream: UnixStream,
    /// What it wants.
    pub choice: Subscribe,
    /// When it gets the defaults, or is closed.
    pub due: Option<Instant>,
    /// It is in the list of those that wait for their turn.
    pub scheduled: bool,
    phase: Phase,
    queue: Queue,
    input: Input,
    /// There may be something to read.
    readable: bool,
    /// The connection takes no more bytes until the poll says otherwise.
    blocked: bool,
    last: HashMap<StreamName, Last>,
}

impl Subscriber {
    /// A new one at `now`.
    pub fn new(stream: UnixStream, now: Instant) -> Self {
        Self {
            stream,
            choice: Subscribe::default(),
            due: Some(now + GRACE),
            scheduled: false,
            phase: Phase::Greeted,
            queue: Queue::default(),
            input: Input::default(),
            readable: true,
            blocked: false,
            last: HashMap::new(),
        }
    }

    /// The poll says that bytes can be read or written again.
    pub fn wake(&mut self, readable: bool, writable: bool) {
        self.readable |= readable && self.phase != Phase::Refused;
        self.blocked &= !writable;
    }

    /// Whether it can be served further at once. While the daemon ends, nothing is read any more.
    pub fn wants_a_turn(&self, ending: bool) -> bool {
        (self.readable && !ending) || (!self.blocked && !self.queue.is_empty())
    }

    /// Whether there may be something to read.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether something waits to be written.
    pub fn has_more(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether it has got no `subscribed` yet.
    pub fn is_greeted(&self) -> bool {
        self.phase == Phase::Greeted
    }

    /// Whether news of `camera` are for this subscriber.
    pub fn follows(&self, camera: &str) -> bool {
        self.phase == Phase::Served && self.choice.follows(camera)
    }

    /// Whether messages of this `kind` about `camera` are for this subscriber.
    pub fn wants_event(&self, camera: &str, kind: EventKind) -> bool {
        self.follows(camera) && self.choice.wants(kind)
    }

    /// How much of a result it sees.
    pub fn view(&self) -> View {
        View { top: self.choice.top.unwrap_or(usize::MAX), min_confidence: self.choice.min_confidence as f32 }
    }

    /// Whether `prediction` is for this subscriber at `now`; then it counts as sent.
    pub fn wants(&mut self, prediction: &Prediction, now: Instant) -> bool {
        if !self.wants_event(&prediction.source, EventKind::Classification) {
            return false;
        }
        let changes = prediction.stable.as_ref().map(|stable| stable.changes);
        let stream = prediction.stream();
        if let Some(last) = self.last.get(&stream) {
            let too_soon = self.choice.max_rate.is_some() && now.saturating_duration_since(last.at) < self.choice.period();
            if too_soon || (self.choice.on_change && last.changes == changes) {
                return false;
            }
        }
        self.last.insert(stream, Last { at: now, changes });
        true
    }

    /// Puts `choice` in force, from now on and for the news that are replayed.
    pub fn serve(&mut self, choice: Subscribe, subscribed: Arc<[u8]>) -> Result<(), Over> {
        self.queue.push(Kind::Answer, subscribed)?;
        (self.choice, self.phase, self.due) = (choice, Phase::Served, None);
        self.last.clear();
        Ok(())
    }

    /// Queues a greeting in place of those that wait.
    pub fn greet(&mut self, hello: Arc<[u8]>, subscribed: impl FnOnce(&Subscribe) -> Arc<[u8]>) -> Result<(), Over> {
        if self.phase == Phase::Refused {
            return Ok(());
        }
        self.queue.supersede_greetings();
        self.queue.push(Kind::Greeting, hello)?;
        if self.phase == Phase::Served {
            self.queue.push(Kind::Greeting, subscribed(&self.choice))?;
        }
        Ok(())
    }

    /// Queues a result or a status; where too many wait, the oldest is lost.
    pub fn push(&mut self, line: Arc<[u8]>) -> Result<(), Over> {
        Ok(self.queue.push(Kind::News, line)?)
    }

    /// Whether writing should be tried before more is queued.
    pub fn is_filling(&self) -> bool {
        self.queue.is_filling()
    }

    /// Tells it of `count` results that it did not even get to wait for.
    pub fn miss(&mut self, count: u64) {
        self.queue.miss(count);
    }

    /// Queues a last line; the connection is closed behind it, or soon.
    pub fn refuse(&mut self, line: Arc<[u8]>, now: Instant) -> Result<(), Over> {
        self.queue.clear();
        self.queue.push(Kind::Answer, line)?;
        (self.phase, self.due, self.readable) = (Phase::Refused, Some(now + LAST_WORD), false);
        Ok(())
    }

    /// Writes a turn's worth.
    pub fn write(&mut self) -> Result<(), Over> {
        if !self.blocked {
            match self.queue.write(&mut self.stream, WRITE) {
                Ok(()) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.blocked = true,
                Err(_) => return Err(Over),
            }
        }
        if self.phase == Phase::Refused && self.queue.is_empty() { Err(Over) } else { Ok(()) }
    }

    /// Reads a turn's worth. Gives the requests that came with it, or what to refuse it with.
    pub fn read(&mut self, now: Instant) -> Result<Vec<Subscribe>, String> {
        let (mut chunk, mut requests) = ([0; READ], Vec::new());
        match (&self.stream).read(&mut chunk) {
            Ok(0) => {
                self.readable = false;
                // it says no more, but may well listen: it waits for nothing
                if self.phase == Phase::Greeted {
                    requests.push(Subscribe::default());
                }
            }
            Ok(count) => self.input.take(&chunk[..count], now, |line| {
                requests.push(request::parse(line)?);
                Ok(())
            })?,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // an error shows when writing as well
            Err(_) => self.readable = false,
        }
        Ok(requests)
    }
}
