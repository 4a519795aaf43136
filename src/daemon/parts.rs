//! What a daemon is given.

use super::reload::Source;
use crate::engine::Classifier;
use crate::event::Hub;
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crossbeam_channel::Receiver;
use std::time::Duration;

/// What a daemon is made of, beside its cameras.
pub struct Parts {
    /// What classifies: an engine for each, and each gets the frames of all cameras.
    pub classifiers: Vec<Classifier>,
    /// Where results and changes of state go.
    pub hub: Hub,
    /// How often subscribers get the statistics.
    pub status_interval: Option<Duration>,
    /// Ends by itself after so many results, of all engines together.
    pub limit: Option<u64>,
    /// Where other settings come from.
    pub source: Option<Source>,
}

/// Who tells it what to do.
pub struct Outside<'a> {
    /// The end.
    pub stop: &'a Stop,
    /// Everything else.
    pub asked: &'a Receiver<Ask>,
    /// The service manager.
    pub service: Service,
}
