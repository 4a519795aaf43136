//! The age of a frame when it arrives, by the clock of its pipeline.

use super::timestamps::{Claim, Timestamps};
use super::watch::Watch;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_app::prelude::*;
use std::time::Duration;

/// How old frames are by the clock of their pipeline.
#[derive(Default)]
pub struct Clock {
    segment: Option<gst::Segment>,
    times: Timestamps,
}

impl Clock {
    /// The age of the frame of `sample`, which has just arrived.
    pub fn age(&mut self, sink: &gst_app::AppSink, sample: &gst::Sample, watch: &Watch) -> Duration {
        let segment = sample.segment();
        let new_segment = segment != self.segment.as_ref();
        if new_segment {
            self.segment = segment.cloned();
        }
        let taken = || segment?.downcast_ref::<gst::ClockTime>()?.to_running_time(sample.buffer()?.pts()?);
        let [taken, now] = [taken(), sink.current_running_time()].map(|time| time.map(Duration::from));
        let (age, disbelief) = self.times.age(Claim { taken, now, new_segment });
        if let Some(disbelief) = disbelief {
            watch.disbelieve(disbelief);
        }
        age
    }
}
