//! One source and its worker on this thread, for commands that have one source after the other: capture → channel → work.

use crate::capture;
use crate::channel::{Receiver, Sent, channel};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::shutdown::Stop;
use std::ops::ControlFlow;
use std::thread;

/// One frame waits while one is worked on.
const WAITING: usize = 1;

/// Runs the source of `params` on a thread of its own, and `work` on this one with the frames that it gives, until either ends.
pub fn run<T>(params: &capture::Params, stop: &Stop, work: impl FnOnce(&Receiver<Frame>) -> Result<T>) -> Result<T> {
    let (mut sender, receiver) = channel(WAITING);
    let deliver = move |frame, live| match if live { sender.send_newest(frame) } else { sender.send_all(frame) } {
        Sent::Closed => ControlFlow::Break(()),
        Sent::Queued | Sent::Replaced(_) => ControlFlow::Continue(()),
    };
    let done = Stop::default();
    thread::scope(|scope| {
        let source = thread::Builder::new()
            .name("capture".into())
            .spawn_scoped(scope, || capture::run(params, [stop.receiver(), done.receiver()], &mut |_| {}, deliver));
        let source = source.map_err(|e| Error::failed("cannot start the capture thread").because(e))?;
        let worked = work(&receiver);
        drop(receiver);
        done.request();
        let ended = source.join().unwrap_or_else(|_| Err(Error::failed("the capture thread panicked")));
        let (worked, _) = (worked?, ended?);
        Ok(worked)
    })
}
