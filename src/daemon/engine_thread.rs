//! An engine on its own thread.

use super::hello::model_of;
use crate::engine::{self, Classifier, Limit, Offer, Pending, Stream};
use crate::error::{Error, Result};
use crate::event::Hub;
use crate::message::Model;
use crate::runtime::Execution;
use crate::system::signals::Stop;
use crate::threads::{self, Watched};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time limit for shutdown: the inference in flight, the session, the pipelines. If it is exceeded, publishers get up to 1.5 s after it.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_millis(3500);

/// Changes that wait for the engine. There is one reload at a time, but a withdrawn change may still be queued.
const CHANGES: usize = 16;

/// What all engines of a daemon share.
#[derive(Clone)]
pub struct Shared {
    /// Receives the results.
    pub hub: Hub,
    /// The limit of results.
    pub limit: Limit,
    /// Ends all engines.
    pub stop: Stop,
    /// The number of running engines. The last one ends the hub.
    pub running: Arc<AtomicUsize>,
}

/// An engine, as the main thread sees it.
pub struct EngineThread {
    /// What tells it from the other engines; another model after a reload may have the same key.
    pub key: Arc<str>,
    /// Its model, as `hello` describes it.
    pub model: Model,
    /// The execution as last reported to subscribers.
    pub last_reported: Execution,
    /// Whether it was logged as not responding.
    pub reported_hanging: bool,
    execution: Arc<Mutex<Execution>>,
    /// `None` once no more streams can come.
    changes: Option<Sender<Offer>>,
    thread: Watched<Result<()>>,
}

impl EngineThread {
    /// Starts it. `shared.running` counts it already.
    pub fn start(classifier: Classifier, streams: Vec<Stream>, shared: Shared) -> Result<Self> {
        let (key, model, last_reported) = (classifier.key().clone(), model_of(&classifier), classifier.execution().clone());
        let execution = Arc::new(Mutex::new(last_reported.clone()));
        let ((changes, changed), observed) = (bounded(CHANGES), execution.clone());
        let work = move || {
            let Shared { hub, limit, stop, running } = shared;
            let mut ending = Ending { stop: stop.clone(), running, complete: false, counted: false };
            let classifier = Box::new(classifier);
            let worked = engine::run(streams, classifier, &hub, &changed, stop.receiver(), &limit, &observed);
            // the answer of this change is not needed
            drop(changed);
            ending.complete = worked.is_ok() && !limit.is_reached();
            // the session is closed; now queued results are written, and the socket is removed
            if ending.is_last() { worked.and(hub.end()) } else { worked }
        };
        let thread = threads::spawn("engine", work)?;
        Ok(Self { key, model, last_reported, reported_hanging: false, execution, changes: Some(changes), thread })
    }

    /// What runs the model now.
    pub fn execution(&self) -> Execution {
        self.execution.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its model has been replaced.
    pub fn replaced(&mut self, model: Model, execution: Execution) {
        *self.execution.lock().unwrap_or_else(PoisonError::into_inner) = execution.clone();
        (self.model, self.last_reported) = (model, execution);
    }

    /// Offers it a change.
    pub fn offer(&self, offer: Offer) -> Result<()> {
        match self.changes.as_ref().map(|changes| changes.try_send(offer)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(not_responding()),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(has_ended()),
        }
    }

    /// No more streams will be added: it ends with the existing ones.
    pub fn close(&mut self) {
        self.changes = None;
    }

    /// Disconnected once it has ended; `None` if it has.
    pub fn running(&self) -> Option<&Receiver<()>> {
        Some(self.thread.ended()).filter(|_| self.thread.outcome().is_none())
    }

    /// Whether it has ended with an error or a panic.
    pub fn has_failed(&self) -> bool {
        !matches!(self.thread.outcome(), None | Some(Ok(Ok(()))))
    }

    /// Waits until it has ended, at most until `deadline`; returns its outcome.
    pub fn wait(&self, deadline: Instant) -> Result<()> {
        self.thread.wait(deadline);
        match self.thread.outcome() {
            Some(Ok(worked)) => worked.clone(),
            Some(Err(panic)) => Err(panic.clone()),
            None => Err(Error::failed(format!(
                "the engine of the model '{}' is not responding, and is abandoned after {} s",
                self.model.name,
                SHUTDOWN_DEADLINE.as_secs_f32()
            ))
            .hint("It waits for the model's library or the NPU.")),
        }
    }
}

/// The end of an engine. Unless all its streams have ended, the other engines end too.
struct Ending {
    stop: Stop,
    running: Arc<AtomicUsize>,
    complete: bool,
    counted: bool,
}

impl Ending {
    /// Whether no other engine is running.
    fn is_last(&mut self) -> bool {
        self.counted = true;
        if !self.complete {
            self.stop.request();
        }
        self.running.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

impl Drop for Ending {
    /// After a panic.
    fn drop(&mut self) {
        if !self.counted {
            self.is_last();
        }
    }
}

/// The classifiers of a change that no engine received; their sessions must be closed.
pub fn withdrawn(pending: &Pending) -> Option<impl Iterator<Item = Box<Classifier>> + use<>> {
    pending.withdraw().map(|changes| changes.into_iter().filter_map(|change| change.classifier))
}

/// The error of a change that an engine does not accept.
pub fn not_responding() -> Error {
    Error::failed("the engine is not responding")
        .hint("It waits for the model's library, the NPU or the reader of a film's results. SIGHUP retries.")
}

/// The error of a change that comes too late.
pub fn has_ended() -> Error {
    Error::failed("the engine has ended")
}
