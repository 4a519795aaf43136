//! The grammar of `glimpsed run`, `check` and `doctor`: flags over the configuration file.

use super::args::{LimitArgs, OutputArgs};
use super::flag_sets::{Cameras, CheckedCameras, CheckedSubscribers, Model, State, Subscribers};
use super::flags::FlagArgs;
use super::help;
use super::source::{LaunchArgs, names_source};
use crate::config::{self, GROUPS};
use crate::error::Error;
use crate::settings::{Advice, Flags};
use clap::Args;
use std::path::PathBuf;

/// The configuration file.
#[derive(Args, Debug)]
#[command(next_help_heading = help::GENERAL)]
pub struct ConfigArgs {
    /// The configuration file; flags overrule it [default: /etc/glimpsed/glimpsed.toml, where no pipeline is given]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Where settings come from: the configuration file, where one is to be read, and flags over it.
pub struct Origin {
    /// The file.
    pub file: Option<PathBuf>,
    /// The flags over it.
    pub flags: Flags,
}

impl Origin {
    /// `error` with the advice that fits: keys, where there is a file, but for the flags that were given.
    pub fn advise(&self, error: Error) -> Error {
        if self.file.is_some() { Advice::new(&GROUPS, &self.flags).of(error) } else { error }
    }

    fn of(config: &ConfigArgs, flags: Flags) -> Self {
        let usual = || (!names_source(&flags)).then(|| config::PATH.into());
        Self { file: config.config.clone().or_else(usual), flags }
    }
}

/// `glimpsed run`.
#[derive(Args, Debug)]
#[command(
    after_help = "The pipeline needs an `appsink name=frames`. glimpsed sets its properties (sync, drop, max-buffers, ...); \
                        only its caps=... are kept. A live source keeps the newest frame \
                        and counts the others as dropped; one that is not live (a file) loses none."
)]
pub struct Run {
    /// The model
    #[command(flatten)]
    pub model: FlagArgs<Model>,
    /// What is watched
    #[command(flatten)]
    pub cameras: FlagArgs<Cameras>,
    /// What is watched, in words
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// When an answer counts
    #[command(flatten)]
    pub state: FlagArgs<State>,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The end
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Who may connect
    #[command(flatten)]
    pub subscribers: FlagArgs<Subscribers>,
    /// The file
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl Run {
    /// Where its settings come from.
    pub fn origin(&self) -> Origin {
        Origin::of(&self.config, self.flags())
    }

    /// The configuration file, where one is to be read.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.origin().file
    }

    /// The flags, to be laid over the file.
    pub fn flags(&self) -> Flags {
        let flags = self.subscribers.flags.clone().and(&self.state.flags);
        flags.and(&self.model.flags).and(&self.cameras.flags).and(&self.launch.flags()).and(&self.output.flags())
    }
}

/// The settings that can be wrong together with a file: what `check` and `doctor` look at.
#[derive(Args, Debug)]
pub struct CheckedArgs {
    /// The model
    #[command(flatten)]
    pub model: FlagArgs<Model>,
    /// What is watched
    #[command(flatten)]
    pub cameras: FlagArgs<CheckedCameras>,
    /// What is watched, in words
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
    /// Who may connect
    #[command(flatten)]
    pub subscribers: FlagArgs<CheckedSubscribers>,
    /// The file
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl CheckedArgs {
    /// Where the settings come from.
    pub fn origin(&self) -> Origin {
        let subscribers = self.subscribers.flags.clone();
        let flags = subscribers.and(&self.model.flags).and(&self.cameras.flags).and(&self.launch.flags());
        Origin::of(&self.config, flags)
    }
}

/// `glimpsed check`.
#[derive(Args, Debug)]
#[command(after_help = "Takes the flags of run that can be wrong together with the file. Exit status: 0 valid, 78 not; \
                        --json: {\"valid\":false,\"errors\":[{\"line\":5,\"text\":\"...\"}]}, with null for an error of no line.")]
pub struct Check {
    /// The settings
    #[command(flatten)]
    pub checked: CheckedArgs,
}

/// `glimpsed doctor`.
#[derive(Args, Debug)]
#[command(
    after_help = "Takes the flags of run that decide what is opened: model, NPU, camera and socket. With --model and neither a pipeline nor a \
                        configuration file it checks that model alone."
)]
pub struct Doctor {
    /// The settings
    #[command(flatten)]
    pub checked: CheckedArgs,
}
