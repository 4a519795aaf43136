//! The program's log, on standard error.

use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How much is said: `GLIMPSED_LOG` (as in `debug` or `glimpsed=debug,onnxruntime=trace`) overrules `level`.
pub fn init(level: LevelFilter) {
    let filter = EnvFilter::builder().with_default_directive(level.into()).with_env_var("GLIMPSED_LOG").from_env_lossy();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal());
    log.with_target(false).without_time().init();
}
