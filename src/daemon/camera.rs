//! One camera: its pipeline on its own thread, its channel to each engine, and its counters.

use super::hook::Hook;
use super::outlets::{Exchange, Outlet, Outlets, outlet};
use super::reporter::{StateReporter, wake};
use crate::caption::Caption;
use crate::capture::{self, Limits, Pipeline};
use crate::config::{self, StreamSettings};
use crate::engine::{Stream, StreamId};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::metrics::{Metrics, State};
use crate::publish::{Board, Overlay};
use crate::system::signals::Stop;
use crate::threads::{self, Watched};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Configures the camera's pipeline before it starts.
pub type Prepare = Arc<dyn Fn(&Pipeline) + Send + Sync>;

/// A camera whose thread is not started yet.
pub struct Prepared {
    camera: Camera,
    work: Box<dyn FnOnce() + Send>,
}

/// Other streams for a running camera.
pub struct StreamChange {
    /// All its streams then.
    pub streams: Vec<(StreamSettings, StreamId)>,
    /// Those that it has no more.
    pub remove: Vec<StreamId>,
    /// The outlets of those that are new.
    pub add: Vec<Outlet>,
}

impl StreamChange {
    /// Whether no stream comes or goes.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.add.is_empty()
    }
}

/// A running camera.
pub struct Camera {
    /// Its settings.
    pub settings: config::Camera,
    /// Its streams.
    pub streams: Vec<(StreamSettings, StreamId)>,
    /// Its counters.
    pub metrics: Arc<Metrics>,
    /// The state and its reason as last reported to subscribers.
    pub last_reported: (State, Option<String>),
    exchange: Exchange,
    /// The text on its video.
    pub board: Board,
    stop: Stop,
    /// `None` until it is started.
    thread: Option<Watched<()>>,
    /// Disconnected once the thread and the command of on_stuck have ended.
    hook_ended: Receiver<()>,
    outcome: Arc<OnceLock<Result<()>>>,
}

impl Camera {
    /// Creates the camera with its `streams`, which counts in `metrics` and wakes `main` at each change of its state. Their
    /// results are shown on its video. Returns each stream with its engine's key.
    pub fn prepare(
        settings: config::Camera,
        streams: Vec<StreamSettings>,
        prepare: Prepare,
        metrics: Arc<Metrics>,
        main: Sender<()>,
    ) -> (Prepared, Vec<(Arc<str>, Stream)>) {
        let caption = Caption::lasting(settings.min_interval.unwrap_or_default() * 2);
        let (mut outlets, mut ids, mut to_engines) = (Vec::new(), Vec::new(), Vec::new());
        let board = Board::new(caption.clone());
        for of in streams {
            let (outlet, stream) = stream_of(&metrics, &settings, &of, &board);
            outlets.push(outlet);
            ids.push((of.clone(), stream.id()));
            to_engines.push((of.model, stream));
        }
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
        let (counting, exchange) = (metrics.clone(), Exchange::default());
        let mut outlets = Outlets::new(outlets, exchange.clone());
        let deliver = move |mut frame: Frame| {
            frame.info.number = counting.captured();
            outlets.send(&frame)
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
        let camera =
            Self { settings, streams: ids, metrics, last_reported, exchange, board, stop, thread: None, hook_ended, outcome };
        (Prepared { camera, work: Box::new(work) }, to_engines)
    }

    /// Exchanges streams while frames flow.
    pub fn exchange(&mut self, settings: config::Camera, change: StreamChange) {
        let StreamChange { streams, remove, add } = change;
        self.exchange.replace(&remove, add);
        (self.settings, self.streams) = (settings, streams);
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

/// The stream `of` a camera with these `settings`, counted in `metrics`, and its outlet.
/// Its results are shown on `board`.
pub fn stream_of(metrics: &Metrics, settings: &config::Camera, of: &StreamSettings, board: &Board) -> (Outlet, Stream) {
    let title = of.region_name().unwrap_or(if of.model.is_empty() { &settings.name } else { &of.model });
    let (outlet, stream) = outlet(metrics.stream(of.region_name(), &of.model));
    let crop = of.region.as_ref().map(|(_, crop)| *crop);
    (outlet, stream.with_unchanged(settings.unchanged).with_crop(crop).with_place(Box::new(Overlay::new(board, title))))
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
