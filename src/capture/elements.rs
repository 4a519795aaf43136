//! Access to single elements of a pipeline by name.

use super::pipeline::{LABELS, Pipeline};
use crate::caption::Caption;
use gstreamer::{self as gst, prelude::*};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

impl Pipeline {
    /// The element called `name`, if there is one.
    fn element(&self, name: &str) -> Option<gst::Element> {
        self.pipeline.by_name(name)
    }

    /// Sets a property of the element called `name`, if there is one; `value` as in gst-launch text.
    pub fn set(&self, name: &str, property: &str, value: &str) {
        if let Some(element) = self.element(name) {
            element.set_property_from_str(property, value);
        }
    }

    /// Shows `caption` in the `textoverlay name=labels`, if there is one; updated before each video frame.
    pub fn show(&self, caption: &Caption) {
        let Some(overlay) = self.element(LABELS) else { return };
        let Some(pad) = overlay.static_pad("video_sink") else { return };
        caption.want();
        overlay.set_property("text", "");
        let caption = caption.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
            if let Some(markup) = caption.take(Instant::now())
                && let Some(overlay) = pad.parent_element()
            {
                overlay.set_property("text", markup);
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// The V4L2 devices that the pipeline opens.
    pub fn devices(&self) -> Vec<PathBuf> {
        let elements = self.pipeline.iterate_recurse().into_iter().flatten();
        let cameras = elements.filter(|element| element.factory().is_some_and(|factory| factory.name() == "v4l2src"));
        cameras.filter_map(|camera| camera.property::<Option<String>>("device")).map(PathBuf::from).collect()
    }

    /// The factory names of its elements.
    pub fn kinds(&self) -> Vec<String> {
        let elements = self.pipeline.iterate_recurse().into_iter().flatten();
        let mut kinds: Vec<_> = elements.filter_map(|element| Some(element.factory()?.name().to_string())).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// The queues in front of the appsink that accumulate old frames if the model is too slow: results would be seconds old.
    pub fn hoarding_queues(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut pad = self.sink.static_pad("sink");
        while let Some(element) = pad.as_ref().and_then(|pad| pad.peer()?.parent_element()) {
            let factory = element.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
            let leaks = element.find_property("leaky").is_some()
                && element.property_value("leaky").serialize().is_ok_and(|leaky| leaky != "no" && leaky != "0");
            // one more frame does not matter
            let one = element.find_property("max-size-buffers").is_some() && element.property::<u32>("max-size-buffers") == 1;
            if matches!(&*factory, "queue" | "queue2" | "multiqueue") && !leaks && !one {
                found.push(element.name().to_string());
            }
            // go on upstream while there is only one sink pad
            pad = match &element.sink_pads()[..] {
                [only] => Some(only.clone()),
                _ => None,
            };
        }
        found
    }

    /// Makes the filesrc called `name` read `path`, and JPEG decoders use their accurate method instead of the faster one.
    pub fn read_file(&self, name: &str, path: &Path) {
        if let Some(source) = self.element(name) {
            // (a path that is not UTF-8 is passed unchanged)
            source.set_property("location", path);
        }
        self.pipeline.connect_deep_element_added(|_, _, element| {
            if element.factory().is_some_and(|factory| factory.name() == "jpegdec") {
                element.set_property_from_str("idct-method", "islow");
            }
        });
    }

    /// Makes the videotestsrc called `name` show each of `patterns` for `frames` frames in turn; `shown` is the current index.
    pub fn cycle(&self, name: &str, patterns: &'static [&'static str], frames: usize, shown: Arc<AtomicUsize>) {
        let Some(pad) = self.element(name).and_then(|source| source.static_pad("src")) else { return };
        let mut count = 0;
        let seen = Mutex::new(move || {
            count += 1;
            count / frames % patterns.len()
        });
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
            let next = seen.lock().unwrap_or_else(PoisonError::into_inner)();
            if shown.swap(next, Ordering::Relaxed) != next
                && let Some(source) = pad.parent_element()
            {
                source.set_property_from_str("pattern", patterns[next]);
                tracing::info!("the camera is shown {}", patterns[next]);
            }
            gst::PadProbeReturn::Ok
        });
    }
}
