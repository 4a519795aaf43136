//! A GStreamer pipeline with an `appsink name=frames`: building it from text, starting it, and tearing it down.

use super::bus::{self, Event};
use super::clock::Clock;
use super::gif;
use super::liveness;
use super::orientation::{Tagged, Turn};
use super::pace::Gate;
use super::sample::{SampleReader, Trouble};
use super::signs::{Limits, Lost};
use super::sinks;
use super::v4l2_leaks::Devices;
use super::watch::Watch;
use super::{errors, jpeg_probe, log};
use crate::error::{Error, Kind, Result};
use crate::frame::Frame;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long after a failed state change its cause may be posted.
const POSTED_BY: Duration = Duration::from_millis(500);

/// Time limit for a pipeline's teardown.
pub(super) const TEARDOWN_DEADLINE: Duration = Duration::from_secs(3);

/// The name of the textoverlay that shows results.
pub(super) const LABELS: &str = "labels";

/// A pipeline that delivers frames.
pub struct Pipeline {
    pub(super) pipeline: gst::Pipeline,
    pub(super) sink: gst_app::AppSink,
    /// The orientation of its frames.
    pub(super) turn: Turn,
    /// The average time between two frames, at the least.
    pub(super) min_interval: Option<Duration>,
    tagged: Tagged,
    events: Receiver<Event>,
    watch: Arc<Watch>,
    /// Whether the source is live: as configured, and by its kind; `None` if not known.
    live: Option<bool>,
    by_kind: Option<bool>,
    /// Log messages about elements that were given a limit.
    bounded: Vec<String>,
    /// The camera's name, for the log.
    name: Arc<OnceLock<Arc<str>>>,
    /// The devices it has opened.
    devices: Devices,
}

impl Pipeline {
    /// Builds the pipeline of gst-launch `text`, in the state NULL.
    pub fn build(text: &str) -> Result<Self> {
        log::start_gstreamer()?;
        gif::register();
        let mut context = gst::ParseContext::new();
        let made = gst::parse::launch_full(text, Some(&mut context), gst::ParseFlags::FATAL_ERRORS)
            .map_err(|error| errors::parse_error(text, &error, &context.missing_elements()))?;
        let no_sink = || {
            Error::config("the pipeline has no appsink named 'frames'")
                .hint("Frames are read from it. End the branch with: ! appsink name=frames")
        };
        let pipeline = made.downcast::<gst::Pipeline>().map_err(|_| no_sink())?;
        let sink = pipeline.by_name("frames").ok_or_else(no_sink)?;
        let sink = sink.downcast::<gst_app::AppSink>().map_err(|element| {
            let kind = element.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
            Error::config(format!("'frames' is a {kind} in this pipeline, not an appsink"))
                .hint("Only the appsink may have the name 'frames'.")
        })?;
        sinks::set_up(&sink)?;
        let bounded = sinks::bound_others(&pipeline, &sink);
        if let Some(labels) = pipeline.by_name(LABELS) {
            let kind = labels.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
            if kind != "textoverlay" {
                return Err(Error::config(format!("'{LABELS}' is a {kind} in this pipeline, not a textoverlay"))
                    .hint("That name is reserved for the element that shows results on the video."));
            }
        }
        let name = Arc::default();
        let events = bus::listen(&pipeline, Arc::clone(&name));
        let tagged = sink.static_pad("sink").map(|pad| Tagged::on(&pad)).unwrap_or_default();
        let watch = Watch::new();
        jpeg_probe::watch(&pipeline, &watch);
        let by_kind = liveness::by_sources(&pipeline);
        Ok(Self {
            pipeline,
            sink,
            turn: Turn::default(),
            min_interval: None,
            tagged,
            events,
            name,
            watch,
            live: None,
            by_kind,
            bounded,
            devices: Devices::default(),
        })
    }

    /// Sets the camera's name, under which warnings are logged.
    pub fn of_camera(self, name: &Arc<str>) -> Self {
        // it is set only once
        let _ = self.name.set(name.clone());
        self
    }

    /// Sets whether the source is live; `None`: derived from its kind.
    pub fn set_live(&mut self, live: Option<bool>) {
        self.live = live;
    }

    /// Whether the source may be live, as far as that is known before it is opened: as configured, otherwise by its kind. An unknown
    /// kind may be live.
    pub fn may_be_live(&self) -> bool {
        self.live.or(self.by_kind).unwrap_or(true)
    }

