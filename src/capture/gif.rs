//! A GIF decoder for GStreamer, because the existing ones are unsuitable: `avdemux_gif` of libav 5 and 6 never stops reading after the
//! last picture (its thread cannot be stopped either), and `gdkpixbufdec` outputs only the first picture. A looping animation is played
//! once.

use gstreamer::{self as gst, glib, prelude::*, subclass::prelude::*};
use std::io::Cursor;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

/// The largest GIF file, in bytes.
const FILE: usize = 256 << 20;

/// The largest picture, in pixels: a limit on what decoding may allocate.
const PIXELS: usize = 64 << 20;

glib::wrapper! {
    /// Takes a whole GIF file and outputs its pictures.
    pub struct GifDecoder(ObjectSubclass<Decoder>) @extends gst::Element, gst::Object;
}

/// Registers the decoder in this process, in place of libav's.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // autoplugging finds it by its rank; if registration fails, GIFs are refused
        if let Err(error) = gst::Element::register(None, "glimpsedgifdec", gst::Rank::PRIMARY, GifDecoder::static_type()) {
            tracing::debug!("no GIF decoder: {error}");
        }
        if let Some(libav) = gst::Registry::get().lookup_feature("avdemux_gif") {
            libav.set_rank(gst::Rank::NONE);
        }
    });
}

/// The element's state.
pub struct Decoder {
    sink: gst::Pad,
    src: gst::Pad,
    file: Mutex<Vec<u8>>,
}

#[glib::object_subclass]
impl ObjectSubclass for Decoder {
    const NAME: &'static str = "GlimpsedGifDecoder";
    type Type = GifDecoder;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let pad = |name: &str| class.pad_template(name).expect("both are among the templates below");
        let sink = gst::Pad::builder_from_template(&pad("sink"))
            .chain_function(|_, parent, buffer| {
                let add = |decoder: &Self| decoder.add(&buffer);
                Decoder::catch_panic_pad_function(parent, || Err(gst::FlowError::Error), add)
            })
            .event_function(|pad, parent, event| {
                Decoder::catch_panic_pad_function(parent, || false, |decoder| decoder.event(pad, event))
            })
            .build();
        Self { sink, src: gst::Pad::from_template(&pad("src")), file: Mutex::default() }
    }
}

impl ObjectImpl for Decoder {
    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        for pad in [&self.sink, &self.src] {
            element.add_pad(pad).expect("a new element has no pad of that name");
        }
    }
}

impl GstObjectImpl for Decoder {}

impl ElementImpl for Decoder {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "GIF decoder",
                "Codec/Decoder/Image",
                "Outputs each picture of a GIF once",
                "glimpsed",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<[gst::PadTemplate; 2]> = LazyLock::new(|| {
            let template = |name: &str, direction, caps: gst::Caps| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps).expect("the caps are sound")
            };
            let gif = gst::Caps::new_empty_simple("image/gif");
            let raw = gst::Caps::builder("video/x-raw").field("format", "RGBA").build();
            [template("sink", gst::PadDirection::Sink, gif), template("src", gst::PadDirection::Src, raw)]
        });
        &*TEMPLATES
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        if transition == gst::StateChange::ReadyToPaused {
            self.lock().clear();
        }
        self.parent_change_state(transition)
    }
}

impl Decoder {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, buffer: &gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let bytes = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
        let mut file = self.lock();
        if file.len() + bytes.len() > FILE {
            gst::element_imp_error!(self, gst::StreamError::Decode, ("a GIF of more than {} MiB is not decoded", FILE >> 20));
            return Err(gst::FlowError::Error);
        }
        file.extend_from_slice(&bytes);
        Ok(gst::FlowSuccess::Ok)
    }

    fn event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::Eos(_) => {
                let file = std::mem::take(&mut *self.lock());
                if let Err(why) = self.decode(file) {
                    gst::element_imp_error!(self, gst::StreamError::Decode, ("the GIF cannot be decoded: {why}"));
                }
                self.src.push_event(event)
            }
            // caps and segment describe the encoded file; the decoder sends its own
            gst::EventView::Caps(_) | gst::EventView::Segment(_) => true,
            gst::EventView::FlushStop(_) => {
                self.lock().clear();
                gst::Pad::event_default(pad, Some(&*self.obj()), event)
            }
            _ => gst::Pad::event_default(pad, Some(&*self.obj()), event),
        }
    }

    /// Outputs each picture of `file`, drawn over the ones before it.
    fn decode(&self, file: Vec<u8>) -> Result<(), String> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(Cursor::new(file)).map_err(|error| error.to_string())?;
        let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
        if width * height == 0 || width * height > PIXELS {
            return Err(format!("its size is {width}x{height}"));
        }
        let caps =
            gst::Caps::builder("video/x-raw").field("format", "RGBA").field("width", width as i32).field("height", height as i32);
        self.src.push_event(gst::event::Caps::new(&caps.field("framerate", gst::Fraction::new(0, 1)).build()));
        self.src.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        let (mut canvas, mut time, mut pictures) = (Canvas::new(width, height), gst::ClockTime::ZERO, 0);
        loop {
            let frame = match decoder.read_next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) if pictures > 0 => return Ok(()),
                Ok(None) => return Err("it holds no picture".into()),
                Err(error) => return Err(error.to_string()),
            };
            let shown = canvas.draw(frame);
            let mut buffer = gst::Buffer::from_slice(shown);
            let duration = gst::ClockTime::from_mseconds(u64::from(frame.delay) * 10);
            let fresh = buffer.get_mut().expect("it is new");
            fresh.set_pts(time);
            fresh.set_duration(duration);
            time += duration;
            pictures += 1;
            if self.src.push(buffer).is_err() {
                // downstream wants no more
                return Ok(());
            }
        }
    }
}

