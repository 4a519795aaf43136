//! `faultsrc`: a GStreamer source with the faults of broken drivers, decoders and networks. A plugin for the tests; `tests/it/common`
//! loads it (`faults`), and passes its folder to child processes.
//!
//! ```text
//! faultsrc mode=short every=10 ! appsink name=frames
//! ```
//!
//! | property | meaning |
//! |---|---|
//! | `mode` | the fault, by the names in `caps.rs` (`caps-...`, `sizes`), `frame.rs` (buffers) and `source.rs` (messages, times, timing); `none`: no fault |
//! | `arg` | a number whose meaning depends on the mode: milliseconds, a count, or a frame number |
//! | `every` | the fault occurs on every n-th frame (1: on all of them) |
//! | `format`, `width`, `height`, `fps` | the caps; `fps=0` sends frames as fast as they are consumed |
//! | `live` | whether it reports to be a live source |

// `plugin_define` makes public items without docs
#![allow(missing_docs)]

mod caps;
mod frame;
mod source;

use gstreamer::{self as gst, glib};

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    source::register(plugin)
}

gst::plugin_define!(
    faults,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    env!("CARGO_PKG_VERSION"),
    "MIT/X11",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    "https://example.invalid/glimpsed",
    "2026-11-25"
);
