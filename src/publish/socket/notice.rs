//! What the socket's thread is told, and the count of results that did not fit into its queue.

use crate::message::Hello;
use crate::prediction::Prediction;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Something to tell the subscribers.
pub enum Notice {
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
    Hello(Hello),
    /// No more comes.
    End,
}

/// Results of each camera that came faster than the thread took them; their subscribers are told.
#[derive(Default)]
pub struct Overrun {
    any: AtomicBool,
    counts: Mutex<BTreeMap<Arc<str>, u64>>,
}

impl Overrun {
    /// A result of `camera` was lost.
    pub fn add(&self, camera: &Arc<str>) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(camera.clone()).or_default() += 1;
        self.any.store(true, Ordering::Release);
    }

    /// What was lost since the last call; `None` is nothing.
    pub fn take(&self) -> Option<BTreeMap<Arc<str>, u64>> {
        let any = self.any.swap(false, Ordering::Acquire);
        any.then(|| std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
