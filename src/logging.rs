//! The program's log, on standard error: for a person in a terminal, with systemd's levels in the journal.

use std::fmt;
use std::io::{IsTerminal, stderr};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, fmt as log};
use tracing_subscriber::registry::LookupSpan;

/// How much is said: `GLIMPSED_LOG` (as in `debug` or `glimpsed=debug,onnxruntime=trace`) overrules `level` where it speaks.
pub fn init(level: LevelFilter) {
    let wanted = std::env::var("GLIMPSED_LOG").unwrap_or_default();
    let filter = EnvFilter::builder().parse_lossy(format!("{level},{wanted}"));
    let log = log().with_env_filter(filter).with_writer(stderr);
    // set by systemd where standard error is the journal
    if std::env::var_os("JOURNAL_STREAM").is_some() && !stderr().is_terminal() {
        log.event_format(Journal).init();
    } else {
        log.with_ansi(stderr().is_terminal()).with_target(false).without_time().init();
    }
}

/// `<4>text`: the journal reads the level of each line from such a prefix (sd-daemon(3)).
struct Journal;

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        let mut text = String::new();
        context.field_format().format_fields(Writer::new(&mut text), event)?;
        text.lines().try_for_each(|line| writeln!(writer, "<{priority}>{line}"))
    }
}
