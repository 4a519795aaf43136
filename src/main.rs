//! The program: reads the command line, sets up what every command needs, runs one.

use clap::Parser;
use glimpsed::cli::{Cli, Command};
use glimpsed::error::{Kind, Result};
use glimpsed::{commands, logging, publish, runtime, shutdown};
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    runtime::switch_telemetry_off();
    let cli = Cli::parse();
    if let Some(folder) = cli.qnn_folder() {
        runtime::set_dsp_path(&folder);
    }
    logging::init(level(&cli));
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.kind() != Kind::NobodyReads {
                tracing::error!("{error}");
            }
            ExitCode::from(error.exit_status())
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let daemon = matches!(&cli.command, Command::Run(_) | Command::Demo(_));
    let reloads = matches!(&cli.command, Command::Run(args) if args.config_file().is_some());
    let (stop, asked) = shutdown::on_signals(daemon, reloads)?;
    let out = publish::claim_stdout()?;
    match &cli.command {
        Command::Run(args) => commands::run::run(args, out, &stop, &asked),
        Command::Bench(args) => commands::bench::run(args, out, &stop, &asked),
        Command::Check(args) => commands::check::run(args, out),
        Command::Doctor(args) => commands::doctor::run(args, out),
        Command::Demo(args) => commands::demo::run(args, out, &stop, &asked),
        Command::Classify(args) => commands::classify::run(args, out, &stop),
        Command::Subscribe(args) => commands::subscribe::run(args, out, &stop),
        Command::Compare(args) => commands::compare::run(args, out, &stop),
        Command::Compile(args) => commands::compile::run(args, out),
        Command::Inspect(args) => commands::inspect::run(args, out),
    }
}

/// A daemon tells its changes of state; the other commands speak only when something is wrong.
fn level(cli: &Cli) -> LevelFilter {
    match (cli.quiet, cli.verbose, &cli.command) {
        (true, ..) => LevelFilter::ERROR,
        (_, 0, Command::Run(_)) => LevelFilter::INFO,
        (_, 0, _) => LevelFilter::WARN,
        (_, 1, Command::Run(_)) => LevelFilter::DEBUG,
        (_, 1, _) => LevelFilter::INFO,
        _ => LevelFilter::TRACE,
    }
}
