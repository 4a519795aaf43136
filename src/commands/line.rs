//! One source processed on this thread, for commands that handle sources one after the other: capture → channel → work.

use crate::capture::{self, Change};
use crate::channel::{Receiver, Sent, channel};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::system::signals::Stop;
use std::ops::ControlFlow;
use std::thread;

/// One frame waits while another is processed.
const WAITING: usize = 1;

/// The first frame of the source of `params`; `None` where it has none.
pub fn first(params: &capture::Params, stop: &Stop) -> Result<Option<Frame>> {
    run(params, stop, |frames| Ok(frames.recv().map(|taken| taken.frame)))
}

/// Runs the source of `params` on its own thread, and `work` on this one with its frames, until either ends.
pub fn run<T>(params: &capture::Params, stop: &Stop, work: impl FnOnce(&Receiver<Frame>) -> Result<T>) -> Result<T> {
    let (mut sender, receiver) = channel(WAITING);
    let mut number = 0;
    let deliver = move |mut frame: Frame| {
        frame.info.number = number;
        number += 1;
        match if frame.info.live { sender.send_newest(frame) } else { sender.send_all(frame) } {
            Sent::Closed => ControlFlow::Break(()),
            Sent::Queued | Sent::Replaced(_) => ControlFlow::Continue(()),
        }
    };
    // a source that is lost ends here, and says why by itself
    let mut tell = |change| match change {
        Change::Damaged(damage) => tracing::warn!("{damage}"),
        Change::Untimed { .. } | Change::Flows { .. } | Change::Lost { .. } => {}
    };
    let done = Stop::default();
    thread::scope(|scope| {
        let source = thread::Builder::new()
            .name("capture".into())
            .spawn_scoped(scope, || capture::run(params, [stop.receiver(), done.receiver()], &mut tell, deliver));
        let source = source.map_err(|e| Error::failed("cannot start the capture thread").because(e))?;
        let worked = work(&receiver);
        drop(receiver);
        done.request();
        let ended = source.join().unwrap_or_else(|_| Err(Error::failed("the capture thread panicked")));
        let (worked, _) = (worked?, ended?);
        Ok(worked)
    })
}
