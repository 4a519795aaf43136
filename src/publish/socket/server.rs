//! The thread that serves all subscribers. It never waits for one of them, and each gets its turn: whatever one of them does, the others
//! are served, and the end comes in time.

use super::accept::Acceptor;
use super::listen::Listening;
use super::message::{Message, Overrun};
use super::request::Choice;
use super::snapshot::{Snapshot, error};
use super::subscriber::{Over, Subscriber};
use crate::prediction::{Prediction, View};
use crate::threads::panic_text;
use crossbeam_channel::{Receiver, TryRecvError};
use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST: usize = 2;

/// Room for the line of a result with five classes; longer ones grow.
const LINE: usize = 1024;

/// Connections that are taken before the subscribers have their turn.
const ACCEPTS: usize = 32;
/// Messages that are taken before the subscribers have their turn.
const MESSAGES: usize = 64;

/// How long subscribers have at the end to take what waits for them.
pub const FAREWELL: Duration = Duration::from_millis(500);

pub struct Server {
    poll: Poll,
    messages: Receiver<Message>,
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
        hello: &Value,
        messages: Receiver<Message>,
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

    /// Does `work` for one subscriber, and ends its connection where it is over. If `work` panics, that subscriber is cut off and the
    /// others are served on.
    fn guarded(&mut self, id: usize, work: impl FnOnce(&mut Self) -> Result<(), Over>) {
        // what a panic leaves half done is this subscriber's own, and goes with it
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(())) => {}
            Ok(Err(Over)) => self.remove(id),
            Err(panic) => {
                tracing::error!("serving a subscriber panicked, and it is cut off: {}", panic_text(&*panic));
                self.remove(id);
            }
        }
    }

    /// The poll has news of a subscriber.
    fn wake(&mut self, id: usize, readable: bool, writable: bool) {
        if let Some(subscriber) = self.subscribers.get_mut(&id) {
            subscriber.wake(readable, writable);
        }
        self.follow_up(id);
    }

    /// Sees to it that a subscriber has its turn, and is thought of when its time is over.
    fn follow_up(&mut self, id: usize) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if !subscriber.scheduled && subscriber.wants_a_turn(self.end.is_some()) {
            subscriber.scheduled = true;
            self.ready.push_back(id);
        }
        self.timers.extend(subscriber.due.map(|due| (due, id)));
    }

    /// One subscriber's turn: a bounded piece is read and written.
    fn serve(&mut self, id: usize, now: Instant) -> Result<(), Over> {
        let ending = self.end.is_some();
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return Ok(()) };
        subscriber.scheduled = false;
        if !ending && subscriber.is_readable() {
            match subscriber.read(now) {
                Ok(requests) => self.answer(id, requests, now)?,
                Err(why) => subscriber.refuse(error(&why), now)?,
            }
        }
        self.flush(id)?;
        self.follow_up(id);
        Ok(())
    }

    /// Answers each request, and brings the subscriber up to date with the last one.
    fn answer(&mut self, id: usize, requests: Vec<Choice>, now: Instant) -> Result<(), Over> {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return Ok(()) };
        if requests.is_empty() {
            return Ok(());
        }
        for choice in requests {
            let subscribed = self.snapshot.subscribed(&choice);
            subscriber.serve(choice, subscribed)?;
        }
        for prediction in self.snapshot.latest.values() {
            if subscriber.wants(prediction, now)
                && let Some(line) = rendered(prediction, subscriber.view())
            {
                subscriber.push(line)?;
            }
            if subscriber.is_filling() {
                subscriber.write()?;
            }
        }
        for (camera, line) in &self.snapshot.troubled {
            if subscriber.follows(camera) {
                subscriber.push(line.clone())?;
            }
        }
        Ok(())
    }

    /// Gives the defaults to those who made no request, and closes those whose last line was not read.
    fn keep_time(&mut self, now: Instant) {
        while let Some((due, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, id));
            let Some(subscriber) = self.subscribers.get(&id).filter(|subscriber| subscriber.due == Some(due)) else { continue };
            if subscriber.is_greeted() {
                self.serve_defaults(id, now);
            } else {
                self.remove(id);
            }
        }
    }

    fn serve_defaults(&mut self, id: usize, now: Instant) {
        self.guarded(id, |server| {
            server.answer(id, vec![Choice::default()], now)?;
            server.flush(id)
        });
        self.follow_up(id);
    }

    /// Takes messages that wait.
    fn take_messages(&mut self, now: Instant) {
        for _ in 0..MESSAGES {
            match self.messages.try_recv() {
                Ok(Message::End) | Err(TryRecvError::Disconnected) => return self.begin_the_end(now),
                Err(TryRecvError::Empty) => return,
                Ok(message) => {
                    let handled = catch_unwind(AssertUnwindSafe(|| self.pass_on(message, now)));
                    if let Err(panic) = handled {
                        tracing::error!("passing a message to the subscribers panicked, and it is lost: {}", panic_text(&*panic));
                    }
                }
            }
        }
    }

    /// From now on nothing is read; what waits is written. Those who made no request yet get what there is.
    fn begin_the_end(&mut self, now: Instant) {
        let greeted: Vec<_> = self.subscribers.iter().filter(|(_, one)| one.is_greeted()).map(|(id, _)| *id).collect();
        for id in greeted {
            self.guarded(id, |server| server.serve(id, now));
            if self.subscribers.get(&id).is_some_and(Subscriber::is_greeted) {
                self.serve_defaults(id, now);
            }
        }
        self.end = Some(now + FAREWELL);
    }

    fn pass_on(&mut self, message: Message, now: Instant) {
        match message {
            Message::Result(prediction) => self.publish(prediction, now),
            Message::Status { camera, flowing, line } => {
                self.for_each(|subscriber, _| if subscriber.follows(&camera) { subscriber.push(line.clone()) } else { Ok(()) });
                if flowing {
                    self.snapshot.troubled.remove(&camera);
                } else {
                    self.snapshot.troubled.insert(camera, line);
                }
            }
            Message::Hello(hello) => {
                self.snapshot.renew(&hello);
                self.for_each(|subscriber, snapshot| {
                    subscriber.greet(snapshot.hello.clone(), |choice| snapshot.subscribed(choice))
                });
            }
            Message::End => {}
        }
    }

    /// Queues a result for all who want it, each form of it made once.
    fn publish(&mut self, prediction: Arc<Prediction>, now: Instant) {
        let overrun = self.overrun.take();
        let mut forms = std::mem::take(&mut self.forms);
        self.for_each(|subscriber, _| {
            let missed = overrun.iter().flatten().filter(|(camera, _)| subscriber.follows(camera)).map(|(_, count)| count).sum();
            subscriber.miss(missed);
            if !subscriber.wants(&prediction, now) {
                return Ok(());
            }
            let view = subscriber.view();
            if !forms.iter().any(|(known, _)| *known == view) {
                forms.extend(rendered(&prediction, view).map(|form| (view, form)));
            }
            match forms.iter().find(|(known, _)| *known == view) {
                Some((_, form)) => subscriber.push(form.clone()),
                None => Ok(()),
            }
        });
        forms.clear();
        self.forms = forms;
        self.snapshot.latest.insert(prediction.source.clone(), prediction);
    }

    /// Does `work` for each subscriber, and then writes to each, as much as its connection takes.
    fn for_each(&mut self, mut work: impl FnMut(&mut Subscriber, &Snapshot) -> Result<(), Over>) {
        let mut meant = std::mem::take(&mut self.meant);
        meant.extend(self.subscribers.keys());
        for id in meant.drain(..) {
            self.guarded(id, |server| {
                let Some(subscriber) = server.subscribers.get_mut(&id) else { return Ok(()) };
                work(subscriber, &server.snapshot)?;
                subscriber.write()
            });
            self.follow_up(id);
        }
        self.meant = meant;
    }

    /// Writes what a subscriber takes; a writable event tells when it takes more.
    fn flush(&mut self, id: usize) -> Result<(), Over> {
        self.subscribers.get_mut(&id).map_or(Ok(()), Subscriber::write)
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

/// The line of a result. One that cannot be rendered is no line.
fn rendered(prediction: &Prediction, view: View) -> Option<Arc<[u8]>> {
    let mut bytes = Vec::with_capacity(LINE);
    if let Err(e) = serde_json::to_writer(&mut bytes, &prediction.seen(view)) {
        tracing::error!("a result of {} cannot be written as JSON: {e}", prediction.source);
        return None;
    }
    bytes.push(b'\n');
    Some(bytes.into())
}

#[cfg(test)]
mod tests;
