//! One run of a source: takes frames until something happens.

use super::bus::Event;
use super::change::Change;
use super::pipeline::Pipeline;
use super::settings::Params;
use super::watch::{Reports, Watcher};
use crate::error::Result;
use crate::frame::Frame;
use crossbeam_channel::{Receiver, TryRecvError, after, never, select};
use std::ops::ControlFlow;
use std::time::Instant;

/// Why a source ended, other than by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It delivered its last frame.
    EndOfStream,
    /// It was asked to stop.
    Stopped,
}

/// Takes frames from `pipeline` until it ends, fails, reaches one of its limits (if live), or one of `stop` is closed. `changed` is
/// called for the first frame and for discarded frames; `deliver` gets each frame, and breaks when no more are wanted.
pub fn run_once(
    pipeline: &mut Pipeline,
    params: &Params,
    stop: [&Receiver<()>; 2],
    deliver: impl FnMut(Frame) -> ControlFlow<()> + Send + 'static,
    reports: &mut Reports,
    changed: &mut dyn FnMut(Change),
) -> Result<Ended> {
    let stopped = || stop.iter().any(|stop| stop.try_recv() == Err(TryRecvError::Disconnected));
    let watch = pipeline.watch().clone();
    watch.count_in(params.unusable.clone());
    let Some(live) = pipeline.start(stopped, params.limits.start, deliver)? else { return Ok(Ended::Stopped) };
    let mut watcher = Watcher::new(watch.clone(), live, reports, changed);
    loop {
        let wait = watcher.look(&params.limits, Instant::now())?;
        select! {
            recv(watch.woken()) -> _ => {}
            recv(pipeline.events()) -> event => {
                // frames may have arrived before this event
                let looked = watcher.look(&params.limits, Instant::now());
                return match event {
                    Ok(Event::Failed(error)) => Err(pipeline.reason(error)),
                    Ok(Event::EndOfStream) | Err(_) => looked.and_then(|_| watcher.end()).map(|()| Ended::EndOfStream),
                };
            }
            recv(stop[0]) -> _ => return Ok(Ended::Stopped),
            recv(stop[1]) -> _ => return Ok(Ended::Stopped),
            recv(wait.map_or_else(never, after)) -> _ => {}
        }
    }
}
