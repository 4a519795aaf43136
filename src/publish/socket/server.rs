//! The thread that serves all subscribers. It never blocks on one of them, and serves them in turn: regardless of what one of them does,
//! the others are served, and shutdown is in time.

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

/// The number of connections accepted before subscribers are served.
const ACCEPTS: usize = 32;

/// How long subscribers may take at shutdown to read their queued lines.
pub const FLUSH_TIME: Duration = Duration::from_millis(500);

pub struct Server {
    poll: Poll,
    messages: Receiver<Notice>,
    overrun: Arc<Overrun>,
    limit: usize,
    acceptor: Acceptor,
    /// Removes the socket file when the server ends.
    _listening: Listening,
    snapshot: Snapshot,
    subscribers: BTreeMap<usize, Subscriber>,
    next: usize,
    /// The subscribers that can be served at once, in order.
    ready: VecDeque<usize>,
    /// The time limits of subscribers; outdated entries are skipped.
    timers: BTreeSet<(Instant, usize)>,
    /// The deadline of shutdown, once it has begun.
    end: Option<Instant>,
    /// Reused for the rendered result and its receivers; empty between results.
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

    /// Serves until shutdown, and until queued lines are written or `FLUSH_TIME` is over.
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

    /// The time until something must be done without an event; `None`: no limit.
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

    /// Does a bounded part of all pending work.
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
        // a request that arrived in time was read above
        self.keep_time(now);
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS {
            let Some(stream) = self.acceptor.next(now) else { return };
            if self.subscribers.len() >= self.limit {
                let refusal = error(&format!("all {} places for subscribers are taken (limit in [socket])", self.limit));
                // its connection has room for a line; it is refused whether it reads that or not
                let _ = (&stream).write_all(&refusal);
            } else if let Err(e) = self.greet(stream, now) {
                tracing::warn!("cannot accept a new subscriber: {e}");
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
            // closing the connection also deregisters it
            let _ = self.poll.registry().deregister(&mut subscriber.stream);
            drop(subscriber);
            self.acceptor.freed();
        }
    }
}
