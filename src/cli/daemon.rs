//! The grammar of `glimpsed run`, `check` and `doctor`: flags over the configuration file.

use super::args::{LimitArgs, ModelArgs, OutputArgs, SocketArgs};
use super::help;
use super::source::SourceArgs;
use crate::config::{self, CameraDraft, Draft, Output, values};
use crate::error::Error;
use crate::publish::Format;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// The settings that can be wrong: what `run` opens, and `check` and `doctor` look at.
#[derive(Args, Debug)]
#[command(next_help_heading = help::CAMERA)]
pub struct SettingsArgs {
    /// The model
    #[command(flatten)]
    pub model: ModelArgs,
    /// What is watched
    #[command(flatten)]
    pub source: SourceArgs,
    /// The name of the camera in the results [default: camera]
    #[arg(long, value_name = "NAME", requires = "source")]
    pub name: Option<String>,
    /// Whether the source is live: a lost camera is retried, and its newest frame wins. --live=false: a film, of which every frame gives
    /// a result [default: by the kind of source; cameras and network sources are live]
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", requires = "source")]
    pub live: Option<bool>,
    /// Serves results on this Unix socket; standard output then carries them only with --json or --text
    #[arg(long, value_name = "PATH", help_heading = help::SOCKET)]
    pub socket: Option<PathBuf>,
}

impl SettingsArgs {
    fn draft(&self) -> Draft {
        Draft {
            socket: self.socket.clone(),
            rotate: self.source.turn.rotate,
            mirror: self.source.turn.mirror(),
            vars: self.source.vars.iter().cloned().collect(),
            cameras: self
                .source
                .camera(self.name.as_ref())
                .map(|camera| CameraDraft { live: self.live, ..camera })
                .into_iter()
                .collect(),
            ..self.model.draft()
        }
    }
}

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
    /// What the flags say.
    pub flags: Draft,
}

impl Origin {
    /// `error` with the advice that fits: keys, where there is a file, but for the flags that were given.
    pub fn advise(&self, error: Error) -> Error {
        if self.file.is_some() { config::advise_keys(error, &self.flags) } else { error }
    }

    fn of(settings: &SettingsArgs, config: &ConfigArgs, flags: Draft) -> Self {
        let usual = || (!settings.source.is_given()).then(|| config::PATH.into());
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
    /// The settings
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Time limit for a camera's first frame; after it the camera is lost, and its pipeline is rebuilt [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, allow_hyphen_values = true, help_heading = help::CAMERA)]
    pub start_timeout: Option<Duration>,
    /// A camera that gives no frame for this long is lost, and its pipeline is rebuilt [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, allow_hyphen_values = true, help_heading = help::CAMERA)]
    pub stall_timeout: Option<Duration>,
    /// The output
    #[command(flatten)]
    pub output: OutputArgs,
    /// The end
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Who may connect
    #[command(flatten)]
    pub socket: SocketArgs,
    /// Sends subscribers the statistics of each camera this often [default: when a camera is lost or comes back]
    #[arg(long, value_name = "TIME", value_parser = values::duration, allow_hyphen_values = true, help_heading = help::SOCKET)]
    pub status_interval: Option<Duration>,
    /// The file
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl Run {
    /// Where its settings come from.
    pub fn origin(&self) -> Origin {
        Origin::of(&self.settings, &self.config, self.draft())
    }

    /// The configuration file, where one is to be read.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.origin().file
    }

    /// What the flags say, to be laid over the file.
    pub fn draft(&self) -> Draft {
        let output = match (self.output.json, self.output.text) {
            (true, _) => Some(Output::Lines(Format::Json)),
            (_, true) => Some(Output::Lines(Format::Text)),
            _ => None,
        };
        Draft {
            socket_mode: self.socket.socket_mode,
            socket_group: self.socket.socket_group.clone(),
            socket_limit: self.socket.socket_limit,
            output,
            status_interval: self.status_interval,
            start_timeout: self.start_timeout,
            stall_timeout: self.stall_timeout,
            ..self.settings.draft()
        }
    }
}

/// `glimpsed check`.
#[derive(Args, Debug)]
#[command(after_help = "Takes the flags of run that can be wrong together with the file. Exit status: 0 valid, 78 not; \
                        --json: {\"valid\":false,\"errors\":[{\"line\":5,\"text\":\"...\"}]}, with null for an error of no line.")]
pub struct Check {
    /// The settings
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
    /// The file
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl Check {
    /// Where its settings come from.
    pub fn origin(&self) -> Origin {
        Origin::of(&self.settings, &self.config, self.settings.draft())
    }
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
    pub settings: SettingsArgs,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
    /// The file
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl Doctor {
    /// Where its settings come from.
    pub fn origin(&self) -> Origin {
        Origin::of(&self.settings, &self.config, self.settings.draft())
    }
}
