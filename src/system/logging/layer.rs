//! The log as a `tracing` layer, and its flush when the program ends.

use super::queue::Queue;
use super::style::Style;
use crate::terminal::window;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{Debug, Write as _};
use std::io::{self, IsTerminal, stderr};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, registry};

/// The maximum number of waiting messages; further ones are dropped and counted.
const LINES: usize = 1024;

/// How long the program waits at its end for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

static LOG: OnceLock<Queue> = OnceLock::new();

/// Starts the log. `GLIMPSED_LOG` (such as `debug` or `glimpsed=debug,onnxruntime=trace`) overrides `level`. Panics are
/// logged too. Signals must be blocked before (`shutdown::on_signals`), because it starts a thread.
pub fn init(level: LevelFilter) {
    let wanted = std::env::var("GLIMPSED_LOG").unwrap_or_default();
    // GStreamer's messages are already filtered by GST_DEBUG
    let filter = EnvFilter::builder().parse_lossy(format!("{level},gstreamer=trace,{wanted}"));
    match Queue::start(LINES, Style::of_standard_error(), StandardError, is_covered) {
        Ok(queue) => drop(LOG.set(queue)),
        // without its thread there is no log, but the daemon can run
        Err(_) => return,
    }
    registry().with(filter).with(ToQueue).init();
    std::panic::set_hook(Box::new(panicked));
}

/// Flushes the log and returns the exit status of `main`. If standard error is not read, exits here: exit handlers of native libraries
/// may write to it too, and would block forever.
pub fn finish(status: u8) -> ExitCode {
    window::close();
    if !flush() {
        signal_hook::low_level::exit(status.into());
    }
    ExitCode::from(status)
}

/// The latest warning or error, on one line.
pub fn latest_warning() -> Option<String> {
    LOG.get()?.latest_warning()
}

/// Whether the lines of the log would be written over a view.
fn is_covered() -> bool {
    window::is_open() && stderr().is_terminal()
}

/// Waits until all lines are written, for at most a second. Whether they were.
pub fn flush() -> bool {
    LOG.get().is_none_or(|log| log.flush(LAST_LINES))
}

/// Logs panics like all other messages: the default hook would block if standard error is not read.
fn panicked(info: &PanicHookInfo) {
    window::close();
    let thread = thread::current();
    let name = thread.name().unwrap_or("without a name");
    let mut text = format!("the thread '{name}' panicked: {}", info.payload_as_str().unwrap_or("for an unknown reason"));
    if let Some(place) = info.location() {
        let _ = write!(text, "\n  at {place}");
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = write!(text, "\n{backtrace}");
    }
    if let Some(log) = LOG.get() {
        log.say(Level::ERROR, None, &text);
    }
    if name == "main" {
        flush();
    }
}

/// Passes each event to the log's queue.
struct ToQueue;

impl<S: Subscriber> Layer<S> for ToQueue {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(log) = LOG.get() else { return };
        let mut text = Text::default();
        event.record(&mut text);
        text.message.push_str(&text.fields);
        log.say(*event.metadata().level(), text.source.as_deref(), &text.message);
    }
}

/// The fields of an event.
#[derive(Default)]
struct Text {
    message: String,
    /// The other fields, each as ` name=value`.
    fields: String,
    source: Option<String>,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // writing to a string does not fail
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "source" => write!(self.source.get_or_insert_default(), "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

/// Standard error, without the lock of `std::io::stderr`: a thread blocked in `write` must not hold a lock that others need.
struct StandardError;

impl io::Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        let stderr = stderr();
        loop {
            match nix::unistd::write(&stderr, bytes) {
                // another process may have made it non-blocking
                Err(nix::errno::Errno::EAGAIN) => poll(&mut [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE)?,
                written => return Ok(written?),
            };
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
