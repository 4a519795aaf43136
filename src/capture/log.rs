//! Routes the messages of GStreamer and GLib to our log. By default they go to standard error, unescaped, and block if it is not read.

use crate::error::{Error, Result};
use gstreamer::DebugLevel;
use gstreamer::log::{DebugCategory, DebugMessage, LoggedObject};
use gstreamer::{self as gst, glib};
use std::sync::Once;

/// Initializes GStreamer; the first call loads its plugin registry, which may take a while.
pub fn start_gstreamer() -> Result<()> {
    static TAKE_OVER: Once = Once::new();
    // before gst::init, which already logs if GST_DEBUG is set
    TAKE_OVER.call_once(|| {
        glib::log_set_writer_func(from_glib);
        // with GST_DEBUG_FILE, the debug log stays in that file
        if std::env::var_os("GST_DEBUG_FILE").is_none() {
            gst::log::remove_default_log_function();
            gst::log::add_log_function(from_gstreamer);
        }
    });
    gst::init().map_err(|e| Error::failed("cannot start GStreamer").because(e))?;
    Ok(())
}

/// Logs a line of the debug log, which `GST_DEBUG` enables.
fn from_gstreamer(
    category: DebugCategory,
    level: DebugLevel,
    _file: &glib::GStr,
    _function: &glib::GStr,
    _line: u32,
    object: Option<&LoggedObject>,
    message: &DebugMessage,
) {
    // other listeners may have enabled more than GST_DEBUG does
    if level > category.threshold() {
        return;
    }
    let object = object.map(|object| format!(" {object}")).unwrap_or_default();
    let (category, message) = (category.name(), message.get().unwrap_or_default());
    match level {
        DebugLevel::Error => tracing::error!(target: "gstreamer", "{category}{object}: {message}"),
        DebugLevel::Warning => tracing::warn!(target: "gstreamer", "{category}{object}: {message}"),
        DebugLevel::Fixme | DebugLevel::Info => tracing::info!(target: "gstreamer", "{category}{object}: {message}"),
        DebugLevel::Debug => tracing::debug!(target: "gstreamer", "{category}{object}: {message}"),
        _ => tracing::trace!(target: "gstreamer", "{category}{object}: {message}"),
    }
}

/// Logs a message of GLib or a library that uses it. A fatal one is written directly.
fn from_glib(level: glib::LogLevel, fields: &[glib::LogField]) -> glib::LogWriterOutput {
    if level == glib::LogLevel::Error {
        return glib::log_writer_default(level, fields);
    }
    let field = |key: &str| fields.iter().find(|field| field.key() == key).and_then(|field| field.value_str()).unwrap_or_default();
    let (domain, message) = (field("GLIB_DOMAIN"), field("MESSAGE"));
    match level {
        glib::LogLevel::Critical | glib::LogLevel::Warning => tracing::warn!(source = domain, "{domain}: {message}"),
        _ => tracing::debug!(source = domain, "{domain}: {message}"),
    }
    glib::LogWriterOutput::Handled
}

/// The version of GStreamer.
pub fn version() -> Result<String> {
    start_gstreamer()?;
    let (major, minor, micro, _) = gstreamer::version();
    Ok(format!("{major}.{minor}.{micro}"))
}
