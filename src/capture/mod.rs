//! From a camera to frames: `.launch` text becomes a pipeline, its appsink gives [`Frame`]s, its bus says why it ended.
//!
//! Work apart from weather: [`run_once`] takes frames until something happens, [`run`] decides what becomes of it.

mod bus;
mod clock;
pub mod devices;
mod drain;
mod elements;
mod errors;
mod gif;
mod jpeg_check;
mod jpeg_probe;
pub mod launch;
mod liveness;
mod log;
mod mapped;
mod missing;
mod orientation;
mod pipeline;
mod sample;
mod signs;
mod sinks;
mod spell;
mod supervisor;
mod timestamps;
mod v4l2_leaks;
mod watch;

pub use bus::Event;
pub use drain::drain;
pub use log::start_gstreamer;
pub use orientation::{Rotate, Turn};
pub use pipeline::Pipeline;
pub use sample::frame_of;
pub use signs::Limits;
pub use supervisor::{Backoff, Change, Damage, run};
pub use timestamps::Disbelief;
pub use watch::Reports;

use crate::error::Result;
use crate::frame::Frame;
use crate::stats::Unusable;
use crossbeam_channel::{Receiver, TryRecvError, after, never, select};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::Watcher;

/// The version of GStreamer.
pub fn version() -> Result<String> {
    start_gstreamer()?;
    let (major, minor, micro, _) = gstreamer::version();
    Ok(format!("{major}.{minor}.{micro}"))
}

/// What one source needs.
#[derive(Clone)]
pub struct Params {
    /// The camera's name, for the log.
    pub name: Arc<str>,
    /// gst-launch text, variables and comments already expanded.
    pub pipeline: String,
    /// Whether the source is live; `None`: its kind decides.
    pub live: Option<bool>,
    /// Sets up elements of the freshly built pipeline, before it starts.
    pub prepare: Arc<dyn Fn(&Pipeline) + Send + Sync>,
    /// A live source that gives no frame for so long is lost.
    pub limits: Limits,
    /// Counters of the frames that give no result.
    pub unusable: Arc<Unusable>,
    /// How its frames are made upright.
    pub turn: Turn,
    /// How long to wait before a lost camera is tried again.
    pub backoff: Backoff,
}

impl Params {
    /// The source of `pipeline` with what is right for most cameras: lost after 30 s without a first frame, or 5 s without another.
    pub fn new(pipeline: &str) -> Self {
        Self {
            name: "the pipeline".into(),
            pipeline: pipeline.to_owned(),
            live: None,
            prepare: Arc::new(|_| {}),
            limits: Limits::default(),
            unusable: Arc::default(),
            turn: Turn::default(),
            backoff: Backoff::default(),
        }
    }
}

/// How long a live source whose thread is well says nothing at the most: it pauses after a loss, is opened, has its time to begin (or
/// falls silent), and comes to rest; with a little time for a busy machine.
pub fn longest_silence(limits: &Limits) -> Duration {
    let silent = limits.start + limits.start.max(limits.stall);
    Backoff::default().most + silent + pipeline::TEARDOWN_DEADLINE + Duration::from_secs(5)
}

/// Why a source ended, other than by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It gave its last frame.
    EndOfStream,
    /// It was asked to stop.
    Stopped,
}

/// Takes frames from `pipeline` until it ends, fails, is live and reaches one of its limits, or one of `stop` is closed. `changed` hears
/// of the first frame and of frames that are left out; `deliver` gets each frame, and breaks when no more are wanted.
pub fn run_once(
    pipeline: &mut Pipeline,
    params: &Params,
    stop: [&Receiver<()>; 2],
    deliver: impl FnMut(Frame, bool) -> ControlFlow<()> + Send + 'static,
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
            recv(watch.rung()) -> _ => {}
            recv(pipeline.events()) -> event => {
                // frames may have come while this thread had no turn: they were before
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
