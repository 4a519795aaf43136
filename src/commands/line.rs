//! One source and its worker, wired together: capture → channel → worker.

use crate::capture;
use crate::channel::{Receiver, Sent, channel};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::shutdown::Stop;
use crate::stats::Counts;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// One frame waits while one is worked on: with more, a live worker that is behind would see older frames.
const WAITING: usize = 1;

/// Runs the source of `params` on a thread of its own, and `work` on this one with the frames that it gives, until either ends.
/// Gives what became of the frames, and what `work` gives.
pub fn run<T>(params: &capture::Params, stop: &Stop, work: impl FnOnce(&Receiver<Frame>) -> Result<T>) -> Result<(Counts, T)> {
    let (mut sender, receiver) = channel(WAITING);
    let captured = Arc::new(AtomicU64::new(0));
    let counter = captured.clone();
    let deliver = move |frame, live| {
        counter.fetch_add(1, Ordering::Relaxed);
        match if live { sender.send_newest(frame) } else { sender.send_all(frame) } {
            Sent::Closed => ControlFlow::Break(()),
            Sent::Queued | Sent::Replaced(_) => ControlFlow::Continue(()),
        }
    };
    let dropped = receiver.dropped_counter();
    let done = Stop::default();
    thread::scope(|scope| {
        let source = thread::Builder::new().name("capture".into()).spawn_scoped(scope, || {
            let opened = |live| tracing::debug!(live, "frames flow");
            capture::run_once(params, [stop.receiver(), done.receiver()], opened, deliver)
        });
        let source = source.map_err(|e| Error::failed("cannot start the capture thread").because(e))?;
        let worked = work(&receiver);
        drop(receiver);
        done.request();
        let ended = source.join().unwrap_or_else(|_| Err(Error::failed("the capture thread panicked")));
        let (worked, ended) = (worked?, ended?);
        tracing::debug!("the source has ended: {ended:?}");
        let counts = Counts { captured: captured.load(Ordering::Relaxed), results: 0, dropped: dropped.load(Ordering::Relaxed) };
        Ok((counts, worked))
    })
}
