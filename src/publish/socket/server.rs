//! The thread that serves all subscribers. It never waits for one of them.

use super::listen::Listening;
use super::subscriber::{Subscriber, write_once};
use crate::prediction::{Prediction, View};
use crossbeam_channel::{Receiver, TryRecvError};
use mio::event::Event;
use mio::net::UnixListener;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST: usize = 2;

/// Room for the line of a result with five classes; longer ones grow.
const LINE: usize = 1024;

/// How long subscribers have at the end to take what waits for them.
const FAREWELL: Duration = Duration::from_millis(500);

/// Results that come faster than the thread takes them; told to every subscriber.
pub type Overrun = Arc<AtomicU64>;

/// What subscribers are told.
pub enum Message {
    /// A result.
    Result(Arc<Prediction>),
    /// How a camera is.
    Status {
        /// The camera.
        camera: Arc<str>,
        /// Whether frames come.
        flowing: bool,
        /// The message.
        line: Arc<[u8]>,
    },
    /// There is another model, or there are other cameras.
    Hello(Value),
    /// No more comes.
    End,
}

pub struct Server {
    pub poll: Poll,
    pub messages: Receiver<Message>,
    pub overrun: Overrun,
    pub limit: usize,
    listener: UnixListener,
    /// Removes the socket's file when the server ends.
    _listening: Listening,
    hello: Arc<[u8]>,
    latest: BTreeMap<Arc<str>, Arc<Prediction>>,
    /// How the cameras are whose frames do not come.
    troubled: BTreeMap<Arc<str>, Arc<[u8]>>,
    subscribers: BTreeMap<usize, Subscriber>,
    next: usize,
    /// What a result is rendered to, and to whom it goes; empty in between.
    forms: Vec<(View, Arc<[u8]>)>,
    touched: Vec<usize>,
}

impl Server {
    pub fn new(
        poll: Poll,
        listening: Listening,
        hello: &Value,
        messages: Receiver<Message>,
        overrun: Overrun,
        limit: usize,
    ) -> io::Result<Self> {
        let mut listener = UnixListener::from_std(listening.listener.try_clone()?);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let hello = line(hello);
        let (latest, troubled, subscribers, forms, touched) = Default::default();
        Ok(Self {
            poll,
            messages,
            overrun,
            limit,
            listener,
            _listening: listening,
            hello,
            latest,
            troubled,
            subscribers,
            next: FIRST,
            forms,
            touched,
        })
    }

