//! Results on a Unix socket, for any number of subscribers: JSON lines, one thread, bounded queues.
//!
//! A new subscriber gets `hello`, then the latest result of each camera, then everything; one JSON line of its own chooses. A slow
//! one loses whole lines, oldest first, and is told; it slows neither the worker nor another subscriber.

mod listen;
pub mod request;
mod server;
mod subscriber;

pub use listen::is_handed_in;

use super::Publish;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::prediction::{Prediction, SCHEMA_VERSION};
use crate::tally::{State, Status};
use crossbeam_channel::{Sender, TrySendError, bounded};
use mio::{Poll, Waker};
use serde_json::{Value, json};
use server::{Message, Overrun, Server, WAKER};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

/// Results, and what else is told, that wait for the socket's thread at the most.
const WAITING: usize = 256;

/// Where to listen, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// The socket's file.
    pub path: PathBuf,
    /// Its permissions, as in `0o660`.
    pub mode: u32,
    /// Its group; else the program's own.
    pub group: Option<String>,
    /// Subscribers at the most.
    pub limit: usize,
}

impl Default for Params {
    /// The service's own.
    fn default() -> Self {
        Self { path: "/run/glimpsed/glimpsed.sock".into(), mode: 0o660, group: None, limit: 1024 }
    }
}

/// What a new subscriber is told of first.
pub fn hello(model: &str, execution_provider: &str, detail: &str, cameras: &[&str], labels: &Labels) -> Value {
    let names: Vec<_> = (0..labels.len()).map(|index| labels.name(index)).collect();
    json!({
        "type": "hello", "version": SCHEMA_VERSION, "program": concat!("glimpsed ", env!("CARGO_PKG_VERSION")), "model": model,
        "execution_provider": execution_provider, "execution": detail, "cameras": cameras, "labels": names,
    })
}

/// Results on a Unix socket.
pub struct Socket {
    handle: Handle,
    overrun: Overrun,
    thread: Option<JoinHandle<()>>,
}

/// A way to the subscribers for what is no result; outlives the socket, and then leads nowhere.
#[derive(Clone)]
pub struct Handle {
    messages: Sender<Message>,
    waker: Arc<Waker>,
}

impl Handle {
    /// Tells every subscriber how a camera is.
    pub fn tell(&self, status: &Status) {
        if let Ok(value) = serde_json::to_value(status) {
            let flowing = status.state == State::Flowing;
            self.send(Message::Status { camera: status.source.clone(), flowing, line: server::line(&value) });
        }
    }

    /// Greets everybody anew, those who are there too: another model, or other cameras. What was last seen of others is forgotten.
    pub fn greet(&self, hello: &Value) {
        self.send(Message::Hello(hello.clone()));
    }

    fn send(&self, message: Message) {
        // The socket's thread waits for nobody: where it is that far behind or gone, nobody misses this.
        let sent = self.messages.try_send(message).is_ok() && self.waker.wake().is_ok();
        if !sent {
            tracing::debug!("the socket's thread does not listen");
        }
    }
}

impl Socket {
    /// Listens as `params` say, and greets with `hello`.
    pub fn open(params: &Params, hello: &Value) -> Result<Self> {
        let listening = listen::listen(&params.path, params.mode, params.group.as_deref())?;
        listen::make_places(params.limit);
        let cannot = |e: std::io::Error| Error::failed(format!("cannot serve the socket '{}'", params.path.display())).because(e);
        let poll = Poll::new().map_err(cannot)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(cannot)?;
        let (messages, heard) = bounded(WAITING);
        let overrun = Overrun::default();
        let server = Server::new(poll, listening, hello, heard, overrun.clone(), params.limit).map_err(cannot)?;
        let serve = move || {
            if let Err(e) = server.run() {
                tracing::error!("the socket serves nobody any more: {e}");
            }
        };
        let thread = thread::Builder::new().name("socket".into()).spawn(serve).map_err(cannot)?;
        Ok(Self { handle: Handle { messages, waker: waker.into() }, overrun, thread: Some(thread) })
    }

    /// A way to the subscribers for what is no result.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Publish for Socket {
    fn name(&self) -> &'static str {
        "the socket"
    }

    fn publish(&mut self, prediction: &Prediction) -> Result<()> {
        match self.handle.messages.try_send(Message::Result(Arc::new(prediction.clone()))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.overrun.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => return Err(Error::failed("the socket's thread has ended")),
        }
        self.handle.waker.wake().map_err(|e| Error::failed("cannot wake the socket's thread").because(e))
    }
}

impl Drop for Socket {
    /// Subscribers get what waits for them, within half a second; then the file goes.
    fn drop(&mut self) {
        let asked = self.handle.messages.send(Message::End).is_ok() && self.handle.waker.wake().is_ok();
        if let (Some(thread), true) = (self.thread.take(), asked) {
            // a panic there has been told already
            let _ = thread.join();
        }
    }
}
