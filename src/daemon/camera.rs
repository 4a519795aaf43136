//! One camera: its pipeline on a thread of its own, its channel, its figures, and what the log tells of it.

use crate::caption::Caption;
use crate::capture::{self, Change, Pipeline};
use crate::channel::{Sent, counted_channel};
use crate::config;
use crate::error::{Error, Result};
use crate::publish::Overlay;
use crate::shutdown::Stop;
use crate::tally::{State, Tally};
use crate::threads::{self, Watched};
use crate::worker::Lane;
use crossbeam_channel::Sender;
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// One frame waits while one is worked on: with more, a live worker that is behind would see older frames.
const WAITING: usize = 1;

/// How long a command that is to help a camera may take.
const HELP: Duration = Duration::from_secs(30);

/// What is done to the camera's pipeline before it starts.
pub type Prepare = Arc<dyn Fn(&Pipeline) + Send + Sync>;

/// A camera at work.
pub struct Camera {
    /// What it was told.
    pub settings: config::Camera,
    /// Its figures.
    pub tally: Arc<Tally>,
    /// What of its state was told last.
    pub told: (State, Option<String>),
    stop: Stop,
    thread: Watched<()>,
    outcome: Arc<OnceLock<Result<()>>>,
}

impl Camera {
    /// Starts the camera; its figures go on in `tally`, and `bell` rings at each change of its state. The lane is for the worker.
    pub fn start(settings: config::Camera, prepare: Prepare, tally: Arc<Tally>, bell: Sender<()>) -> Result<(Self, Lane)> {
        let (mut sender, receiver) = counted_channel(WAITING, tally.dropped_counter());
        let caption = Caption::default();
        let lane = Lane::new(receiver, tally.clone()).with_place(Box::new(Overlay::new(caption.clone())));
        let params = capture::Params {
            limits: settings.limits,
            turn: settings.turn,
            unusable: tally.unusable_counter(),
            live: settings.live,
            prepare: Arc::new(move |pipeline| {
                pipeline.show(&caption);
                prepare(pipeline);
            }),
            ..capture::Params::new(&settings.pipeline)
        };
        let counting = tally.clone();
        let deliver = move |frame, live| {
            counting.captured();
            match if live { sender.send_newest(frame) } else { sender.send_all(frame) } {
                Sent::Closed => ControlFlow::Break(()),
                Sent::Queued | Sent::Replaced(_) => ControlFlow::Continue(()),
            }
        };
        let (stop, outcome) = (Stop::default(), Arc::new(OnceLock::new()));
        let (asked, result) = (stop.clone(), outcome.clone());
        let mut teller = Teller::new(&settings, tally.clone(), bell.clone());
        let work = move || {
            let stop = [asked.receiver(), asked.receiver()];
            let ended = capture::run(&params, stop, &mut |change| teller.tell(&change), deliver);
            teller.tally.ended(ended.as_ref().err().map(|error| error.to_string()).as_deref());
            // nobody else sets it
            let _ = result.set(ended.map(drop));
            ring(&bell);
        };
        let thread = threads::spawn("capture", work)?;
        Ok((Self { settings, tally, told: (State::Starting, None), stop, thread, outcome }, lane))
    }

    /// Asks it to end.
    pub fn stop(&self) {
        self.stop.request();
    }

    /// Waits for the end that it was asked for, until `deadline` at the most.
    pub fn wait(&self, deadline: Instant) {
        if !self.thread.wait(deadline) {
            tracing::warn!("{} did not end in time, and is left to itself", self.settings.name);
        }
    }

    /// The panic of its thread, if that is how it ended.
    pub fn fault(&self) -> Option<Error> {
        let panic = self.thread.outcome()?.as_ref().err()?;
        Some(Error::failed(format!("nobody looks after the camera '{}' any more", self.settings.name)).because(panic))
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<&Result<()>> {
        self.outcome.get()
    }
}

fn ring(bell: &Sender<()>) {
    // a bell that rings already is heard
    let _ = bell.try_send(());
}

/// Tells the log of each change once, counts it, and calls for help when the camera stays lost.
struct Teller {
    name: Arc<str>,
    tally: Arc<Tally>,
    bell: Sender<()>,
    stuck: Option<config::Stuck>,
    lost: Option<(Instant, String)>,
    /// Losses without a frame in between.
    losses: usize,
}

impl Teller {
    fn new(settings: &config::Camera, tally: Arc<Tally>, bell: Sender<()>) -> Self {
        Self { name: settings.name.clone(), tally, bell, stuck: settings.stuck.clone(), lost: None, losses: 0 }
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
                self.tally.flows();
                ring(&self.bell);
            }
            (Change::Lost { why, pause }, before) => {
                let why = why.to_string();
                match &before {
                    Some((_, known)) if *known == why => tracing::debug!("{name}: still lost; next try in {pause:.1?}"),
                    Some(_) => tracing::warn!("{name} is still away, now: {why}"),
                    None => tracing::warn!("{name} is lost, and tried again until it is back: {why}"),
                }
                let since = before.map_or_else(Instant::now, |(since, _)| since);
                self.tally.lost(&why);
                ring(&self.bell);
                self.lost = Some((since, why));
                self.losses += 1;
                if let Some(stuck) = self.stuck.as_ref().filter(|stuck| self.losses.is_multiple_of(stuck.after)) {
                    tracing::warn!("{name} was lost {} times in a row; running: {}", self.losses, stuck.command);
                    help(name, &stuck.command);
                }
            }
        }
    }
}

/// Runs the command that may bring the camera back (a restart of the camera server, a power switch of the USB port).
fn help(name: &str, command: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("GLIMPSED_CAMERA", name).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = match shell.spawn() {
        Ok(child) => child,
        Err(e) => return tracing::warn!("{name}: cannot run the command of on_stuck: {e}"),
    };
    let deadline = Instant::now() + HELP;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return tracing::info!("{name}: the command of on_stuck is done"),
            Ok(Some(status)) => return tracing::warn!("{name}: the command of on_stuck failed: {status}"),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                tracing::warn!("{name}: the command of on_stuck did not end within {} s, and is killed", HELP.as_secs());
                // it ends either way
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            Err(e) => return tracing::warn!("{name}: cannot wait for the command of on_stuck: {e}"),
        }
    }
}
