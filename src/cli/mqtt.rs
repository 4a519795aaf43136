//! The grammar of `glimpsed mqtt`.

use super::flags::{FlagArgs, FlagSet, FlagSpec, all_of};
use super::help;
use crate::config;
use crate::error::Result;
use crate::{bridge, publish};
use clap::Args;
use std::path::PathBuf;

/// The flags of the broker.
#[derive(Debug, Clone, Copy)]
pub struct BrokerFlags;

impl FlagSet for BrokerFlags {
    fn flags() -> Vec<FlagSpec> {
        all_of("mqtt")
    }
}

/// `glimpsed mqtt`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  glimpsed mqtt --broker mqtts://hub.local --ca ca.crt --username rubik --password-file password
  mosquitto_sub -h hub.local -v -t 'glimpsed/#'      what it publishes

Topics, each after glimpsed/NODE, where NODE is the host name:
  /status              online or offline; the broker says offline if the board is gone
  /info, /diagnostics  what runs there, and how
  /CAMERA/state        {\"label\":\"snow\",\"index\":14,\"confidence\":0.98,\"since\":\"...\",\"top\":[...],...}, retained
  /CAMERA/event        {\"event_type\":\"changed\",\"from\":\"snow\",\"to\":\"pinwheel\",...} at each change
  /CAMERA/availability online or offline
  /CAMERA/diagnostics  results per second, their age

It reads the daemon's socket as any subscriber does, waits for a daemon or a broker that is away, and publishes what is true when
they are back. A password stands in a file or in a systemd credential (mqtt-password), never in the command line.")]
pub struct Mqtt {
    /// The daemon's socket [default: the one in the configuration file, else /run/glimpsed/glimpsed.sock]
    pub socket: Option<PathBuf>,
    /// The broker
    #[command(flatten)]
    pub given: FlagArgs<BrokerFlags>,
    /// The configuration file; flags overrule it [default: /etc/glimpsed/glimpsed.toml, where no broker is given]
    #[arg(long, value_name = "FILE", help_heading = help::GENERAL)]
    pub config: Option<PathBuf>,
}

impl Mqtt {
    /// The settings of the broker, and the daemon's socket.
    pub fn settings(&self) -> Result<(bridge::mqtt::Params, PathBuf)> {
        let flags = &self.given.flags;
        let file = self.config.clone().or_else(|| (!flags.given("--broker")).then(|| config::PATH.into()));
        let (params, socket) = config::mqtt(file.as_deref(), flags)?;
        let socket = self.socket.clone().or(socket).unwrap_or_else(|| publish::socket::Params::default().path);
        Ok((params, socket))
    }
}
