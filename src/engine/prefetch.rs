//! Prepares the next frame on a separate thread while the model runs.
//!
//! Only a frame that is already waiting is prefetched. If there is none, as with a camera that is slower than the model, the engine
//! prepares the frame itself: passing it to another thread would only delay the result.

use super::classifier::InputSlot;
use super::scheduler::{PreparedFrame, QueuedFrame};
use crate::error::{Error, Result};
use crate::threads::{self, Watched};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::time::{Duration, Instant};

/// How long the thread may take to end after its last frame.
const END: Duration = Duration::from_secs(1);

/// The thread, and the frame that it is preparing.
pub struct Prefetch {
    jobs: Sender<(QueuedFrame, Box<InputSlot>)>,
    done: Receiver<(PreparedFrame, Box<InputSlot>)>,
    busy: bool,
    thread: Watched<()>,
}

impl Prefetch {
    /// Starts the thread, which ends when this is dropped.
    pub fn start() -> Result<Self> {
        let (jobs, todo) = bounded::<(QueuedFrame, Box<InputSlot>)>(1);
        let (finished, done) = bounded(1);
        let work = move || {
            for (frame, mut slot) in todo {
                let prepared = frame.prepare(&mut slot);
                if finished.send((prepared, slot)).is_err() {
                    break;
                }
            }
        };
        Ok(Self { jobs, done, busy: false, thread: threads::spawn("preprocess", work)? })
    }

    /// Starts to prepare a frame; the previous one must be finished.
    pub fn begin(&mut self, frame: QueuedFrame, slot: Box<InputSlot>) {
        // `finish` notices if the thread has ended
        self.busy = self.jobs.send((frame, slot)).is_ok();
    }

    /// Waits for the prefetched frame, if there is one.
    pub fn finish(&mut self) -> Result<Option<(PreparedFrame, Box<InputSlot>)>> {
        if !std::mem::take(&mut self.busy) {
            return Ok(None);
        }
        self.done.recv().map(Some).map_err(|_| {
            self.thread.wait(Instant::now() + END);
            let panic = self.thread.outcome().and_then(|outcome| outcome.as_ref().err().cloned());
            panic.unwrap_or_else(|| Error::failed("the thread 'preprocess' has ended"))
        })
    }
}
