//! One file for each subcommand.

pub mod bench;
pub mod check;
pub mod classify;
pub mod compare;
pub mod compile;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod inspect;
pub mod line;
pub mod run;
pub mod subscribe;

use crate::cli::OutputArgs;
use crate::publish::Format;
use std::fs::File;
use std::io::IsTerminal;

/// Text in a terminal, JSON in a pipe, unless the user says which.
fn format(args: &OutputArgs, out: &File) -> Format {
    if args.text || (out.is_terminal() && !args.json) { Format::Text } else { Format::Json }
}
