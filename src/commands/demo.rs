//! `glimpsed demo`: the built-in model on a live test picture that changes every few seconds.

use super::format::format;
use super::view;
use crate::capture::{self, Pipeline};
use crate::cli::Demo;
use crate::config::Camera;
use crate::daemon::{self, Outside, Parts};
use crate::error::Result;
use crate::event::Hub;
use crate::publish::Stdout;
use crate::publish::live::{Hooks, Live};
use crate::startup;
use crate::system::signals::{Ask, Stop};
use crate::system::systemd::Service;
use crate::terminal::window;
use crossbeam_channel::Receiver;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Frames until the picture changes: 2.5 s at 30 a second.
const SHOWN: usize = 75;

const PIPELINE: &str = "videotestsrc name=testcard is-live=true kx2=20 ky2=20 kt=1 ! \
                        video/x-raw,format=NV12,width=640,height=480,framerate=30/1 ! appsink name=frames";

/// The pictures, by videotestsrc's own names, in the order in which they are shown.
pub const PATTERNS: [&str; 18] = [
    "smpte",
    "snow",
    "ball",
    "checkers-8",
    "pinwheel",
    "red",
    "zone-plate",
    "colors",
    "circular",
    "black",
    "spokes",
    "gradient",
    "green",
    "smpte-rp-219",
    "bar",
    "blue",
    "chroma-zone-plate",
    "white",
];

/// Runs it; results go to `out`.
pub fn run(args: &Demo, out: File, stop: &Stop, asked: &Receiver<Ask>) -> Result<()> {
    let model = args.settings()?;
    let opening = stop.opening();
    let classifier = startup::model(model)?.classifier()?;
    capture::start_gstreamer()?;
    drop(opening);
    let shown = Arc::new(AtomicUsize::new(0));
    let truth = shown.clone();
    let (classifiers, cameras) = (vec![classifier], vec![Camera::new("demo", PIPELINE)]);
    let hub = if window::can_open(&out) && !args.output.json && !args.output.text {
        let truth = move || PATTERNS[truth.load(Ordering::Relaxed)].to_owned();
        let hooks = Hooks { truth: Some(Box::new(truth)), ..view::hooks(stop) };
        Hub::new().inline(Box::new(Live::start(out, &daemon::hello(&classifiers, &cameras), hooks)?))
    } else {
        let format = format(&args.output, &out);
        Hub::new().queued(Box::new(Stdout::new(out, format)))?
    };
    let parts = Parts { classifiers, hub, status_interval: None, limit: super::run::limit(&args.limits, stop)?, source: None };
    let prepare = Arc::new(move |pipeline: &Pipeline| pipeline.cycle("testcard", &PATTERNS, SHOWN, shown.clone()));
    daemon::run(parts, cameras, prepare, Outside { stop, asked, service: Service::default() }).map(drop)
}
