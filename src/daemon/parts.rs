//! The parameters of a daemon.

use super::reload::Source;
use crate::engine::Classifier;
use crate::event::Hub;
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crossbeam_channel::Receiver;
use std::time::Duration;

/// The parts of a daemon besides its cameras.
pub struct Parts {
    /// The classifiers: each gets an engine, and the frames of the cameras that name it.
    pub classifiers: Vec<Classifier>,
    /// Receives results and changes of state.
    pub hub: Hub,
    /// How often subscribers get the statistics.
    pub status_interval: Option<Duration>,
    /// The number of results, of all engines together, after which it ends.
    pub limit: Option<u64>,
    /// The source of reloaded settings.
    pub source: Option<Source>,
}

/// Its external requests.
pub struct Outside<'a> {
    /// The shutdown request.
    pub stop: &'a Stop,
    /// Other requests.
    pub asked: &'a Receiver<Ask>,
    /// The service manager.
    pub service: Service,
}
