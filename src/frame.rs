//! A picture from the camera: pixels in one of the accepted formats, and the time of capture.
//!
//! [`FrameInfo`] is the data of a frame besides its pixels. It is passed unchanged from the appsink to the message of the result. The
//! pixels are shared: cloning a [`Frame`] does not copy them, so one frame can serve several engines.

mod format;
mod picture;
mod plane;
mod region;
mod shape;

pub use format::PixelFormat;
pub use picture::{Matrix, Picture, Range};
pub use plane::{LayoutError, MAX_PIXELS, MAX_PLANES, MAX_SIDE, Plane, Sampling, is_accepted, span};
pub use region::{Area, Crop, Outside, Rect};
pub use shape::{Orientation, PixelAspect};

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The memory of a picture: a mapped GStreamer buffer, or vectors in a test.
pub trait Pixels: Send + Sync {
    /// The bytes of plane `index` (in the order of the format), from its first row on, and the stride. `None` if there is no such plane.
    /// Always the same for the same plane.
    fn plane(&self, index: usize) -> Option<(&[u8], usize)>;
}

/// The data of a frame besides its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// Counts the usable frames of a camera or a film, from 0; also those that are dropped later.
    pub number: u64,
    /// When it was captured, by the monotonic clock.
    pub captured: Instant,
    /// When it was captured, by the wall clock.
    pub timestamp: SystemTime,
    /// The frame's timestamp in the stream, if it has one.
    pub pts: Option<Duration>,
    /// The format of the picture.
    pub picture: Picture,
    /// Whether its source is live, so that a newer frame or result may replace it.
    pub live: bool,
}

impl FrameInfo {
    /// The first frame of a source that is not live, captured now.
    pub fn new(picture: Picture) -> Self {
        Self { number: 0, captured: Instant::now(), timestamp: SystemTime::now(), pts: None, picture, live: false }
    }

    /// The same, captured `age` before now: for sources that know how long a frame took to arrive.
    pub fn taken_before(mut self, age: Duration) -> Self {
        self.captured = self.captured.checked_sub(age).unwrap_or(self.captured);
        self.timestamp = self.timestamp.checked_sub(age).unwrap_or(self.timestamp);
        self
    }
}

/// A picture and its data. Clones share the pixels.
#[derive(Clone)]
pub struct Frame {
    /// Everything except the pixels.
    pub info: FrameInfo,
    pixels: Arc<dyn Pixels>,
}

impl Frame {
    /// The first frame of a source that is not live, captured now. An error if `pixels` do not contain all of `picture`: no frame exceeds
    /// its memory.
    pub fn new(picture: Picture, pixels: impl Pixels + 'static) -> Result<Self, LayoutError> {
        let Picture { format, width, height, .. } = picture;
        if !is_accepted(width, height) {
            return Err(LayoutError::Size { width, height });
        }
        (0..format.planes().len()).try_for_each(|index| plane_of(&picture, &pixels, index).map(drop))?;
        Ok(Self { info: FrameInfo::new(picture), pixels: Arc::new(pixels) })
    }

    /// Plane `index` in the order of the format. Panics if the format has no such plane.
    pub fn plane(&self, index: usize) -> Plane<'_> {
        plane_of(&self.info.picture, &*self.pixels, index)
            .expect("all planes of the format were checked when the frame was created")
    }
}

fn plane_of<'a>(picture: &Picture, pixels: &'a dyn Pixels, index: usize) -> Result<Plane<'a>, LayoutError> {
    let missing = LayoutError::MissingPlane { index };
    let (row_bytes, rows) = picture.format.planes().get(index).ok_or(missing)?.extent(picture.width, picture.height);
    let (data, stride) = pixels.plane(index).ok_or(missing)?;
    Plane::new(data, stride, row_bytes, rows)
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.info).finish_non_exhaustive()
    }
}

/// Pixels in ordinary memory: one vector and its stride for each plane.
pub struct OwnedPixels(pub Vec<(Vec<u8>, usize)>);

impl Pixels for OwnedPixels {
    fn plane(&self, index: usize) -> Option<(&[u8], usize)> {
        self.0.get(index).map(|(data, stride)| (&data[..], *stride))
    }
}