/// The current picture, in RGBA.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![0; width * height * 4] }
    }

    /// Draws `frame` onto the canvas and returns the result. Afterwards the canvas is ready for the next frame.
    fn draw(&mut self, frame: &gif::Frame) -> Vec<u8> {
        let before = (frame.dispose == gif::DisposalMethod::Previous).then(|| self.pixels.clone());
        self.each_row(frame, |under, over| {
            for (under, over) in under.chunks_exact_mut(4).zip(over.chunks_exact(4)).filter(|(_, over)| over[3] > 0) {
                under.copy_from_slice(over);
            }
        });
        let shown = self.pixels.clone();
        match (frame.dispose, before) {
            (_, Some(before)) => self.pixels = before,
            (gif::DisposalMethod::Background, _) => self.each_row(frame, |under, _| under.fill(0)),
            _ => {}
        }
        shown
    }

    /// Calls `work` with each canvas row that `frame` covers and the frame's row; the frame is clipped to the canvas.
    fn each_row(&mut self, frame: &gif::Frame, work: impl Fn(&mut [u8], &[u8])) {
        let (left, top) = (usize::from(frame.left), usize::from(frame.top));
        let covered = usize::from(frame.width).min(self.width.saturating_sub(left));
        if covered == 0 {
            return;
        }
        let rows = frame.buffer.chunks_exact(usize::from(frame.width) * 4).take(self.height.saturating_sub(top));
        for (y, row) in rows.enumerate() {
            let start = ((top + y) * self.width + left) * 4;
            work(&mut self.pixels[start..start + covered * 4], &row[..covered * 4]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ended, Params, run};
    use std::ops::ControlFlow;
    use std::sync::mpsc::channel;

    /// A GIF of three pictures, 4x4 and one colour each, that loops forever.
    fn endless() -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = gif::Encoder::new(&mut file, 4, 4, &[255, 0, 0, 0, 255, 0, 0, 0, 255]).unwrap();
        encoder.set_repeat(gif::Repeat::Infinite).unwrap();
        for colour in 0..3 {
            let pixels = vec![colour; 16].into();
            encoder.write_frame(&gif::Frame { width: 4, height: 4, delay: 10, buffer: pixels, ..Default::default() }).unwrap();
        }
        drop(encoder);
        file
    }

    /// The outcome for `file`, and the first pixel of each of its pictures.
    fn decoded(file: &[u8]) -> (crate::error::Result<Ended>, Vec<Vec<u8>>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gif");
        std::fs::write(&path, file).unwrap();
        let (give, pixels) = channel();
        let (_open, stop) = crossbeam_channel::bounded(0);
        let deliver = move |frame: crate::frame::Frame| {
            give.send(frame.plane(0).row(0)[..3].to_vec()).unwrap();
            ControlFlow::Continue(())
        };
        let text = format!("filesrc location={} ! decodebin ! appsink name=frames", path.display());
        let ended = run(&Params::new(&text), [&stop, &stop], &mut |_| {}, deliver);
        (ended, pixels.iter().collect())
    }

    #[test]
    fn a_looping_animation_is_played_once() {
        let (ended, pixels) = decoded(&endless());
        assert_eq!(ended.unwrap(), Ended::EndOfStream);
        assert_eq!(pixels, [[255, 0, 0], [0, 255, 0], [0, 0, 255]]);
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let file = endless();
        let (ended, _) = decoded(&file[..file.len() * 2 / 3]);
        assert!(ended.unwrap_err().to_string().contains("the GIF cannot be decoded"));
    }
}
