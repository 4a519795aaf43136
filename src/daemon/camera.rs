//! One camera: its pipeline on its own thread, its channel to each engine, and its counters.

use super::hook::Hook;
use super::reporter::{StateReporter, wake};
use crate::caption::Caption;
use crate::capture::{self, Limits, Pipeline};
use crate::channel::{self, Sent, counted_channel};
use crate::config;
use crate::engine::{Stream, StreamId};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::metrics::{Metrics, State, StreamMetrics};
use crate::publish::Overlay;
use crate::system::signals::Stop;
use crate::threads::{self, Watched};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// One frame waits while another is processed: with more, a slow engine would get older frames.
const WAITING: usize = 1;

/// Configures the camera's pipeline before it starts.
pub type Prepare = Arc<dyn Fn(&Pipeline) + Send + Sync>;

/// A camera whose thread is not started yet.
pub struct Prepared {
    camera: Camera,
    work: Box<dyn FnOnce() + Send>,
}

/// A running camera.
pub struct Camera {
    /// Its settings.
    pub settings: config::Camera,
    /// Its stream in each engine.
    pub streams: Vec<StreamId>,
    /// Its counters.
    pub metrics: Arc<Metrics>,
    /// The state and its reason as last reported to subscribers.
    pub last_reported: (State, Option<String>),
    stop: Stop,
    /// `None` until it is started.
    thread: Option<Watched<()>>,
    /// Disconnected once the thread and the command of on_stuck have ended.
    hook_ended: Receiver<()>,
    outcome: Arc<OnceLock<Result<()>>>,
}

impl Camera {
    /// Creates the camera, which counts in `metrics` and wakes `main` at each change of its state. It has a stream for each of
    /// `engines` engines; results of the first are shown on the camera's video.
    pub fn prepare(
        settings: config::Camera,
        prepare: Prepare,
        metrics: Arc<Metrics>,
        main: Sender<()>,
        engines: usize,
    ) -> (Prepared, Vec<Stream>) {
        let caption = Caption::lasting(settings.min_interval.unwrap_or_default() * 2);
        let (mut outlets, streams): (Vec<_>, Vec<_>) = (0..engines)
            .map(|engine| {
                let (outlet, stream) = outlet(metrics.stream(engine));
                let stream = stream.with_unchanged(settings.unchanged);
                let overlay = || Box::new(Overlay::new(caption.clone()));
                (outlet, if engine == 0 { stream.with_place(overlay()) } else { stream })
            })
            .unzip();
        let params = capture::Params {
            name: settings.name.clone(),
            limits: settings.limits,
            min_interval: settings.min_interval,
            turn: settings.turn,
            unusable: metrics.unusable_counter(),
            live: settings.live,
            prepare: Arc::new(move |pipeline| {
                pipeline.show(&caption);
                prepare(pipeline);
            }),
            ..capture::Params::new(&settings.pipeline)
        };
        let counting = metrics.clone();
        let deliver = move |mut frame: Frame| {
            frame.info.number = counting.captured();
            // the engines share the pixels; one that has ended counts each frame as dropped
            let taken = outlets.iter_mut().filter_map(|outlet: &mut Outlet| outlet.send(frame.clone()).then_some(())).count();
            if taken > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let (stop, outcome) = (Stop::default(), Arc::new(OnceLock::new()));
        let (asked, result) = (stop.clone(), outcome.clone());
        let (alive, hook_ended) = bounded(0);
        let hook = Hook::new(settings.name.clone(), stop.clone(), alive);
        let mut reporter = StateReporter::new(&settings, metrics.clone(), main.clone(), hook);
        let work = move || {
            let stop = [asked.receiver(), asked.receiver()];
            let ended = capture::run(&params, stop, &mut |change| reporter.report(&change), deliver);
            reporter.metrics.ended(ended.as_ref().err().map(Error::summary).as_deref());
            // it is set only here
            let _ = result.set(ended.map(drop));
            wake(&main);
        };
        let last_reported = (State::Starting, None);
        let ids = streams.iter().map(Stream::id).collect();
        let camera = Self { settings, streams: ids, metrics, last_reported, stop, thread: None, hook_ended, outcome };
        (Prepared { camera, work: Box::new(work) }, streams)
    }

    /// Its counters, and how long it may be without progress.
    pub fn patience(&self) -> (&Metrics, Limits) {
        (&self.metrics, self.settings.limits)
    }

    /// Requests its end.
    pub fn stop(&self) {
        self.stop.request();
    }

    /// Waits until it has ended, at most until `deadline`.
    pub fn wait(&self, deadline: Instant) {
        let hook_ended = || self.hook_ended.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected);
        if !(self.thread.as_ref().is_none_or(|thread| thread.wait(deadline)) && hook_ended()) {
            self.abandon();
        }
    }

    /// Logs that its thread is abandoned.
    pub fn abandon(&self) {
        tracing::warn!("{} did not end in time; its thread is abandoned", self.settings.name);
    }

    /// Disconnected once its thread or else the command of on_stuck has ended. `None` if both have ended.
    pub fn at_work(&self) -> Option<&Receiver<()>> {
        let thread = self.thread.as_ref().map(Watched::ended).into_iter();
        thread.chain([&self.hook_ended]).find(|ended| ended.try_recv() != Err(TryRecvError::Disconnected))
    }

    /// The panic of its thread, if it ended by one.
    pub fn fault(&self) -> Option<Error> {
        let panic = self.thread.as_ref()?.outcome()?.as_ref().err()?;
        Some(Error::failed(format!("the thread of the camera '{}' has ended", self.settings.name)).because(panic.clone()))
    }

    /// Its outcome, if it has ended.
    pub fn outcome(&self) -> Option<&Result<()>> {
        self.outcome.get()
    }
}

/// The sending side of a channel to one engine.
struct Outlet {
    sender: channel::Sender<Frame>,
    metrics: Arc<StreamMetrics>,
}

fn outlet(metrics: Arc<StreamMetrics>) -> (Outlet, Stream) {
    let (sender, receiver) = counted_channel(WAITING, metrics.dropped_counter());
    let stream = Stream::new(receiver, metrics.clone());
    (Outlet { sender, metrics }, stream)
}

impl Outlet {
    /// Puts a frame into the channel. False: the engine accepts no more.
    fn send(&mut self, frame: Frame) -> bool {
        self.metrics.delivered();
        let sent = if frame.info.live { self.sender.send_newest(frame) } else { self.sender.send_all(frame) };
        sent != Sent::Closed
    }
}

impl Prepared {
    /// The camera's name.
    pub fn name(&self) -> &str {
        &self.camera.settings.name
    }

    /// Starts its thread.
    pub fn start(mut self) -> Result<Camera> {
        self.camera.thread = Some(threads::spawn("capture", self.work)?);
        Ok(self.camera)
    }
}
