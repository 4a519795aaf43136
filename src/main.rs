//! The program: parses the command line, sets up signals and the log, and runs the command.

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
    // before any thread starts, because threads inherit the signal mask
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
    // these commands need no orderly shutdown: a signal ends them at once
    let interruptible = matches!(
        &cli.command,
        Command::Bench(_) | Command::Check(_) | Command::Doctor(_) | Command::Compile(_) | Command::Inspect(_)
    );
    let _opening = interruptible.then(|| stop.opening());
    match &cli.command {
        Command::Run(args) => commands::run::run(args, out, stop, asked),
        Command::Bench(args) => commands::bench::run(args, out, stop, asked),
        Command::Check(args) => commands::check::run(args, out),
        Command::Doctor(args) => commands::doctor::run(args, out),
        Command::Demo(args) => commands::demo::run(args, out, stop, asked),
        Command::Classify(args) if args.try_recipes => commands::try_recipes::run(args, out, stop),
        Command::Classify(args) => commands::classify::run(args, out, stop),
        #[cfg(feature = "mqtt")]
        Command::Mqtt(args) => commands::mqtt::run(args, stop),
        Command::Evaluate(args) => commands::evaluate::run(args, out, stop),
        Command::Subscribe(args) => commands::subscribe::run(args, out, stop),
        Command::Compare(args) => commands::compare::run(args, out, stop),
        Command::Compile(args) => commands::compile::run(args, out),
        Command::Inspect(args) => commands::inspect::run(args, out),
        Command::Completions(args) => commands::completions::run(args, out),
    }
}

/// The daemon and programs beside it log changes of state; the other commands log only warnings and errors.
fn level(cli: &Cli) -> LevelFilter {
    let stays = match &cli.command {
        Command::Run(_) => true,
        #[cfg(feature = "mqtt")]
        Command::Mqtt(_) => true,
        _ => false,
    };
    match (cli.quiet, cli.verbose, stays) {
        (true, ..) => LevelFilter::ERROR,
        (_, 0, true) => LevelFilter::INFO,
        (_, 0, false) => LevelFilter::WARN,
        (_, 1, true) => LevelFilter::DEBUG,
        (_, 1, false) => LevelFilter::INFO,
        _ => LevelFilter::TRACE,
    }
}
