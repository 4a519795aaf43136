//! What is done to single elements of a pipeline, by their names.

use super::pipeline::{LABELS, Pipeline};
use crate::caption::Caption;
use gstreamer::{self as gst, prelude::*};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

impl Pipeline {
    /// The element called `name`, where there is one.
    fn element(&self, name: &str) -> Option<gst::Element> {
        self.pipeline.by_name(name)
    }

    /// Sets a property of the element called `name`, where there is one; `value` as in gst-launch text.
    pub fn set(&self, name: &str, property: &str, value: &str) {
        if let Some(element) = self.element(name) {
            element.set_property_from_str(property, value);
        }
    }

    /// Lets the `textoverlay name=labels`, where there is one, show `caption`: each picture of its video takes what is new.
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

    /// The V4L2 devices that it opens.
    pub fn devices(&self) -> Vec<PathBuf> {
        let elements = self.pipeline.iterate_recurse().into_iter().flatten();
        let cameras = elements.filter(|element| element.factory().is_some_and(|factory| factory.name() == "v4l2src"));
        cameras.filter_map(|camera| camera.property::<Option<String>>("device")).map(PathBuf::from).collect()
    }

    /// The kinds of its elements.
    pub fn kinds(&self) -> Vec<String> {
        let elements = self.pipeline.iterate_recurse().into_iter().flatten();
        let mut kinds: Vec<_> = elements.filter_map(|element| Some(element.factory()?.name().to_string())).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// The queues in front of the appsink that keep old frames when the model is behind: labels would be seconds old.
    pub fn hoarding_queues(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut pad = self.sink.static_pad("sink");
        while let Some(element) = pad.as_ref().and_then(|pad| pad.peer()?.parent_element()) {
            let factory = element.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
            let leaks = element.find_property("leaky").is_some()
                && element.property_value("leaky").serialize().is_ok_and(|leaky| leaky != "no" && leaky != "0");
            // one frame more does not matter
            let one = element.find_property("max-size-buffers").is_some() && element.property::<u32>("max-size-buffers") == 1;
            if matches!(&*factory, "queue" | "queue2" | "multiqueue") && !leaks && !one {
                found.push(element.name().to_string());
            }
            // further up as long as there is one way
            pad = match &element.sink_pads()[..] {
                [only] => Some(only.clone()),
                _ => None,
            };
        }
        found
    }

    /// Lets the filesrc called `name` read `path`, and JPEG be decoded accurately rather than a little quicker.
    pub fn read_file(&self, name: &str, path: &Path) {
        if let Some(source) = self.element(name) {
            // (a name that is no UTF-8 goes as it is)
            source.set_property("location", path);
        }
        self.pipeline.connect_deep_element_added(|_, _, element| {
            if element.factory().is_some_and(|factory| factory.name() == "jpegdec") {
                element.set_property_from_str("idct-method", "islow");
            }
        });
    }

    /// Lets the videotestsrc called `name` show each of `patterns` in turn for so many `frames`; `shown` tells which.
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
