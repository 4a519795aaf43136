//! The flags that name a pipeline.

use super::help;
use crate::capture::{Rotate, Turn, launch};
use crate::config::{CameraDraft, Placed, Source, values};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use std::ffi::OsString;
use std::path::PathBuf;

/// The flags that make frames upright.
#[derive(Args, Debug)]
#[command(next_help_heading = help::CAMERA)]
pub struct TurnArgs {
    /// Degrees clockwise that make the picture upright: 0, 90, 180 or 270; auto uses the metadata of the file or
    /// stream (EXIF, the rotation in a phone's film) [default: auto]
    #[arg(long, value_name = "DEGREES", value_parser = values::rotation, allow_negative_numbers = true)]
    pub rotate: Option<Rotate>,
    /// Exchanges left and right, after the rotation
    #[arg(long)]
    pub mirror: bool,
}

impl TurnArgs {
    /// `Some` where the flag was given.
    pub fn mirror(&self) -> Option<bool> {
        self.mirror.then_some(true)
    }

    /// Both flags, with defaults where they are not given.
    pub fn turn(&self) -> Turn {
        Turn { rotate: self.rotate.unwrap_or_default(), mirror: self.mirror }
    }
}

/// What is watched.
#[derive(Args, Debug)]
#[command(next_help_heading = help::CAMERA)]
pub struct SourceArgs {
    /// A .launch file: gst-launch text with # comments and ${NAME} or ${NAME:-default}; in place of the file's cameras
    #[arg(long, value_name = "FILE", group = "source")]
    pub pipeline: Option<PathBuf>,
    /// Sets a variable of the .launch files; before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = OsStringValueParser::new().try_map(variable))]
    pub vars: Vec<(String, String)>,
    /// How frames are made upright
    #[command(flatten)]
    pub turn: TurnArgs,
    /// gst-launch text instead of a file, as for gst-launch-1.0: in words, or all of it in quotes
    #[arg(last = true, value_name = "ELEMENT ! ELEMENT ! appsink name=frames", group = "source")]
    pub launch: Vec<String>,
}

impl SourceArgs {
    /// Whether any is named.
    pub fn is_given(&self) -> bool {
        self.pipeline.is_some() || !self.launch.is_empty()
    }

    /// The camera that it makes.
    pub fn camera(&self, name: Option<&String>) -> Option<CameraDraft> {
        let text = || (!self.launch.is_empty()).then(|| Source::Text(launch::from_words(&self.launch)));
        self.pipeline.clone().map(Source::File).or_else(text).map(|source| CameraDraft {
            line: 0,
            name: name.cloned().map(Placed::by_flag),
            source: Some(Placed::by_flag(source)),
            vars: Default::default(),
            rotate: None,
            mirror: None,
            start_timeout: None,
            live: None,
            stall_timeout: None,
            on_stuck: None,
            on_stuck_after: None,
        })
    }
}

/// `NAME=VALUE`.
fn variable(text: OsString) -> Result<(String, String), String> {
    let text = text.into_string().map_err(|_| "it is not UTF-8, and gst-launch text must be")?;
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
