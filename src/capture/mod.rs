//! From a camera to frames: `.launch` text becomes a pipeline, its appsink delivers [`Frame`](crate::frame::Frame)s, its bus reports why it ended.
//!
//! [`run_once`] takes frames until something happens; [`run`] decides whether to retry.

mod bus;
mod change;
mod clock;
pub mod devices;
mod drain;
mod elements;
mod errors;
mod gif;
mod jpeg_check;
mod jpeg_probe;
pub mod launch;
mod liveness;
mod log;
mod mapped;
mod missing;
mod orientation;
mod pace;
mod params;
mod pipeline;
mod region;
mod sample;
mod settings;
mod signs;
mod sinks;
mod spell;
mod stream;
mod supervisor;
mod timestamps;
mod v4l2_leaks;
mod watch;

pub use crate::backoff::Backoff;
pub use bus::Event;
pub use change::{Change, Damage};
pub use drain::drain;
pub use log::{start_gstreamer, version};
pub use orientation::{Rotate, Turn};
pub use params::{Params, longest_silence};
pub use pipeline::Pipeline;
pub use region::{KEYS as REGION_KEYS, Region};
pub use sample::{FORMATS, frame_of};
pub use settings::{Camera, KEYS, SOURCE, Stuck, VARS};
pub use signs::Limits;
pub use stream::{Ended, run_once};
pub use supervisor::run;
pub use timestamps::Disbelief;
pub use watch::Reports;
