//! GStreamer in the test's process: frames of a pipeline, files written by a pipeline, the fault-injecting plugin.

use glimpsed::capture::{self, Pipeline};
use glimpsed::frame::Frame;
use glimpsed::system::signals::Stop;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// All frames of a pipeline that is not live.
pub fn frames_of(pipeline: &str) -> Vec<Frame> {
    frames_of_prepared(pipeline, |_| {})
}

/// Like [`frames_of`], with elements configured by `prepare` first.
pub fn frames_of_prepared(pipeline: &str, prepare: impl Fn(&Pipeline) + Send + Sync + 'static) -> Vec<Frame> {
    let frames = Arc::new(Mutex::new(Vec::new()));
    let collected = frames.clone();
    let deliver = move |frame| {
        collected.lock().unwrap().push(frame);
        ControlFlow::Continue(())
    };
    let stop = Stop::default();
    let params = capture::Params { prepare: Arc::new(prepare), ..capture::Params::new(pipeline) };
    capture::run(&params, [stop.receiver(), stop.receiver()], &mut |_| {}, deliver).unwrap();
    std::mem::take(&mut *frames.lock().unwrap())
}

/// The frame of a picture file, read by `filesrc` and decoded by the elements of `rest`.
pub fn picture(file: &Path, rest: &str) -> Frame {
    let pipeline = format!("filesrc name=file ! {rest} ! appsink name=frames");
    let file = file.to_owned();
    frames_of_prepared(&pipeline, move |pipeline: &Pipeline| pipeline.read_file("file", &file)).pop().unwrap()
}

/// Registers `faultsrc` in this process.
pub fn load_faults() {
    gstreamer::init().unwrap();
    gstreamer::Plugin::load_file(super::process::fault_plugin()).unwrap();
}

/// A small test picture as JPEG.
pub fn jpeg(pattern: &str) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    make_file(
        &format!("videotestsrc num-buffers=1 pattern={pattern} ! video/x-raw,width=64,height=48 ! jpegenc ! filesink name=file"),
        file.path(),
    );
    std::fs::read(file.path()).unwrap()
}

/// Runs the pipeline of `text`, which writes a file with its `filesink name=file`.
pub fn make_file(text: &str, path: &Path) {
    use gstreamer::prelude::*;
    gstreamer::init().unwrap();
    let pipeline = gstreamer::parse::launch(text).unwrap().downcast::<gstreamer::Pipeline>().unwrap();
    pipeline.by_name("file").unwrap().set_property("location", path);
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    let types = [gstreamer::MessageType::Eos, gstreamer::MessageType::Error];
    let end = pipeline.bus().unwrap().timed_pop_filtered(gstreamer::ClockTime::from_seconds(60), &types).unwrap();
    assert_eq!(end.type_(), gstreamer::MessageType::Eos, "{end:?}");
    pipeline.set_state(gstreamer::State::Null).unwrap();
}
