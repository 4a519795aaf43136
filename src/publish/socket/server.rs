//! The thread that serves all subscribers. It never waits for one of them, and each gets its turn: whatever one of them does, the others
//! are served, and the end comes in time.

mod news;
#[cfg(test)]
mod tests;
mod turns;

use super::accept::Acceptor;
use super::lines::error;
use super::listen::Listening;
use super::notice::{Notice, Overrun};
use super::snapshot::Snapshot;
use super::subscriber::Subscriber;
use crate::message::{Hello, View};
use crossbeam_channel::Receiver;
use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST: usize = 2;

/// Connections that are taken before the subscribers have their turn.
const ACCEPTS: usize = 32;

/// How long subscribers have at the end to take what waits for them.
pub const FAREWELL: Duration = Duration::from_millis(500);

pub struct Server {
    poll: Poll,
    messages: Receiver<Notice>,
    overrun: Arc<Overrun>,
    limit: usize,
    acceptor: Acceptor,
    /// Removes the socket's file when the server ends.
    _listening: Listening,
    snapshot: Snapshot,
    subscribers: BTreeMap<usize, Subscriber>,
    next: usize,
    /// Those that can be served further at once, in the order of their turns.
    ready: VecDeque<usize>,
    /// When a subscriber's time is over; those that have gone or have no time limit any more are passed over.
    timers: BTreeSet<(Instant, usize)>,
    /// When the end is over, once it has begun.
    end: Option<Instant>,
    /// What a result is rendered to, and to whom it goes; empty in between.
    forms: Vec<(View, Arc<[u8]>)>,
    meant: Vec<usize>,
}

impl Server {
    pub fn new(
        poll: Poll,
        listening: Listening,
        hello: &Hello,
        messages: Receiver<Notice>,
        overrun: Arc<Overrun>,
        limit: usize,
    ) -> io::Result<Self> {
        let mut listener = UnixListener::from_std(listening.listener.try_clone()?);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (subscribers, ready, timers, forms, meant) = Default::default();
        Ok(Self {
            poll,
            messages,
            overrun,
            limit,
            acceptor: Acceptor::new(listener),
            _listening: listening,
            snapshot: Snapshot::new(hello),
            subscribers,
            next: FIRST,
            ready,
            timers,
            end: None,
            forms,
            meant,
        })
    }

    /// Serves until the publisher asks for the end, and what waits is out or `FAREWELL` is over.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            let now = Instant::now();
            let waits = || self.subscribers.values().any(Subscriber::has_more);
            if self.end.is_some_and(|end| end <= now || !waits()) {
                return Ok(());
            }
            match self.poll.poll(&mut events, self.patience(now)) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    WAKER => {}
                    LISTENER => self.acceptor.wake(),
                    Token(id) if event.is_write_closed() => self.remove(id),
                    Token(id) => self.wake(id, event.is_readable(), event.is_writable()),
                }
            }
            self.turn(Instant::now());
        }
    }

    /// How long nothing has to be done unless an event comes; `None` is for ever.
    fn patience(&self, now: Instant) -> Option<Duration> {
        let ending = self.end.is_some();
        if !self.ready.is_empty() || (!ending && !self.messages.is_empty()) {
            return Some(Duration::ZERO);
        }
        let accept = if ending { None } else { self.acceptor.due(now) };
        let timer = self.timers.first().map(|(due, _)| *due);
        let due = [self.end, accept, timer].into_iter().flatten().min()?;
        Some(due.saturating_duration_since(now))
    }

    /// A bounded piece of everything that can be done now.
    fn turn(&mut self, now: Instant) {
        if self.end.is_none() {
            self.accept(now);
            self.take_messages(now);
        }
        for _ in 0..self.ready.len() {
            if let Some(id) = self.ready.pop_front() {
                self.guarded(id, |server| server.serve(id, now));
            }
        }
        // a request that has come in time was read above
        self.keep_time(now);
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS {
            let Some(stream) = self.acceptor.next(now) else { return };
            if self.subscribers.len() >= self.limit {
                let refusal = error(&format!("all {} places for subscribers are taken (limit in [socket])", self.limit));
                // its connection has room for a line; whether it reads it or not, it is not taken
                let _ = (&stream).write_all(&refusal);
            } else if let Err(e) = self.greet(stream, now) {
                tracing::warn!("cannot take a new subscriber: {e}");
            }
        }
    }

    fn greet(&mut self, mut stream: UnixStream, now: Instant) -> io::Result<()> {
        let id = self.next;
        self.poll.registry().register(&mut stream, Token(id), Interest::READABLE | Interest::WRITABLE)?;
        self.next += 1;
        let subscriber = Subscriber::new(stream, now);
        self.subscribers.insert(id, subscriber);
        self.guarded(id, |server| {
            let Some(subscriber) = server.subscribers.get_mut(&id) else { return Ok(()) };
            subscriber.greet(server.snapshot.hello.clone(), |choice| server.snapshot.subscribed(choice))?;
            subscriber.write()
        });
        self.follow_up(id);
        Ok(())
    }

    fn remove(&mut self, id: usize) {
        if let Some(mut subscriber) = self.subscribers.remove(&id) {
            // closing the connection takes it out as well
            let _ = self.poll.registry().deregister(&mut subscriber.stream);
            drop(subscriber);
            self.acceptor.freed();
        }
    }
}
