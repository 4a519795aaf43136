//! gst-launch text on the command line.

use super::help;
use crate::capture::{SOURCE, launch};
use crate::settings::Flags;
use clap::Args;

/// gst-launch text behind `--`.
#[derive(Args, Debug)]
#[command(next_help_heading = help::CAMERA)]
pub struct LaunchArgs {
    /// gst-launch text instead of a file, as for gst-launch-1.0: in words, or all of it in quotes
    #[arg(last = true, value_name = "ELEMENT ! ELEMENT ! appsink name=frames", group = SOURCE)]
    pub launch: Vec<String>,
}

impl LaunchArgs {
    /// As an entry over the file.
    pub fn flags(&self) -> Flags {
        match self.launch.is_empty() {
            true => Flags::default(),
            false => Flags::default().with("camera", "launch", "--", launch::from_words(&self.launch)),
        }
    }
}

/// Whether `flags` name a source.
pub fn names_source(flags: &Flags) -> bool {
    flags.given("--pipeline") || flags.given("--")
}
