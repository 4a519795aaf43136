//! A stream: one camera as one engine sees it.

use crate::channel::Receiver;
use crate::event::Publisher;
use crate::frame::{Crop, Frame};
use crate::metrics::StreamMetrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Identifies a stream within the process. A stream that replaces another one has a new id, even if it continues the counters of the old
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(u64);

impl StreamId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The frames of one camera for one engine, and its own publisher besides the common ones.
pub struct Stream {
    pub(super) id: StreamId,
    pub(super) frames: Receiver<Frame>,
    /// Its own publisher besides the common ones: the text on its video.
    pub(super) place: Option<Box<dyn Publisher>>,
    pub(super) metrics: Arc<StreamMetrics>,
    /// See [`Stream::with_unchanged`].
    pub(super) unchanged: Option<f64>,
    /// The part of each frame that is classified; `None`: all of it.
    pub(super) crop: Option<Crop>,
}

impl Stream {
    /// A stream whose frames are counted in `metrics`.
    pub fn new(frames: Receiver<Frame>, metrics: Arc<StreamMetrics>) -> Self {
        Self { id: StreamId::next(), frames, place: None, metrics, unchanged: None, crop: None }
    }

    /// The same, with results also sent to `place`.
    pub fn with_place(self, place: Box<dyn Publisher>) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The same, of which the last answer stands while the model's input differs by less than this share of its range.
    pub fn with_unchanged(self, share: Option<f64>) -> Self {
        Self { unchanged: share, ..self }
    }

    /// The same, of each frame of which `crop` is classified.
    pub fn with_crop(self, crop: Option<Crop>) -> Self {
        Self { crop, ..self }
    }

    /// Its id.
    pub fn id(&self) -> StreamId {
        self.id
    }
}