    /// Starts the pipeline, and returns whether the source is live (frames arrive in real time, as from a camera).
    /// Each frame goes to `deliver`, on a GStreamer thread; `deliver` breaks when no more are wanted. Returns `None` if `stopped`
    /// returned true during startup. A source that is not live must deliver its first picture within `limit`.
    pub fn start(
        &mut self,
        stopped: impl Fn() -> bool,
        limit: Duration,
        mut deliver: impl FnMut(Frame) -> ControlFlow<()> + Send + 'static,
    ) -> Result<Option<bool>> {
        let Some(live) = self.prepare(stopped, limit)? else { return Ok(None) };
        let (mut reader, mut clock, watch) = (SampleReader::default(), Clock::default(), self.watch.clone());
        let (turn, tagged, mut gate) = (self.turn, self.tagged.clone(), Gate::new(self.min_interval));
        let new_sample = move |sink: &gst_app::AppSink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let mut frame = match reader.frame(&sample, live) {
                Ok(frame) => frame,
                Err(Trouble::Refused(refused)) => {
                    watch.refuse(refused);
                    return Ok(gst::FlowSuccess::Ok);
                }
                Err(Trouble::NoPicture(why)) => {
                    gst::element_error!(sink, gst::StreamError::Format, ("Cannot use this frame: {why}"));
                    return Err(gst::FlowError::Error);
                }
            };
            if live {
                frame.info = frame.info.taken_before(clock.age(sink, &sample, &watch));
            }
            if !gate.takes(&frame.info) {
                watch.skip();
                return Ok(gst::FlowSuccess::Ok);
            }
            watch.take();
            frame.info.picture.orientation = turn.of(tagged.get());
            match deliver(frame) {
                ControlFlow::Continue(()) => Ok(gst::FlowSuccess::Ok),
                ControlFlow::Break(()) => Err(gst::FlowError::Eos),
            }
        };
        self.sink.set_callbacks(gst_app::AppSinkCallbacks::builder().new_sample(new_sample).build());
        self.watch.begin();
        self.pipeline.set_state(gst::State::Playing).map_err(|_| self.why_not("cannot start the pipeline"))?;
        Ok(Some(live))
    }

    /// Starts the pipeline without a consumer of its frames.
    pub(super) fn start_draining(&mut self) -> Result<()> {
        self.prepare(|| false, Limits::default().start)?;
        self.pipeline.set_state(gst::State::Playing).map_err(|_| self.why_not("cannot start the pipeline"))?;
        Ok(())
    }

    /// Sets the pipeline to PAUSED, which opens its devices, and finds out whether the source is live.
    fn prepare(&mut self, stopped: impl Fn() -> bool, limit: Duration) -> Result<Option<bool>> {
        self.devices = Devices::about_to_open(&self.devices());
        let mut change = self.pipeline.set_state(gst::State::Paused);
        let began = Instant::now();
        while change == Ok(gst::StateChangeSuccess::Async) {
            match self.events.recv_timeout(Duration::from_millis(1)) {
                Ok(Event::Failed(error)) => return Err(self.reason(error)),
                Ok(Event::EndOfStream) => return Err(Error::failed("the pipeline ended before its first frame")),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if stopped() {
                return Ok(None);
            }
            if began.elapsed() > limit {
                let lost = Lost::Start(limit);
                return Err(Error::failed(lost.to_string()).hint(lost.hint()));
            }
            let (result, _, _) = self.pipeline.state(gst::ClockTime::from_mseconds(20));
            change = result;
        }
        match change {
            Ok(success) => {
                let live = success == gst::StateChangeSuccess::NoPreroll || self.by_kind == Some(true);
                Ok(Some(self.live.unwrap_or(live)))
            }
            Err(_) => Err(self.why_not("cannot open the pipeline")),
        }
    }

    /// The error that the pipeline posts when a state change fails, sometimes a little later and from another thread.
    fn why_not(&self, what: &str) -> Error {
        while let Ok(event) = self.events.recv_timeout(POSTED_BY) {
            if let Event::Failed(error) = event {
                return self.reason(error);
            }
        }
        Error::new(Kind::Failed, what).hint("GST_DEBUG=3 in the environment shows GStreamer's log.")
    }

    /// The state of its frames.
    pub(super) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// The first error that names a cause, of `first` and those that follow shortly.
    pub(super) fn reason(&self, first: Error) -> Error {
        let deadline = Instant::now() + POSTED_BY;
        while errors::is_vague(&first) {
            match self.events.recv_deadline(deadline) {
                Ok(Event::Failed(error)) if !errors::is_vague(&error) => return error,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        first
    }

    /// An error if the appsink accepts no format of the element in front of it: retrying would not help.
    pub(super) fn check_formats(&self) -> Result<()> {
        sinks::check_formats(&self.sink)
    }

    /// A log message about each element that had no limit and was given one.
    pub fn bounded(&self) -> &[String] {
        &self.bounded
    }

    /// The pipeline's events, as they occur.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }
}

impl Drop for Pipeline {
    /// Stops the pipeline: afterwards its threads have ended and its buffers are released. If a driver hangs, the pipeline is abandoned.
    fn drop(&mut self) {
        let (pipeline, (rests, at_rest)) = (self.pipeline.clone(), bounded::<()>(0));
        let ending = std::thread::Builder::new().name("teardown".into()).spawn(move || {
            if pipeline.set_state(gst::State::Null).is_err() {
                tracing::warn!("the pipeline cannot be stopped");
            }
            if let Some(bus) = pipeline.bus() {
                bus.unset_sync_handler();
            }
            // the last reference but one: everything is closed before this thread reports its end
            drop(pipeline);
            drop(rests);
        });
        if ending.is_ok() && at_rest.recv_timeout(TEARDOWN_DEADLINE) == Err(RecvTimeoutError::Timeout) {
            return tracing::warn!("the pipeline did not stop within {} s and was abandoned", TEARDOWN_DEADLINE.as_secs());
        }
        match self.devices.release() {
            0 => {}
            left => tracing::debug!("GStreamer left {left} descriptors of the camera open; they were released"),
        }
    }
}
