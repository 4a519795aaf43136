//! Cameras come and go. A live source that fails, ends or falls silent is built anew, after a pause that grows.

use super::{Disbelief, Ended, Params, Pipeline, Reports, run_once};
use crate::error::{Error, Kind, Result};
use crate::frame::Frame;
use crossbeam_channel::{Receiver, after, select};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long to wait before a lost camera is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause; each further one is twice as long...
    pub first: Duration,
    /// ...up to this.
    pub most: Duration,
    /// A source that ran for so long starts over with the first pause.
    pub settled: Duration,
    next: Duration,
}

impl Default for Backoff {
    /// 0.5 s, doubling to 10 s; a minute of frames starts over.
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(10), Duration::from_secs(60))
    }
}

impl Backoff {
    /// Pauses from `first` to `most`; a source that ran for `settled` starts over.
    pub fn new(first: Duration, most: Duration, settled: Duration) -> Self {
        Self { first, most, settled, next: first }
    }

    /// The pause after a run that gave frames for `ran`.
    fn pause(&mut self, ran: Duration) -> Duration {
        if ran >= self.settled {
            self.next = self.first;
        }
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        pause
    }
}

/// What is to be told of a source.
#[derive(Debug)]
pub enum Change {
    /// Frames come; after a loss, they came back.
    Flows {
        /// Whether in real time.
        live: bool,
    },
    /// It was lost, and will be tried again after `pause`.
    Lost {
        /// Why.
        why: Error,
        /// When it is tried again.
        pause: Duration,
    },
    /// Damaged frames give no result: reported at once, then once a minute.
    Damaged(Damage),
    /// The timestamps of its frames are not plausible; reported at most once a minute.
    Untimed {
        /// What they have.
        why: Disbelief,
    },
}

/// Damaged frames that were left out.
#[derive(Debug)]
pub struct Damage {
    /// How many.
    pub frames: u64,
    /// Whether there were others in the minute before; then these are of the last minute.
    pub goes_on: bool,
    /// What is wrong with the latest one.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, goes_on, why } = self;
        let plural = if *frames == 1 { "frame" } else { "frames" };
        let when = if *goes_on { "in the last minute" } else { "left out" };
        write!(f, "{frames} damaged {plural} {when}: {why}")
    }
}

/// Runs the source until it ends or one of `stop` is closed. A live one does not end: whatever it dies of is told to `changed`, and it
/// is built anew. Faults that trying again cannot heal ([`Kind::Permanent`]; of a live source only before its first frame), and those
/// of sources that are not live, come back as errors.
pub fn run(
    params: &Params,
    stop: [&Receiver<()>; 2],
    changed: &mut dyn FnMut(Change),
    deliver: impl FnMut(Frame, bool) -> ControlFlow<()> + Send + 'static,
) -> Result<Ended> {
    let deliver = Arc::new(Mutex::new(Some(deliver)));
    let ended = keep_up(params, stop, changed, &deliver);
    // A pipeline that hung and was left to itself still holds a copy: whoever waits for frames must not wait for it.
    deliver.lock().unwrap_or_else(PoisonError::into_inner).take();
    ended
}

/// What takes the frames, for one pipeline after the other; `None` when it is over.
type Shared<F> = Arc<Mutex<Option<F>>>;

fn keep_up<F>(params: &Params, stop: [&Receiver<()>; 2], changed: &mut dyn FnMut(Change), deliver: &Shared<F>) -> Result<Ended>
where
    F: FnMut(Frame, bool) -> ControlFlow<()> + Send + 'static,
{
    let mut backoff = params.backoff;
    let (mut warned, mut reports) = (false, Reports::default());
    let mut gave_frames = false;
    loop {
        let built = Pipeline::build(&params.pipeline).map_err(|error| error.of_kind(Kind::Permanent));
        let mut pipeline = built?.of_camera(&params.name);
        pipeline.set_live(params.live);
        pipeline.check_formats()?;
        pipeline.turn = params.turn;
        (params.prepare)(&pipeline);
        let mut live = pipeline.may_be_live();
        let first = !std::mem::replace(&mut warned, true);
        if first {
            pipeline.bounded().iter().for_each(|said| tracing::warn!("{said}"));
        }
        if live && first {
            for queue in pipeline.hoarding_queues() {
                tracing::warn!(
                    "{}: '{queue}' in front of the appsink keeps up to 200 frames when the model is behind, and results get as old as they are.\n  \
                     Leave it out, or make it: queue leaky=downstream max-size-buffers=1",
                    params.name
                );
            }
        }
        let mut since = None;
        let (shared, unwanted) = (deliver.clone(), Arc::new(AtomicBool::new(false)));
        let enough = unwanted.clone();
        let pass_on = move |frame, live| {
            let passed = match shared.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                Some(deliver) => deliver(frame, live),
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
            // it ended because nobody wants its frames any more: that is no loss
            return Ok(Ended::Stopped);
        }
        let why = match ended {
            Err(error) if !live => return Err(error),
            // a camera that gave frames may give them again: another format may have been chosen at the camera itself
            Err(error) if error.kind() == Kind::Permanent && !gave_frames => return Err(error),
            Err(error) => error,
            Ok(Ended::EndOfStream) if live => Error::failed("the camera ended its stream")
                .hint("If it is a film and no camera: live = false in its [[camera]], or --live=false"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_to_ten_seconds_and_a_minute_of_frames_starts_over() {
        let mut backoff = Backoff::default();
        let mut pauses =
            |ran: u64, times: usize| (0..times).map(|_| backoff.pause(Duration::from_secs(ran)).as_millis()).collect::<Vec<_>>();
        assert_eq!(pauses(0, 7), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(pauses(59, 1), [10000]);
        assert_eq!(pauses(60, 1), [500]);
        assert_eq!(pauses(1, 2), [1000, 2000]);
    }
}
