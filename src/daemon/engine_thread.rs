//! The engine on its own thread.

use super::FAREWELL;
use crate::engine::{self, Classifier, Offer, Stream};
use crate::error::{Error, Result};
use crate::event::Hub;
use crate::runtime::Execution;
use crate::system::signals::Stop;
use crate::threads::{self, Watched};
use crossbeam_channel::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The thread of the engine.
pub struct EngineThread {
    pub thread: Watched<Result<()>>,
}

impl EngineThread {
    /// Starts it.
    pub fn start(
        streams: Vec<Stream>,
        classifier: Classifier,
        hub: Hub,
        changes: Receiver<Offer>,
        stop: Stop,
        limit: Option<u64>,
        execution: Arc<Mutex<Execution>>,
    ) -> Result<Self> {
        let work = move || {
            let worked = engine::run(streams, Box::new(classifier), &hub, &changes, stop.receiver(), limit, &execution);
            // the session has been destroyed; now what is queued is written, and the socket goes
            worked.and(hub.end())
        };
        Ok(Self { thread: threads::spawn("engine", work)? })
    }

    /// Waits until it has ended, or until `deadline`; gives what it came to.
    pub fn wait(&self, deadline: Instant) -> Result<()> {
        self.thread.wait(deadline);
        match self.thread.outcome() {
            Some(Ok(worked)) => worked.clone(),
            Some(Err(panic)) => Err(panic.clone()),
            None => Err(Error::failed(format!("the engine hangs, and is left behind after {} s", FAREWELL.as_secs()))
                .hint("It waits for the model's library or the NPU.")),
        }
    }
}
