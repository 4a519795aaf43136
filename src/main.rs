//! The program: reads the command line, sets up what every command needs, runs one.

use clap::Parser;
use crossbeam_channel::Receiver;
use glimpsed::cli::{Cli, Command};
use glimpsed::error::{Kind, Result};
use glimpsed::system::signals::{Ask, Stop};
use glimpsed::system::{logging, signals};
use glimpsed::{commands, publish, runtime};
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    runtime::switch_telemetry_off();
    let cli = Cli::parse();
    if let Some(folder) = cli.qnn_folder() {
        runtime::set_dsp_path(&folder);
    }
    // the mask of blocked signals is inherited: before any thread starts
    let daemon = matches!(&cli.command, Command::Run(_) | Command::Demo(_));
    let reloads = matches!(&cli.command, Command::Run(args) if args.config_file().is_some());
    let handler = signals::on_signals(daemon, reloads);
    logging::init(level(&cli));
    let status = match handler.and_then(|(stop, asked)| run(&cli, &stop, &asked)) {
        Ok(()) => 0,
        Err(error) => {
            if error.kind() != Kind::NobodyReads {
                tracing::error!("{error}");
            }
            error.exit_status()
        }
    };
    logging::finish(status)
}

fn run(cli: &Cli, stop: &Stop, asked: &Receiver<Ask>) -> Result<()> {
    let out = publish::claim_stdout()?;
    // these have nothing to bring to an end: a signal ends them as they are
    let all_of_it = matches!(
        &cli.command,
        Command::Bench(_) | Command::Check(_) | Command::Doctor(_) | Command::Compile(_) | Command::Inspect(_)
    );
    let _opening = all_of_it.then(|| stop.opening());
    match &cli.command {
        Command::Run(args) => commands::run::run(args, out, stop, asked),
        Command::Bench(args) => commands::bench::run(args, out, stop, asked),
        Command::Check(args) => commands::check::run(args, out),
        Command::Doctor(args) => commands::doctor::run(args, out),
        Command::Demo(args) => commands::demo::run(args, out, stop, asked),
        Command::Classify(args) => commands::classify::run(args, out, stop),
        Command::Subscribe(args) => commands::subscribe::run(args, out, stop),
        Command::Compare(args) => commands::compare::run(args, out, stop),
        Command::Compile(args) => commands::compile::run(args, out),
        Command::Inspect(args) => commands::inspect::run(args, out),
        Command::Completions(args) => commands::completions::run(args, out),
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
