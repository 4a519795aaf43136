//! The next frame, prepared on a thread of its own while the model works on this one.
//!
//! Only a frame that already waits is prefetched. Where none does, as with a camera that is slower than the model, the engine prepares
//! its frame itself: to hand it over would only make the result older.

use super::classifier::InputSlot;
use super::scheduler::{PreparedFrame, QueuedFrame};
use crate::error::{Error, Result};
use crate::threads::{self, Watched};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::time::{Duration, Instant};

/// How long a thread that has let go of its frames may take to end.
const END: Duration = Duration::from_secs(1);

/// The thread, and the one frame that it may have.
pub struct Prefetch {
    jobs: Sender<(QueuedFrame, Box<InputSlot>)>,
    done: Receiver<(PreparedFrame, Box<InputSlot>)>,
    busy: bool,
    thread: Watched<()>,
}

impl Prefetch {
    /// Starts the thread, which ends with this.
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

    /// Begins with a frame; the one before is finished.
    pub fn begin(&mut self, frame: QueuedFrame, slot: Box<InputSlot>) {
        // a thread that has gone is found out by `finish`
        self.busy = self.jobs.send((frame, slot)).is_ok();
    }

    /// Waits for the frame, if there is one.
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
