//! Results on a Unix socket, for any number of subscribers: JSON lines, one thread, bounded queues.
//!
//! A new subscriber gets `hello`, then the latest result of each camera, then everything; one JSON line of its own chooses. A slow
//! one loses whole lines, oldest first, and is told; it slows neither the worker nor another subscriber.

mod listen;
mod server;
mod subscriber;

use super::Publish;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::prediction::{Prediction, SCHEMA_VERSION};
use crossbeam_channel::{Sender, TrySendError, bounded};
use mio::{Poll, Waker};
use serde_json::{Value, json};
use server::{Overrun, Server, WAKER};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

/// Results that wait for the socket's thread at the most.
const WAITING: usize = 256;

/// Where to listen, and for whom.
#[derive(Debug, Clone)]
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
    /// `None` once it ends.
    results: Option<Sender<Arc<Prediction>>>,
    overrun: Overrun,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Socket {
    /// Listens as `params` say, and greets with `hello`.
    pub fn open(params: &Params, hello: &Value) -> Result<Self> {
        let listening = listen::listen(&params.path, params.mode, params.group.as_deref())?;
        let cannot = |e: std::io::Error| Error::failed(format!("cannot serve the socket '{}'", params.path.display())).because(e);
        let poll = Poll::new().map_err(cannot)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(cannot)?;
        let (results, heard) = bounded(WAITING);
        let overrun = Overrun::default();
        let server = Server::new(poll, listening, hello, heard, overrun.clone(), params.limit).map_err(cannot)?;
        let serve = move || {
            if let Err(e) = server.run() {
                tracing::error!("the socket serves nobody any more: {e}");
            }
        };
        let thread = thread::Builder::new().name("socket".into()).spawn(serve).map_err(cannot)?;
        tracing::info!("listens at '{}'", params.path.display());
        Ok(Self { results: Some(results), overrun, waker, thread: Some(thread) })
    }
}

impl Publish for Socket {
    fn name(&self) -> &'static str {
        "the socket"
    }

    fn publish(&mut self, prediction: &Prediction) -> Result<()> {
        let Some(results) = &self.results else { return Ok(()) };
        match results.try_send(Arc::new(prediction.clone())) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.overrun.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => return Err(Error::failed("the socket's thread has ended")),
        }
        self.waker.wake().map_err(|e| Error::failed("cannot wake the socket's thread").because(e))
    }
}

impl Drop for Socket {
    /// Subscribers get what waits for them, within half a second; then the file goes.
    fn drop(&mut self) {
        self.results.take();
        let woken = self.waker.wake();
        if let (Some(thread), Ok(())) = (self.thread.take(), woken) {
            // a panic there has been told already
            let _ = thread.join();
        }
    }
}
