//! The flags that name a pipeline.

use crate::capture::launch;
use crate::config::{CameraDraft, Placed, Source};
use clap::Args;
use std::path::PathBuf;

/// What is watched.
#[derive(Args, Debug)]
pub struct SourceArgs {
    /// A .launch file: gst-launch text with # comments and ${NAME} or ${NAME:-default}; in place of the file's cameras
    #[arg(long, value_name = "FILE", group = "source")]
    pub pipeline: Option<PathBuf>,
    /// Sets a variable of the .launch files; before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,
    /// gst-launch text instead of a file, as for gst-launch-1.0
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
            start_timeout: None,
            stall_timeout: None,
            on_stuck: None,
            on_stuck_after: None,
        })
    }
}

/// `NAME=VALUE`.
fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is wanted")?;
    Ok((name.to_owned(), value.to_owned()))
}
