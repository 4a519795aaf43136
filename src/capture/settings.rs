//! What one source needs, and the defaults.

use super::orientation::Turn;
use super::pipeline::{Pipeline, TEARDOWN_DEADLINE};
use super::signs::Limits;
use crate::backoff::Backoff;
use crate::stats::Unusable;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait before a lost camera is tried again: 0.5 s, doubling to 10 s; a minute of frames starts over.
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10), Duration::from_secs(60));

/// What one source needs.
#[derive(Clone)]
pub struct Params {
    /// The camera's name, for the log.
    pub name: Arc<str>,
    /// gst-launch text, variables and comments already expanded.
    pub pipeline: String,
    /// Whether the source is live; `None`: its kind decides.
    pub live: Option<bool>,
    /// Sets up elements of the freshly built pipeline, before it starts.
    pub prepare: Arc<dyn Fn(&Pipeline) + Send + Sync>,
    /// Time limits after which a live source without frames is lost.
    pub limits: Limits,
    /// Counters of the frames that give no result.
    pub unusable: Arc<Unusable>,
    /// The orientation of its frames.
    pub turn: Turn,
    /// How long to wait before a lost camera is tried again.
    pub backoff: Backoff,
}

impl Params {
    /// The source of `pipeline` with what is right for most cameras: lost after 30 s without a first frame, or 5 s without another.
    pub fn new(pipeline: &str) -> Self {
        Self {
            name: "the pipeline".into(),
            pipeline: pipeline.to_owned(),
            live: None,
            prepare: Arc::new(|_| {}),
            limits: Limits::default(),
            unusable: Arc::default(),
            turn: Turn::default(),
            backoff: RETRY,
        }
    }
}

/// The longest time for which a live source with a healthy thread makes no progress: it pauses after a loss, is opened, has its time to
/// begin (or stalls), and is torn down; with a margin for a busy machine.
pub fn longest_silence(limits: &Limits) -> Duration {
    let silent = limits.start + limits.start.max(limits.stall);
    RETRY.most() + silent + TEARDOWN_DEADLINE + Duration::from_secs(5)
}
