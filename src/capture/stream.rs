//! One run of a source: takes frames until something happens.

use super::bus::Event;
use super::change::Change;
use super::params::Params;
use super::pipeline::Pipeline;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::signs::Limits;
    use crate::stats::Unusable;
    use crossbeam_channel::bounded;
    use gstreamer::prelude::ObjectExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// How the source of `text` ended, and whether its pipeline was freed.
    fn ended(text: &str) -> (Result<Ended>, bool) {
        let mut pipeline = Pipeline::build(text).unwrap();
        let left = pipeline.pipeline.downgrade();
        let (_open, stop) = bounded(0);
        let take = |_| ControlFlow::Continue(());
        let limit = Duration::from_millis(300);
        let params = Params { limits: Limits { start: limit, stall: limit }, ..Params::new(text) };
        let ended = run_once(&mut pipeline, &params, [&stop, &stop], take, &mut Reports::default(), &mut |_| {});
        drop(pipeline);
        (ended, left.upgrade().is_none())
    }

    #[test]
    fn a_pipeline_is_freed_however_it_ended() {
        const LIVE: &str = "videotestsrc is-live=true ! video/x-raw,width=64,height=48";
        let (end, gone) = ended("videotestsrc num-buffers=3 ! appsink name=frames");
        assert!(end.is_ok() && gone, "end of stream");
        let (end, gone) = ended(&format!("{LIVE} ! identity error-after=3 ! appsink name=frames"));
        assert!(end.is_err() && gone, "an error");
        let (end, gone) = ended(&format!("{LIVE} ! valve drop=true ! appsink name=frames"));
        assert!(end.unwrap_err().to_string().contains("no frame") && gone, "silence");
        let (end, gone) = ended("v4l2src device=/dev/video77 ! appsink name=frames");
        assert!(end.is_err() && gone, "no camera");
    }

    /// How many frames of `text` are delivered with `max_rate` 5, and how many are skipped.
    fn delivered_and_skipped(text: &str) -> (u64, u64) {
        let (given, unusable) = (Arc::new(AtomicU64::new(0)), Arc::new(Unusable::default()));
        let counting = given.clone();
        let deliver = move |_| {
            counting.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let (_open, stop) = bounded(0);
        let params = Params { unusable: unusable.clone(), ..Params::new(text) };
        let mut pipeline = Pipeline::build(text).unwrap();
        pipeline.min_interval = Some(Duration::from_millis(200));
        run_once(&mut pipeline, &params, [&stop, &stop], deliver, &mut Reports::default(), &mut |_| {}).unwrap();
        (given.load(Ordering::Relaxed), unusable.skipped.load(Ordering::Relaxed))
    }

    #[test]
    fn frames_beyond_the_maximum_rate_are_skipped_by_the_time_of_a_film() {
        let film = "videotestsrc num-buffers=300 ! video/x-raw,width=64,height=48,framerate=30/1 ! appsink name=frames";
        assert_eq!(delivered_and_skipped(film), (50, 250));
        let slower = film.replace("num-buffers=300", "num-buffers=20").replace("30/1", "4/1");
        assert_eq!(delivered_and_skipped(&slower), (20, 0));
        let (given, skipped) = delivered_and_skipped(&film.replace("num-buffers=300", "num-buffers=40 is-live=true"));
        assert!(given + skipped == 40 && (6..=8).contains(&given), "{given} of 1.3 s");
    }
}
