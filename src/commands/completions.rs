//! `glimpsed completions`: shell completions of subcommands, flags and their values.

use crate::cli::{Cli, Completions};
use crate::error::Result;
use crate::publish::write_all;
use clap::CommandFactory;
use std::fs::File;

/// Writes the script for the shell to `out`.
pub fn run(args: &Completions, mut out: File) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "glimpsed", &mut script);
    write_all(&mut out, &script)
}
