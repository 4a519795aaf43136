//! Messages to the socket's thread, and the count of results that did not fit into its queue.

use crate::message::Hello;
use crate::prediction::{Prediction, StateChange};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A message for the subscribers.
pub enum Notice {
    /// A result.
    Result(Arc<Prediction>),
    /// The state of a stream has changed.
    Change(Box<StateChange>),
    /// The state of a camera.
    Status {
        /// The camera.
        camera: Arc<str>,
        /// Whether it is running.
        flowing: bool,
        /// The message.
        line: Arc<[u8]>,
    },
    /// The model or the cameras have changed.
    Hello(Box<Hello>),
    /// The last message.
    End,
}

/// The number of results of each camera that did not fit into the queue; subscribers are informed.
#[derive(Default)]
pub struct Overrun {
    any: AtomicBool,
    counts: Mutex<BTreeMap<Arc<str>, u64>>,
}

impl Overrun {
    /// Counts a lost result of `camera`.
    pub fn add(&self, camera: &Arc<str>) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(camera.clone()).or_default() += 1;
        self.any.store(true, Ordering::Release);
    }

    /// The losses since the last call; `None` if there are none.
    pub fn take(&self) -> Option<BTreeMap<Arc<str>, u64>> {
        let any = self.any.swap(false, Ordering::Acquire);
        any.then(|| std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
