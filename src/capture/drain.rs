//! Runs sources and discards their frames, to measure the cost of the source alone.

use super::bus::Event;
use super::pipeline::Pipeline;
use crate::error::Result;
use gstreamer::{self as gst, prelude::*};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Runs `count` pipelines of `text` in parallel for `time`, discards every frame in its appsink, and returns the number of frames.
/// `begins` is called once all of them are running.
pub fn drain(text: &str, count: usize, time: Duration, begins: impl FnOnce()) -> Result<u64> {
    let frames = Arc::new(AtomicU64::new(0));
    let mut pipelines = Vec::with_capacity(count);
    for _ in 0..count {
        let mut pipeline = Pipeline::build(text)?;
        pipeline.sink.set_drop(true);
        let (counted, pad) = (frames.clone(), pipeline.sink.static_pad("sink").expect("an appsink has a pad named sink"));
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        pipeline.start_draining()?;
        pipelines.push(pipeline);
    }
    begins();
    let before = frames.load(Ordering::Relaxed);
    let first = pipelines.first().and_then(|pipeline| pipeline.events().recv_timeout(time).ok());
    let count = frames.load(Ordering::Relaxed) - before;
    let others = pipelines.iter().filter_map(|pipeline| pipeline.events().try_recv().ok());
    for event in first.into_iter().chain(others) {
        if let Event::Failed(error) = event {
            return Err(error);
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_from_when_all_sources_run_until_the_first_ends() {
        let source = "videotestsrc is-live=true num-buffers=20 ! video/x-raw,framerate=200/1 ! appsink name=frames";
        let mut begun = false;
        let frames = drain(source, 2, Duration::from_secs(60), || begun = true).unwrap();
        assert!(begun && (1..=40).contains(&frames), "{frames}");
        let Err(error) = drain("v4l2src device=/dev/video77 ! appsink name=frames", 1, Duration::ZERO, || {}) else {
            panic!("there is no such camera");
        };
        assert!(error.to_string().contains("/dev/video77"), "{error}");
    }
}
