//! Flags of the output and of the end, which several commands share.

use super::help;
use crate::settings::{Flags, values};
use clap::Args;
use std::time::Duration;

/// How results are written.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = help::OUTPUT)]
pub struct OutputArgs {
    /// One JSON object a line (the default in a pipe)
    #[arg(long, conflicts_with = "text")]
    pub json: bool,
    /// Text, a line for each result
    #[arg(long)]
    pub text: bool,
}

impl OutputArgs {
    /// As an entry over the file.
    pub fn flags(&self) -> Flags {
        match (self.json, self.text) {
            (true, _) => Flags::default().with("output", "stdout", "--json", "json"),
            (_, true) => Flags::default().with("output", "stdout", "--text", "text"),
            _ => Flags::default(),
        }
    }
}

/// When to end by itself.
#[derive(Args, Debug)]
#[command(next_help_heading = help::OUTPUT)]
pub struct LimitArgs {
    /// Ends after this time: 5s, 500ms, 2m [default: no limit]
    #[arg(long = "for", value_name = "TIME", value_parser = values::duration, allow_hyphen_values = true)]
    pub time: Option<Duration>,
    /// Ends after this many results [default: no limit]
    #[arg(long, value_name = "N", value_parser = values::results, allow_negative_numbers = true)]
    pub frames: Option<u64>,
}
