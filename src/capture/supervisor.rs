//! The supervisor of a source: a live one that fails, ends or stalls is rebuilt, with exponential back-off.

use super::change::Change;
use super::params::Params;
use super::pipeline::Pipeline;
use super::stream::{Ended, run_once};
use super::watch::Reports;
use crate::error::{Error, Kind, Result};
use crate::frame::Frame;
use crossbeam_channel::{Receiver, after, select};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Runs the source until it ends or one of `stop` is closed. A live one does not end: each loss is reported to `changed`, and the
/// pipeline is rebuilt. Permanent errors ([`Kind::Permanent`]; of a live source only before its first frame), and those
/// of sources that are not live, are returned.
pub fn run(
    params: &Params,
    stop: [&Receiver<()>; 2],
    changed: &mut dyn FnMut(Change),
    deliver: impl FnMut(Frame) -> ControlFlow<()> + Send + 'static,
) -> Result<Ended> {
    let deliver = Arc::new(Mutex::new(Some(deliver)));
    let ended = keep_up(params, stop, changed, &deliver);
    // An abandoned pipeline still holds a reference: the receiver of frames must not wait for it.
    deliver.lock().unwrap_or_else(PoisonError::into_inner).take();
    ended
}

/// The consumer of frames, shared by successive pipelines; `None` after the end.
type Shared<F> = Arc<Mutex<Option<F>>>;

fn keep_up<F>(params: &Params, stop: [&Receiver<()>; 2], changed: &mut dyn FnMut(Change), deliver: &Shared<F>) -> Result<Ended>
where
    F: FnMut(Frame) -> ControlFlow<()> + Send + 'static,
{
    let mut backoff = params.backoff;
    let (mut warned, mut reports) = (false, Reports::default());
    let mut gave_frames = false;
    loop {
        let built = Pipeline::build(&params.pipeline).map_err(|error| error.of_kind(Kind::Permanent));
        let mut pipeline = built?.of_camera(&params.name);
        pipeline.set_live(params.live);
        pipeline.check_formats()?;
        (pipeline.turn, pipeline.min_interval) = (params.turn, params.min_interval);
        (params.prepare)(&pipeline);
        let mut live = pipeline.may_be_live();
        let first = !std::mem::replace(&mut warned, true);
        if first {
            pipeline.bounded().iter().for_each(|said| tracing::warn!("{said}"));
        }
        if live && first {
            for queue in pipeline.hoarding_queues() {
                tracing::warn!(
                    "{}: '{queue}' in front of the appsink keeps up to 200 frames if the model is too slow, which makes results late.\n  \
                     Remove it, or use: queue leaky=downstream max-size-buffers=1",
                    params.name
                );
            }
        }
        let mut since = None;
        let (shared, unwanted) = (deliver.clone(), Arc::new(AtomicBool::new(false)));
        let enough = unwanted.clone();
        let pass_on = move |frame| {
            let passed = match shared.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                Some(deliver) => deliver(frame),
                None => ControlFlow::Break(()),
            };
            if passed.is_break() {
                enough.store(true, Ordering::Relaxed);
            }
            passed
        };
        let ended = run_once(&mut pipeline, params, stop, pass_on, &mut reports, &mut |change| {
            if let Change::Flows { live: is_live } = change {
                (live, since, gave_frames) = (is_live, Some(Instant::now()), true);
            }
            changed(change);
        });
        drop(pipeline);
        if unwanted.load(Ordering::Relaxed) {
            // it ended because no more frames are wanted: not a loss
            return Ok(Ended::Stopped);
        }
        let why = match ended {
            Err(error) if !live => return Err(error),
            // a camera that delivered frames may do so again: its format may have been changed at the camera itself
            Err(error) if error.kind() == Kind::Permanent && !gave_frames => return Err(error),
            Err(error) => error,
            Ok(Ended::EndOfStream) if live => Error::failed("the camera ended its stream")
                .hint("If it is a film, not a camera: live = false in its [[camera]], or --live=false"),
            Ok(ended) => return Ok(ended),
        };
        let pause = backoff.pause(since.map_or(Duration::ZERO, |since| since.elapsed()));
        changed(Change::Lost { why, pause });
        select! {
            recv(stop[0]) -> _ => return Ok(Ended::Stopped),
            recv(stop[1]) -> _ => return Ok(Ended::Stopped),
            recv(after(pause)) -> _ => {}
        }
    }
}
