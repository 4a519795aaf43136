//! A stream: one camera as one engine sees it.

use crate::channel::Receiver;
use crate::event::Publisher;
use crate::frame::Frame;
use crate::metrics::StreamMetrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Identifies a stream for as long as the process lives. A stream that replaces another one has an id of its own, even if it goes on
/// with the other one's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(u64);

impl StreamId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The frames of one camera for one engine, and where its results go beside the publishers of all.
pub struct Stream {
    pub(super) id: StreamId,
    pub(super) frames: Receiver<Frame>,
    /// Its own place, beside those of all cameras: the text on its video.
    pub(super) place: Option<Box<dyn Publisher>>,
    pub(super) metrics: Arc<StreamMetrics>,
}

impl Stream {
    /// The frames that `metrics` counts.
    pub fn new(frames: Receiver<Frame>, metrics: Arc<StreamMetrics>) -> Self {
        Self { id: StreamId::next(), frames, place: None, metrics }
    }

    /// The same, whose results go to `place` as well.
    pub fn with_place(self, place: Box<dyn Publisher>) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Its identity.
    pub fn id(&self) -> StreamId {
        self.id
    }
}
