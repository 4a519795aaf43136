//! `glimpsed mqtt`: the bridge to a broker.

use crate::bridge::mqtt;
use crate::cli::Mqtt;
use crate::error::Result;
use crate::system::signals::Stop;
use crate::system::systemd::Service;
use std::path::PathBuf;

/// Runs it until `stop` is requested.
pub fn run(args: &Mqtt, stop: &Stop) -> Result<()> {
    let (params, socket) = args.settings()?;
    let passed = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    mqtt::run(&params, &socket, passed.as_deref(), stop, Service::default())
}
