//! Discards damaged JPEG frames before the decoder, which would fill the missing part with gray and report no error.

use super::jpeg_check::{JpegDamage, check};
use super::watch::{Refused, Watch};
use gstreamer::{self as gst, prelude::*};
use std::sync::{Arc, Mutex, PoisonError};

/// After this many frames, all without an end-of-image marker, the camera is assumed to write none.
const ACCEPTED_AFTER: u32 = 30;

/// Checks the input of the JPEG decoders of `pipeline`, the existing ones and those added later.
pub fn watch(pipeline: &gst::Pipeline, watch: &Arc<Watch>) {
    pipeline.iterate_recurse().into_iter().flatten().for_each(|element| watch_decoder(&element, watch));
    let watch = watch.clone();
    pipeline.connect_deep_element_added(move |_, _, element| watch_decoder(element, &watch));
}

/// Adds the probe, if `element` decodes JPEG.
fn watch_decoder(element: &gst::Element, watch: &Arc<Watch>) {
    let is_decoder = element.factory().is_some_and(|factory| factory.has_type(gst::ElementFactoryType::DECODER));
    let Some(pad) = element.static_pad("sink").filter(|_| is_decoder && !element.is::<gst::Bin>()) else { return };
    let takes = pad.pad_template_caps();
    if takes.is_any() || !takes.can_intersect(&gst::Caps::new_empty_simple("image/jpeg")) {
        return;
    }
    let (watch, camera) = (watch.clone(), Mutex::new(Camera::default()));
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(buffer) = info.buffer().filter(|_| has_whole_pictures(pad)) else { return gst::PadProbeReturn::Ok };
        // the decoder cannot map it either, and reports that
        let Ok(bytes) = buffer.map_readable() else { return gst::PadProbeReturn::Ok };
        match camera.lock().unwrap_or_else(PoisonError::into_inner).judge(check(&bytes)) {
            Ok(()) => gst::PadProbeReturn::Ok,
            Err(damage) => {
                watch.refuse(Refused::Damaged(damage.to_string()));
                // Handled, because with Drop GStreamer 1.22 releases a buffer that does not exist
                gst::PadProbeReturn::Handled
            }
        }
    });
}

/// Whether each buffer on `pad` is one whole JPEG. A byte stream (a file, a plain HTTP stream) is split at arbitrary positions.
fn has_whole_pictures(pad: &gst::Pad) -> bool {
    let is_jpeg = pad.current_caps().is_some_and(|caps| caps.structure(0).is_some_and(|kind| kind.name() == "image/jpeg"));
    let segment = pad.sticky_event::<gst::event::Segment>(0);
    is_jpeg && segment.is_some_and(|event| event.segment().format() == gst::Format::Time)
}

/// What is known of a camera's JPEG frames.
#[derive(Default)]
struct Camera {
    /// The number of frames without an end marker, until one has it.
    without_end: u32,
    writes_ends: bool,
}

impl Camera {
    /// Decides whether a frame is decoded, given the result of [`check`].
    fn judge(&mut self, checked: Result<(), JpegDamage>) -> Result<(), JpegDamage> {
        match checked {
            Err(JpegDamage::NoEnd) if !self.writes_ends => {
                self.without_end = self.without_end.saturating_add(1);
                if self.without_end == ACCEPTED_AFTER {
                    tracing::warn!(
                        "the first {ACCEPTED_AFTER} JPEG frames have no end-of-image marker, so this camera writes none. \
                         They are accepted from now on, and truncated frames are not detected."
                    );
                }
                if self.without_end >= ACCEPTED_AFTER { Ok(()) } else { checked }
            }
            Ok(()) => {
                self.writes_ends = true;
                checked
            }
            Err(_) => checked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Params, Pipeline, Reports, run_once};
    use crate::stats::Unusable;
    use crossbeam_channel::bounded;
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// How many of 60 JPEGs were delivered and discarded; those that `cut` selects lose their second half.
    fn delivered_and_discarded(cut: impl Fn(usize) -> bool + Send + Sync + 'static) -> (usize, u64) {
        let text = "videotestsrc num-buffers=60 ! video/x-raw,width=64,height=48 ! jpegenc ! identity name=cut ! jpegdec ! appsink name=frames";
        let mut pipeline = Pipeline::build(text).unwrap();
        let pad = pipeline.pipeline.by_name("cut").unwrap().static_pad("src").unwrap();
        let count = AtomicUsize::new(0);
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data
                && cut(count.fetch_add(1, Ordering::Relaxed))
            {
                let half = buffer.size() / 2;
                buffer.make_mut().set_size(half);
            }
            gst::PadProbeReturn::Ok
        });
        let (given, unusable) = (Arc::new(AtomicUsize::new(0)), Arc::new(Unusable::default()));
        let counting = given.clone();
        let deliver = move |_| {
            counting.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let (_open, stop) = bounded(0);
        let params = Params { unusable: unusable.clone(), ..Params::new(text) };
        run_once(&mut pipeline, &params, [&stop, &stop], deliver, &mut Reports::default(), &mut |_| {}).unwrap();
        (given.load(Ordering::Relaxed), unusable.damaged.load(Ordering::Relaxed))
    }

    #[test]
    fn truncated_frames_are_discarded() {
        assert_eq!(delivered_and_discarded(|_| false), (60, 0));
        assert_eq!(delivered_and_discarded(|n| n % 10 == 3), (54, 6));
    }

    #[test]
    fn a_camera_that_writes_no_end_markers_is_accepted() {
        // the 30th is the first that is decoded
        assert_eq!(delivered_and_discarded(|_| true), (31, 29));
        // a camera that wrote one end marker is not accepted without
        assert_eq!(delivered_and_discarded(|n| n != 5), (1, 59));
    }
}
