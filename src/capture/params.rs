//! The parameters of a source.

use super::orientation::Turn;
use super::pipeline::{Pipeline, TEARDOWN_DEADLINE};
use super::signs::Limits;
use crate::backoff::Backoff;
use crate::stats::Unusable;
use std::sync::Arc;
use std::time::Duration;

/// The pause before a lost camera is reopened: 0.5 s, doubling up to 10 s; reset after a minute of frames.
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10), Duration::from_secs(60));

/// The parameters of a source.
#[derive(Clone)]
pub struct Params {
    /// The camera's name, for the log.
    pub name: Arc<str>,
    /// gst-launch text, variables and comments already expanded.
    pub pipeline: String,
    /// Whether the source is live; `None`: derived from its kind.
    pub live: Option<bool>,
    /// Configures elements of the newly built pipeline, before it starts.
    pub prepare: Arc<dyn Fn(&Pipeline) + Send + Sync>,
    /// The time limits after which a live source without frames is lost.
    pub limits: Limits,
    /// The average time between two frames, at the least.
    pub min_interval: Option<Duration>,
    /// Counters of the frames that get no result.
    pub unusable: Arc<Unusable>,
    /// The orientation of its frames.
    pub turn: Turn,
    /// The pause before a lost camera is reopened.
    pub backoff: Backoff,
}

impl Params {
    /// The source of `pipeline` with the defaults of a camera.
    pub fn new(pipeline: &str) -> Self {
        Self {
            name: "the pipeline".into(),
            pipeline: pipeline.to_owned(),
            live: None,
            prepare: Arc::new(|_| {}),
            limits: Limits::default(),
            min_interval: None,
            unusable: Arc::default(),
            turn: Turn::default(),
            backoff: RETRY,
        }
    }
}

/// The longest time that a live source with a healthy thread may be without progress: the pause after a loss, opening, waiting for
/// the first frame (or a stall), and teardown; with a margin for a busy machine.
pub fn longest_silence(limits: &Limits) -> Duration {
    let silent = limits.start + limits.start.max(limits.stall);
    RETRY.most() + silent + TEARDOWN_DEADLINE + Duration::from_secs(5)
}
