//! The socket as a publisher: queues messages for the thread that serves the subscribers ([`super::server`]).

use super::listen;
use super::notice::{Notice, Overrun};
use super::server::{FLUSH_TIME, Server, WAKER};
use super::settings::Params;
use crate::error::{Error, Result};
use crate::event::{Event, Publisher};
use crate::message::{self, Hello};
use crate::metrics::{State, Status};
use crate::prediction::Prediction;
use crate::threads::{self, Watched};
use crossbeam_channel::{Sender, TrySendError, bounded};
use mio::{Poll, Waker};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The maximum number of results queued for the socket's thread.
const WAITING: usize = 256;
/// Additional room for changes, statuses and `hello` messages, so that results never displace them.
const NOTICES: usize = 1024;
/// The time limit for shutdown: the queued messages, then `FLUSH_TIME`.
const END: Duration = FLUSH_TIME.saturating_mul(4);

/// Results on a Unix socket.
pub struct Socket {
    handle: Handle,
    overrun: Arc<Overrun>,
}

/// The connection to the socket's thread.
struct Handle {
    messages: Sender<Notice>,
    waker: Arc<Waker>,
    thread: Watched<io::Result<()>>,
}

impl Handle {
    /// Sends the state of a camera to all subscribers.
    fn tell(&self, status: &Status) {
        let line = message::line(&status.message()).into();
        self.send(Notice::Status { camera: status.source.clone(), flowing: status.state == State::Flowing, line });
    }

    /// Sends a new `hello` to all subscribers after a change of the model or the cameras, and forgets removed cameras.
    fn greet(&self, hello: &Hello) {
        self.send(Notice::Hello(Box::new(hello.clone())));
    }

    /// The error, if the socket's thread has ended unexpectedly; no subscriber is served then.
    fn fault(&self) -> Option<Error> {
        match self.thread.outcome()? {
            Ok(Ok(())) => None,
            Ok(Err(e)) => {
                Some(Error::failed("the socket's thread has ended, and no subscriber is served any more").because(e.to_string()))
            }
            Err(panic) => Some(panic.clone()),
        }
    }

    fn send(&self, message: Notice) {
        // The socket's thread never blocks: a full queue means that it hangs or has ended.
        let sent = self.messages.try_send(message).is_ok() && self.waker.wake().is_ok();
        if !sent {
            tracing::debug!("the socket's thread does not respond");
        }
    }
}

impl Socket {
    /// Listens according to `params`, and sends `hello` to new subscribers.
    pub fn open(params: &Params, hello: &Hello) -> Result<Self> {
        let listening = listen::listen(&params.path, params.mode, params.group.as_deref())?;
        listen::make_places(params.limit);
        let cannot = |e: io::Error| Error::failed(format!("cannot serve the socket '{}'", params.path.display())).because(e);
        let poll = Poll::new().map_err(cannot)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(cannot)?;
        let (messages, heard) = bounded(WAITING + NOTICES);
        let overrun = Arc::new(Overrun::default());
        let server = Server::new(poll, listening, hello, heard, overrun.clone(), params.limit).map_err(cannot)?;
        let thread = threads::spawn("socket", move || server.run())?;
        Ok(Self { handle: Handle { messages, waker: waker.into(), thread }, overrun })
    }

    /// A socket whose thread runs `work` and receives no messages.
    #[cfg(test)]
    pub fn to(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Self {
        let waker = Waker::new(Poll::new().unwrap().registry(), WAKER).unwrap();
        let handle = Handle { messages: bounded(1).0, waker: waker.into(), thread: threads::spawn("socket", work).unwrap() };
        Self { handle, overrun: Arc::default() }
    }
}

impl Publisher for Socket {
    fn name(&self) -> &'static str {
        "the socket"
    }

    /// Only queues for the socket's own thread without blocking, except at the end: subscribers get their queued lines within half a
    /// second; then the file is removed.
    fn handle(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Result { prediction, .. } => return self.publish(prediction),
            Event::Change(change) => self.handle.send(Notice::Change(Box::new((*change).clone()))),
            Event::Status(status) => self.handle.tell(status),
            Event::Hello(hello) => self.handle.greet(hello),
            Event::End => self.end(),
        }
        Ok(())
    }

    fn fault(&self) -> Option<Error> {
        self.handle.fault()
    }
}

impl Socket {
    fn publish(&self, prediction: &Prediction) -> Result<()> {
        let ended = || Error::failed("the socket's thread has ended");
        if self.handle.messages.len() >= WAITING {
            self.overrun.add(&prediction.source);
        } else {
            match self.handle.messages.try_send(Notice::Result(Arc::new(prediction.clone()))) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => self.overrun.add(&prediction.source),
                Err(TrySendError::Disconnected(_)) => return Err(self.handle.fault().unwrap_or_else(ended)),
            }
        }
        self.handle.waker.wake().map_err(|e| Error::failed("cannot wake the socket's thread").because(e))
    }

    fn end(&self) {
        let deadline = Instant::now() + END;
        let asked = self.handle.messages.send_deadline(Notice::End, deadline).is_ok() && self.handle.waker.wake().is_ok();
        if asked && !self.handle.thread.wait(deadline) {
            tracing::warn!("the socket's thread did not end in time, and is abandoned");
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // it has already ended if the hub was ended
        if self.handle.thread.outcome().is_none() {
            self.end();
        }
    }
}
