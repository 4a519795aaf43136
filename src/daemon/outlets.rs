//! The outlets of a camera: the sending sides of its streams' channels. The camera's thread sends each frame to all of them; a reload may
//! exchange some of them while frames flow.

use crate::channel::{self, Sent, counted_channel};
use crate::engine::{Stream, StreamId};
use crate::frame::Frame;
use crate::metrics::StreamMetrics;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One frame waits while another is processed: with more, a slow engine would get older frames.
const WAITING: usize = 1;

/// The sending side of a channel to one engine.
pub struct Outlet {
    id: StreamId,
    sender: channel::Sender<Frame>,
    metrics: Arc<StreamMetrics>,
}

/// A stream that is counted in `metrics`, and its outlet.
pub fn outlet(metrics: Arc<StreamMetrics>) -> (Outlet, Stream) {
    let (sender, receiver) = counted_channel(WAITING, metrics.dropped_counter());
    let stream = Stream::new(receiver, metrics.clone());
    (Outlet { id: stream.id(), sender, metrics }, stream)
}

impl Outlet {
    /// Puts a frame into the channel. False: the engine accepts no more.
    fn send(&mut self, frame: Frame) -> bool {
        self.metrics.delivered();
        let sent = if frame.info.live { self.sender.send_newest(frame) } else { self.sender.send_all(frame) };
        sent != Sent::Closed
    }
}

/// The outlets, on the camera's thread.
pub struct Outlets {
    current: Vec<Outlet>,
    exchange: Exchange,
}

/// Exchanges outlets of a camera from the main thread, which does not wait for the camera.
#[derive(Clone, Default)]
pub struct Exchange(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether `pending` holds something: the only thing that is looked at for each frame.
    changed: AtomicBool,
    pending: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    remove: Vec<StreamId>,
    add: Vec<Outlet>,
}

impl Exchange {
    /// From the next frame on, the camera has no outlets `remove`, and has those of `add`.
    pub fn replace(&self, remove: &[StreamId], add: Vec<Outlet>) {
        let mut pending = self.0.pending.lock().unwrap_or_else(PoisonError::into_inner);
        // those that the camera has not taken yet are removed here
        pending.add.retain(|outlet| !remove.contains(&outlet.id));
        pending.add.extend(add);
        pending.remove.extend(remove);
        self.0.changed.store(true, Ordering::Release);
    }
}

impl Outlets {
    /// With these outlets to begin with.
    pub fn new(current: Vec<Outlet>, exchange: Exchange) -> Self {
        Self { current, exchange }
    }

    /// Sends `frame` to all streams, which share its pixels. Breaks when no engine accepts frames any more; one that has ended counts
    /// each frame as dropped.
    pub fn send(&mut self, frame: &Frame) -> ControlFlow<()> {
        if self.exchange.0.changed.swap(false, Ordering::Acquire) {
            let Pending { remove, add } =
                std::mem::take(&mut *self.exchange.0.pending.lock().unwrap_or_else(PoisonError::into_inner));
            self.current.retain(|outlet| !remove.contains(&outlet.id));
            self.current.extend(add);
        }
        let taken = self.current.iter_mut().filter_map(|outlet| outlet.send(frame.clone()).then_some(())).count();
        if taken > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}
