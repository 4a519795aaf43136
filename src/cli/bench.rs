//! The grammar of `glimpsed bench`.

use super::flag_sets::{Model, OnePipeline};
use super::flags::FlagArgs;
use super::help;
use super::source::{LaunchArgs, names_source};
use crate::capture::Turn;
use crate::config::{self, ModelSettings, Reading};
use crate::error::{Error, Result};
use crate::settings::{Flags, values};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// `glimpsed bench`.
#[derive(Args, Debug)]
#[command(
    after_help = "All of it is measured in one run, one after the other, so that the figures can be set side by side. On a busy machine run it twice.\n\
                        Without a pipeline the source is one picture in memory, given again and again: as fast as it is taken, then live at --rate."
)]
pub struct Bench {
    /// The model
    #[command(flatten)]
    pub model: FlagArgs<Model>,
    /// Takes the model and its settings from this file of the daemon's; its cameras are not opened
    #[arg(long, value_name = "FILE", help_heading = help::GENERAL)]
    pub config: Option<PathBuf>,
    /// The picture, in memory: WIDTHxHEIGHT
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size, help_heading = help::CAMERA, conflicts_with = "source")]
    pub frame_size: (u32, u32),
    /// The picture's format, by GStreamer's name
    #[arg(long, value_name = "FORMAT", default_value = "NV12", help_heading = help::CAMERA, conflicts_with = "source")]
    pub format: String,
    /// Frames a second of each live camera
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = rate, allow_negative_numbers = true, help_heading = help::CAMERA, conflicts_with = "source")]
    pub rate: u32,
    /// Live cameras
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = cameras, allow_negative_numbers = true, help_heading = help::CAMERA)]
    pub cameras: usize,
    /// How long each part is measured
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::duration, allow_hyphen_values = true, help_heading = help::GENERAL)]
    pub time: Duration,
    /// A model that sleeps for this long, as an NPU looks to the CPU: 1.6ms [default: the model itself runs]
    #[arg(long, value_name = "TIME", value_parser = values::simulated, allow_hyphen_values = true, help_heading = help::MODEL,
          conflicts_with_all = ["provider", "allow-partial", "context-cache", "qnn-dir", "qnn", "threads"])]
    pub simulate_inference: Option<Duration>,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
    /// Something real to watch
    #[command(flatten)]
    pub source: FlagArgs<OnePipeline>,
    /// The same in words
    #[command(flatten)]
    pub launch: LaunchArgs,
}

impl Bench {
    /// A picture that is in memory once and given again and again: at once, or live.
    pub fn picture(&self, live: bool) -> String {
        let ((width, height), format, rate) = (self.frame_size, &self.format, self.rate);
        let caps = format!("video/x-raw,format={format},width={width},height={height},framerate={rate}/1");
        let live = if live { " is-live=true" } else { "" };
        format!("videotestsrc num-buffers=1 pattern=smpte ! {caps} ! imagefreeze{live} ! {caps} ! appsink name=frames")
    }

    fn flags(&self) -> Flags {
        self.model.flags.clone().and(&self.source.flags).and(&self.launch.flags())
    }

    /// Whether a pipeline is given.
    pub fn names_source(&self) -> bool {
        names_source(&self.flags())
    }

    /// The settings of the model that the flags alone make.
    pub fn settings(&self) -> Result<ModelSettings> {
        config::model_of_flags(&self.model.flags)
    }

    /// The orientation of its frames.
    pub fn turn(&self) -> Turn {
        config::turn_of_flags(&self.source.flags)
    }

    /// What the file and the flags say together; `None` where there is neither a file nor a pipeline, and only the model's flags count.
    pub fn reading(&self) -> Result<Option<Reading>> {
        let environment = |name: &str| std::env::var_os(name);
        let flags = self.flags();
        if flags.given("--var") && self.config.is_none() && !names_source(&flags) {
            let hint = "--pipeline FILE, gst-launch text behind -- or --config FILE may use it.";
            return Err(Error::usage("--var has no effect: no pipeline is given").hint(hint));
        }
        match &self.config {
            None if !names_source(&flags) => Ok(None),
            file => Ok(Some(config::load(file.as_deref(), &flags, &environment)?)),
        }
    }
}

/// Frames a second.
fn rate(text: &str) -> std::result::Result<u32, String> {
    values::whole(text, 1..=1000).map(|rate| rate as u32)
}

/// Live cameras.
fn cameras(text: &str) -> std::result::Result<usize, String> {
    values::whole(text, config::CAMERAS)
}

/// `1280x720`.
fn size(text: &str) -> std::result::Result<(u32, u32), String> {
    values::size(text, 16..=16384)
}
