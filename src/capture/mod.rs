//! From a camera to frames: `.launch` text becomes a pipeline, its appsink gives [`Frame`]s, its bus says why it ended.

mod faults;
pub mod launch;
mod pipeline;
mod sample;

pub use pipeline::{Event, Pipeline};

use crate::error::Result;
use crate::frame::Frame;
use crossbeam_channel::{Receiver, TryRecvError, select};
use std::ops::ControlFlow;

/// What one source needs.
pub struct Params<'a> {
    /// gst-launch text, variables and comments already expanded.
    pub pipeline: &'a str,
    /// Sets up elements of the freshly built pipeline, before it starts.
    pub prepare: &'a (dyn Fn(&Pipeline) + Sync),
}

/// Why a source ended, other than by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It gave its last frame.
    EndOfStream,
    /// It was asked to stop.
    Stopped,
}

/// Runs the source once, until it ends, fails or one of `stop` is closed. `opened` hears once whether it is live; `deliver` gets each
/// frame and whether its source is live, and breaks when no more are wanted.
pub fn run_once(
    params: &Params,
    stop: [&Receiver<()>; 2],
    opened: impl FnOnce(bool),
    deliver: impl FnMut(Frame, bool) -> ControlFlow<()> + Send + 'static,
) -> Result<Ended> {
    let mut pipeline = Pipeline::build(params.pipeline)?;
    (params.prepare)(&pipeline);
    let stopped = || stop.iter().any(|stop| stop.try_recv() == Err(TryRecvError::Disconnected));
    let Some(live) = pipeline.start(stopped, deliver)? else { return Ok(Ended::Stopped) };
    opened(live);
    select! {
        recv(pipeline.events()) -> event => match event {
            Ok(Event::Failed(error)) => Err(error),
            Ok(Event::EndOfStream) | Err(_) => Ok(Ended::EndOfStream),
        },
        recv(stop[0]) -> _ => Ok(Ended::Stopped),
        recv(stop[1]) -> _ => Ok(Ended::Stopped),
    }
}
