//! The form of the results on standard output.

use crate::cli::OutputArgs;
use crate::publish::Format;
use std::fs::File;
use std::io::IsTerminal;

/// Text in a terminal, JSON in a pipe, unless the user chooses.
pub fn format(args: &OutputArgs, out: &File) -> Format {
    if args.text || (out.is_terminal() && !args.json) { Format::Text } else { Format::Json }
}