    /// Serves until the sender of results is gone, and what waits is out or `FAREWELL` is over.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        let mut end: Option<Instant> = None;
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) || (end.is_some() && !self.subscribers.values().any(Subscriber::has_more)) {
                return Ok(());
            }
            match self.poll.poll(&mut events, left) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    WAKER => {}
                    LISTENER => self.accept(),
                    Token(id) => self.guarded(id, |server| server.serve(id, event)),
                }
            }
            if end.is_none() && self.take_messages() {
                end = Some(Instant::now() + FAREWELL);
            }
        }
    }

    fn accept(&mut self) {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) => return tracing::warn!("cannot take a subscriber: {e}"),
            };
            if self.subscribers.len() >= self.limit {
                let refusal = error(&format!("{} subscribers are as many as are taken", self.limit));
                // whether it hears this or not, it is not taken
                let _ = write_once(&stream, &refusal);
                continue;
            }
            let id = self.next;
            if let Err(e) = self.poll.registry().register(&mut stream, Token(id), Interest::READABLE | Interest::WRITABLE) {
                tracing::warn!("cannot take a subscriber: {e}");
                continue;
            }
            self.next += 1;
            let mut subscriber = Subscriber::new(stream);
            subscriber.push(self.hello.clone());
            for prediction in self.latest.values() {
                subscriber.push(rendered(prediction, View::default()));
            }
            self.troubled.values().for_each(|line| subscriber.push(line.clone()));
            self.subscribers.insert(id, subscriber);
            self.flush(id);
        }
    }

    /// Does `work` for one subscriber. If it panics, that subscriber is cut off, and the others are served on.
    fn guarded(&mut self, id: usize, work: impl FnOnce(&mut Self)) {
        // what the panic left half done is this subscriber's own, and goes with it
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            tracing::error!("serving a subscriber panicked, and it is cut off: {}", panic_text(&*panic));
            self.remove(id);
        }
    }

    fn serve(&mut self, id: usize, event: &Event) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if event.is_write_closed() {
            return self.remove(id);
        }
        if event.is_writable() {
            subscriber.unblock();
        }
        if event.is_readable()
            && let Err(why) = subscriber.read()
        {
            subscriber.refuse(error(&why));
        }
        self.flush(id);
    }

    /// Takes all messages that wait; `true` when there will be no more.
    fn take_messages(&mut self) -> bool {
        loop {
            match self.messages.try_recv() {
                Ok(Message::Result(prediction)) => self.publish(prediction),
                Ok(Message::Status { camera, flowing, line }) => {
                    self.tell(&line, |subscriber| subscriber.follows(&camera));
                    if flowing {
                        self.troubled.remove(&camera);
                    } else {
                        self.troubled.insert(camera, line);
                    }
                }
                Ok(Message::Hello(hello)) => {
                    let cameras: Vec<_> = hello["cameras"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    self.latest.retain(|camera, _| cameras.contains(&&**camera));
                    self.troubled.retain(|camera, _| cameras.contains(&&**camera));
                    self.hello = line(&hello);
                    self.tell(&self.hello.clone(), |_| true);
                }
                Err(TryRecvError::Empty) => return false,
                Ok(Message::End) | Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// Queues a line for all who are `meant`.
    fn tell(&mut self, line: &Arc<[u8]>, meant: impl Fn(&Subscriber) -> bool) {
        let meant: Vec<_> = self.subscribers.iter().filter(|(_, subscriber)| meant(subscriber)).map(|(id, _)| *id).collect();
        for id in meant {
            if let Some(subscriber) = self.subscribers.get_mut(&id) {
                subscriber.push(line.clone());
            }
            self.flush(id);
        }
    }

    /// Queues a result for all who want it, each form of it made once.
    fn publish(&mut self, prediction: Arc<Prediction>) {
        let (now, overrun) = (Instant::now(), self.overrun.swap(0, Ordering::Relaxed));
        let mut touched = std::mem::take(&mut self.touched);
        for (id, subscriber) in &mut self.subscribers {
            subscriber.miss(overrun);
            if !subscriber.wants(&prediction, now) {
                continue;
            }
            let view = View { top: subscriber.choice.top.unwrap_or(usize::MAX), min_confidence: subscriber.choice.min_confidence };
            let form = match self.forms.iter().find(|(known, _)| *known == view) {
                Some((_, form)) => form.clone(),
                None => {
                    let form = rendered(&prediction, view);
                    self.forms.push((view, form.clone()));
                    form
                }
            };
            subscriber.push(form);
            touched.push(*id);
        }
        touched.drain(..).for_each(|id| self.guarded(id, |server| server.flush(id)));
        self.touched = touched;
        self.forms.clear();
        self.latest.insert(prediction.source.clone(), prediction);
    }

    /// Writes what a subscriber takes; a writable event tells when it takes more.
    fn flush(&mut self, id: usize) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if !subscriber.write() {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: usize) {
        if let Some(mut subscriber) = self.subscribers.remove(&id) {
            // closing the connection takes it out as well
            let _ = self.poll.registry().deregister(&mut subscriber.stream);
        }
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}

fn rendered(prediction: &Prediction, view: View) -> Arc<[u8]> {
    let mut bytes = Vec::with_capacity(LINE);
    if serde_json::to_writer(&mut bytes, &prediction.seen(view)).is_err() {
        bytes.clear();
    }
    bytes.push(b'\n');
    bytes.into()
}

fn error(message: &str) -> Arc<[u8]> {
    line(&json!({"type": "error", "version": crate::prediction::SCHEMA_VERSION, "message": message}))
}

pub fn line(value: &Value) -> Arc<[u8]> {
    format!("{value}\n").into_bytes().into()
}
