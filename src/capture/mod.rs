//! From a camera to frames: `.launch` text becomes a pipeline, its appsink gives [`Frame`]s, its bus says why it ended.
//!
//! Work apart from weather: [`run_once`] takes frames until something happens, [`run`] decides what becomes of it.

pub mod devices;
mod elements;
mod faults;
pub mod launch;
mod leftover;
mod mapped;
mod pipeline;
mod sample;
mod supervise;
mod unread;

pub use pipeline::{Event, Pipeline};
pub use sample::frame_of;
pub use supervise::{Backoff, Change, run};
pub use unread::run_unread;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crossbeam_channel::{Receiver, TryRecvError, after, bounded, never, select};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The version of GStreamer.
pub fn version() -> Result<String> {
    gstreamer::init().map_err(|e| Error::failed("cannot start GStreamer").because(e))?;
    let (major, minor, micro, _) = gstreamer::version();
    Ok(format!("{major}.{minor}.{micro}"))
}

/// What one source needs.
#[derive(Clone)]
pub struct Params {
    /// gst-launch text, variables and comments already expanded.
    pub pipeline: String,
    /// Sets up elements of the freshly built pipeline, before it starts.
    pub prepare: Arc<dyn Fn(&Pipeline) + Send + Sync>,
    /// A live source that gives no frame for so long is lost.
    pub stall: Duration,
    /// How long to wait before a lost camera is tried again.
    pub backoff: Backoff,
}

impl Params {
    /// The source of `pipeline` with what is right for most cameras: lost after 5 s without a frame.
    pub fn new(pipeline: &str) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            prepare: Arc::new(|_| {}),
            stall: Duration::from_secs(5),
            backoff: Backoff::default(),
        }
    }
}

/// How long a live source whose thread is well says nothing at the most: it falls silent, comes to rest, pauses, and is opened
/// again; with a little time for a busy machine.
pub fn longest_silence(stall: Duration) -> Duration {
    stall + Backoff::default().most + pipeline::TEARDOWN_DEADLINE + pipeline::PREROLL_DEADLINE + Duration::from_secs(5)
}

/// Why a source ended, other than by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It gave its last frame.
    EndOfStream,
    /// It was asked to stop.
    Stopped,
}

/// Takes frames from `pipeline` until it ends, fails, is live and falls silent for `stall`, or one of `stop` is closed. `flows` hears of
/// the first frame, and whether the source is live; `deliver` gets each frame, and breaks when no more are wanted.
pub fn run_once(
    pipeline: &mut Pipeline,
    stall: Duration,
    stop: [&Receiver<()>; 2],
    mut deliver: impl FnMut(Frame, bool) -> ControlFlow<()> + Send + 'static,
    flows: &mut dyn FnMut(bool),
) -> Result<Ended> {
    let stopped = || stop.iter().any(|stop| stop.try_recv() == Err(TryRecvError::Disconnected));
    let latest = Arc::new(Mutex::new(Instant::now()));
    let (first, mut first_seen) = bounded(1);
    let mut first = Some(first);
    let seen = latest.clone();
    let noted = move |frame, live| {
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        if let Some(first) = first.take() {
            // there is room for the one; a listener that has gone does not want it
            let _ = first.try_send(());
        }
        deliver(frame, live)
    };
    let Some(live) = pipeline.start(stopped, noted)? else { return Ok(Ended::Stopped) };
    loop {
        let silent = latest.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if live && silent >= stall {
            return Err(Error::failed(format!("no frame for {:.1} s", silent.as_secs_f64()))
                .hint("The camera or its driver hangs. Unplug it and plug it in again if it stays so."));
        }
        select! {
            recv(first_seen) -> frame => {
                if frame.is_ok() {
                    flows(live);
                }
                first_seen = never();
            }
            recv(pipeline.events()) -> event => {
                // both may have come while this thread had no turn: the first frame was before
                if first_seen.try_recv().is_ok() {
                    flows(live);
                }
                return match event {
                    Ok(Event::Failed(error)) => Err(error),
                    Ok(Event::EndOfStream) | Err(_) => Ok(Ended::EndOfStream),
                };
            }
            recv(stop[0]) -> _ => return Ok(Ended::Stopped),
            recv(stop[1]) -> _ => return Ok(Ended::Stopped),
            recv(after(stall.saturating_sub(silent))) -> _ => {}
        }
    }
}
