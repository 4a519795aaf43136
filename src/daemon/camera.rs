//! One camera: its pipeline on a thread of its own, its channel, its figures, and what the log tells of it.

use super::hook::Hook;
use crate::caption::Caption;
use crate::capture::{self, Change, Pipeline};
use crate::channel::{Sent, counted_channel};
use crate::config;
use crate::engine::{Stream, StreamId};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::metrics::{Metrics, State};
use crate::publish::Overlay;
use crate::system::signals::Stop;
use crate::threads::{self, Watched};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// One frame waits while one is worked on: with more, a live engine that is behind would see older frames.
const WAITING: usize = 1;

/// What is done to the camera's pipeline before it starts.
pub type Prepare = Arc<dyn Fn(&Pipeline) + Send + Sync>;

/// A camera that is set up, and whose thread has not been started.
pub struct Prepared {
    camera: Camera,
    work: Box<dyn FnOnce() + Send>,
}

/// A camera at work.
pub struct Camera {
    /// Its settings.
    pub settings: config::Camera,
    /// Its stream in the engine.
    pub stream: StreamId,
    /// Its figures.
    pub metrics: Arc<Metrics>,
    /// What of its state was told last.
    pub told: (State, Option<String>),
    stop: Stop,
    /// `None` until it is started.
    thread: Option<Watched<()>>,
    /// Disconnected once the thread and the command of on_stuck have ended.
    hook_ended: Receiver<()>,
    outcome: Arc<OnceLock<Result<()>>>,
}

impl Camera {
    /// Sets the camera up; its figures go on in `metrics`, and `bell` rings at each change of its state. The stream is for the engine.
    pub fn prepare(settings: config::Camera, prepare: Prepare, metrics: Arc<Metrics>, bell: Sender<()>) -> (Prepared, Stream) {
        let (mut sender, receiver) = counted_channel(WAITING, metrics.dropped_counter());
        let caption = Caption::default();
        let stream = Stream::new(receiver, metrics.clone()).with_place(Box::new(Overlay::new(caption.clone())));
        let params = capture::Params {
            name: settings.name.clone(),
            limits: settings.limits,
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
            match if frame.info.live { sender.send_newest(frame) } else { sender.send_all(frame) } {
                Sent::Closed => ControlFlow::Break(()),
                Sent::Queued | Sent::Replaced(_) => ControlFlow::Continue(()),
            }
        };
        let (stop, outcome) = (Stop::default(), Arc::new(OnceLock::new()));
        let (asked, result) = (stop.clone(), outcome.clone());
        let (alive, hook_ended) = bounded(0);
        let hook = Hook::new(settings.name.clone(), stop.clone(), alive);
        let mut teller = Teller::new(&settings, metrics.clone(), bell.clone(), hook);
        let work = move || {
            let stop = [asked.receiver(), asked.receiver()];
            let ended = capture::run(&params, stop, &mut |change| teller.tell(&change), deliver);
            teller.metrics.ended(ended.as_ref().err().map(Error::summary).as_deref());
            // nobody else sets it
            let _ = result.set(ended.map(drop));
            ring(&bell);
        };
        let told = (State::Starting, None);
        let camera = Self { settings, stream: stream.id(), metrics, told, stop, thread: None, hook_ended, outcome };
        (Prepared { camera, work: Box::new(work) }, stream)
    }

    /// Asks it to end.
    pub fn stop(&self) {
        self.stop.request();
    }

    /// Waits until it has ended, as it was asked to, or until `deadline`.
    pub fn wait(&self, deadline: Instant) {
        let hook_ended = || self.hook_ended.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected);
        if !(self.thread.as_ref().is_none_or(|thread| thread.wait(deadline)) && hook_ended()) {
            self.abandon();
        }
    }

    /// Says that its thread is left behind.
    pub fn abandon(&self) {
        tracing::warn!("{} did not end in time; its thread is abandoned", self.settings.name);
    }

    /// Disconnected once something that it runs has ended: its thread, or else the command of on_stuck. `None` if all has ended.
    pub fn at_work(&self) -> Option<&Receiver<()>> {
        let thread = self.thread.as_ref().map(Watched::ended).into_iter();
        thread.chain([&self.hook_ended]).find(|ended| ended.try_recv() != Err(TryRecvError::Disconnected))
    }

    /// The panic of its thread, if that is how it ended.
    pub fn fault(&self) -> Option<Error> {
        let panic = self.thread.as_ref()?.outcome()?.as_ref().err()?;
        Some(Error::failed(format!("the thread of the camera '{}' has ended", self.settings.name)).because(panic.clone()))
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<&Result<()>> {
        self.outcome.get()
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

fn ring(bell: &Sender<()>) {
    // a bell that rings already is heard
    let _ = bell.try_send(());
}

/// Tells the log of each change once, counts it, and calls for help when the camera stays lost.
struct Teller {
    name: Arc<str>,
    metrics: Arc<Metrics>,
    bell: Sender<()>,
    stuck: Option<config::Stuck>,
    hook: Hook,
    lost: Option<(Instant, String)>,
    /// Losses without a frame in between.
    losses: usize,
}

impl Teller {
    fn new(settings: &config::Camera, metrics: Arc<Metrics>, bell: Sender<()>, hook: Hook) -> Self {
        Self { name: settings.name.clone(), metrics, bell, stuck: settings.stuck.clone(), hook, lost: None, losses: 0 }
    }

    fn tell(&mut self, change: &Change) {
        let name = &self.name;
        match change {
            Change::Damaged(damage) => return tracing::warn!("{name}: {damage}"),
            Change::Untimed { why } => {
                return tracing::warn!("{name}: {why}; the time of arrival is used instead, until a new segment begins");
            }
            Change::Flows { .. } | Change::Lost { .. } => {}
        }
        match (change, self.lost.take()) {
            (Change::Damaged(_) | Change::Untimed { .. }, _) => {}
            (Change::Flows { live }, before) => {
                match before {
                    None => tracing::debug!("{name}: frames flow, {}", if *live { "live" } else { "not live" }),
                    Some((since, _)) => tracing::info!("{name}: frames again, after {:.1?}", since.elapsed()),
                }
                self.losses = 0;
                self.metrics.flows();
                ring(&self.bell);
            }
            (Change::Lost { why, pause }, before) => {
                let (summary, why) = (why.summary(), why.to_string());
                match &before {
                    Some((_, known)) if *known == why => tracing::debug!("{name}: still lost; next try in {pause:.1?}"),
                    Some(_) => tracing::warn!("{name} is still away, now: {why}"),
                    None => tracing::warn!("{name} is lost, and tried again until it is back: {why}"),
                }
                let since = before.map_or_else(Instant::now, |(since, _)| since);
                self.metrics.lost(&summary);
                ring(&self.bell);
                self.lost = Some((since, why));
                self.losses += 1;
                if let Some(stuck) = self.stuck.as_ref().filter(|stuck| self.losses.is_multiple_of(stuck.after)) {
                    tracing::warn!("{name} was lost {} times in a row; running: {}", self.losses, stuck.command);
                    self.hook.start(&stuck.command);
                }
            }
        }
    }
}
