//! The element: properties, timing, and the faults that do not concern single buffers.

use super::{caps, frame};
use gstreamer::{self as gst, glib, prelude::*, subclass::prelude::*};
use gstreamer_base::subclass::base_src::CreateSuccess;
use gstreamer_base::{prelude::*, subclass::prelude::*};
use gstreamer_video::VideoInfo;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "faultsrc", gst::Rank::NONE, FaultSource::static_type())
}

glib::wrapper! {
    pub struct FaultSource(ObjectSubclass<Fault>)
        @extends gstreamer_base::PushSrc, gstreamer_base::BaseSrc, gst::Element, gst::Object;
}

#[derive(Clone)]
struct Settings {
    mode: String,
    arg: i64,
    every: u64,
    format: String,
    width: i32,
    height: i32,
    fps: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mode: "none".into(), arg: 0, every: 1, format: "I420".into(), width: 64, height: 48, fps: 30 }
    }
}

#[derive(Default)]
pub struct Fault {
    settings: Mutex<Settings>,
    sent: Mutex<u64>,
}

#[glib::object_subclass]
impl ObjectSubclass for Fault {
    const NAME: &'static str = "GlimpsedFaultSrc";
    type Type = FaultSource;
    type ParentType = gstreamer_base::PushSrc;
}

impl Fault {
    fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sleeps for `milliseconds`, in pieces, until the source is stopped.
    fn pause(&self, milliseconds: u64) {
        for _ in 0..milliseconds.div_ceil(10) {
            if self.obj().src_pad().pad_flags().contains(gst::PadFlags::FLUSHING) {
                return;
            }
            sleep(Duration::from_millis(10.min(milliseconds)));
        }
    }

    /// Posts the messages of the mode for frame `n`; an error also ends the stream.
    fn post(&self, settings: &Settings, n: u64) -> Result<(), gst::FlowError> {
        let element = self.obj();
        let times = settings.arg.max(1);
        match settings.mode.as_str() {
            "warning" => (0..times).for_each(|_| gst::element_warning!(element, gst::StreamError::Decode, ("frame {n} is bad"))),
            "same-warning" => {
                (0..times).for_each(|_| gst::element_warning!(element, gst::StreamError::Decode, ("Could not decode frame")));
            }
            "qos" => (0..times).for_each(|_| {
                let _ = element.post_message(gst::message::Qos::builder(true).src(&*element).build());
            }),
            "messages" => (0..times).for_each(|_| {
                let message = gst::message::Element::builder(gst::Structure::new_empty("nothing")).src(&*element).build();
                let _ = element.post_message(message);
            }),
            "errors" => {
                (0..times).for_each(|_| gst::element_error!(element, gst::StreamError::Decode, ("bad\nMAINPID=1\nWATCHDOG=1")));
            }
            "escape" => gst::element_error!(element, gst::StreamError::Decode, ("\x1b[31m\x1b]0;owned\x07bad\u{9b}2J")),
            "error" if n >= settings.arg as u64 => {
                gst::element_error!(element, gst::ResourceError::Read, ("the cable is gone"));
                return Err(gst::FlowError::Error);
            }
            "password" if n >= settings.arg as u64 => {
                gst::element_error!(
                    element,
                    gst::ResourceError::Read,
                    ("Could not read from rtsp://admin:s3cret@192.0.2.9/stream"),
                    ["rtsp://admin:s3cret@192.0.2.9/stream timed out"]
                );
                return Err(gst::FlowError::Error);
            }
            "flow-error" if n >= settings.arg as u64 => return Err(gst::FlowError::Error),
            "eos" if n >= settings.arg as u64 => return Err(gst::FlowError::Eos),
            _ => {}
        }
        Ok(())
    }

    /// The timestamp of frame `n`, where `now` is the correct one.
    fn time(&self, settings: &Settings, n: u64, faulty: bool, now: gst::ClockTime) -> Option<gst::ClockTime> {
        let arg = settings.arg.unsigned_abs();
        match settings.mode.as_str() {
            _ if !faulty => Some(now),
            // from frame `arg` on the timestamps restart at 0
            "pts-reset" if n >= arg => Some(gst::ClockTime::from_mseconds((n - arg) * 33)),
            // `arg` milliseconds back, without a new segment
            "pts-back" => Some(now.saturating_sub(gst::ClockTime::from_mseconds(arg))),
            "pts-future" => Some(now + gst::ClockTime::from_mseconds(arg)),
            "pts-huge" => Some(gst::ClockTime::from_nseconds(u64::MAX - 2 - n)),
            "pts-none" => None,
            _ => Some(now),
        }
    }
}

impl ObjectImpl for Fault {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let int = |name: &str, least, most, usual| {
                glib::ParamSpecInt::builder(name).minimum(least).maximum(most).default_value(usual).build()
            };
            vec![
                glib::ParamSpecString::builder("mode").default_value(Some("none")).build(),
                glib::ParamSpecInt64::builder("arg").build(),
                glib::ParamSpecUInt64::builder("every").minimum(1).default_value(1).build(),
                glib::ParamSpecString::builder("format").default_value(Some("I420")).build(),
                int("width", 1, 100_000, 64),
                int("height", 1, 100_000, 48),
                int("fps", 0, 100_000, 30),
                glib::ParamSpecBoolean::builder("live").default_value(true).build(),
            ]
        });
        PROPERTIES.as_ref()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        const CHECKED: &str = "GObject has checked the type";
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        match spec.name() {
            "mode" => settings.mode = value.get::<Option<String>>().expect(CHECKED).unwrap_or_default(),
            "arg" => settings.arg = value.get().expect(CHECKED),
            "every" => settings.every = value.get().expect(CHECKED),
            "format" => settings.format = value.get::<Option<String>>().expect(CHECKED).unwrap_or_default(),
            "width" => settings.width = value.get().expect(CHECKED),
            "height" => settings.height = value.get().expect(CHECKED),
            "fps" => settings.fps = value.get().expect(CHECKED),
            _ => self.obj().set_live(value.get().expect(CHECKED)),
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        let settings = self.settings();
        match spec.name() {
            "mode" => settings.mode.to_value(),
            "arg" => settings.arg.to_value(),
            "every" => settings.every.to_value(),
            "format" => settings.format.to_value(),
            "width" => settings.width.to_value(),
            "height" => settings.height.to_value(),
            "fps" => settings.fps.to_value(),
            _ => self.obj().is_live().to_value(),
        }
    }

    fn constructed(&self) {
        self.parent_constructed();
        self.obj().set_live(true);
        self.obj().set_format(gst::Format::Time);
    }
}

impl GstObjectImpl for Fault {}

impl ElementImpl for Fault {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new("Fault source", "Source/Video", "A camera with faults", "glimpsed")
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let any = gst::Caps::new_any();
            let template = gst::PadTemplate::new("src", gst::PadDirection::Src, gst::PadPresence::Always, &any);
            vec![template.expect("a valid template")]
        });
        TEMPLATES.as_ref()
    }
}

impl BaseSrcImpl for Fault {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings();
        if settings.mode == "slow-start" {
            sleep(Duration::from_millis(settings.arg.unsigned_abs()));
        }
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings();
        if settings.mode == "slow-stop" {
            sleep(Duration::from_millis(settings.arg.unsigned_abs()));
        }
        Ok(())
    }

    fn negotiate(&self) -> Result<(), gst::LoggableError> {
        let Settings { mode, format, width, height, fps, .. } = self.settings();
        let caps = caps::first(&mode, &format, (width, height), fps);
        self.obj().set_caps(&caps).map_err(|_| gst::loggable_error!(gst::CAT_RUST, "{caps} is not accepted downstream"))
    }
}

impl PushSrcImpl for Fault {
    fn create(&self, _buffer: Option<&mut gst::BufferRef>) -> Result<CreateSuccess, gst::FlowError> {
        let settings = self.settings();
        let n = {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            *sent += 1;
            *sent - 1
        };
        let mode = settings.mode.as_str();
        match mode {
            "slow-first" if n == 0 => self.pause(settings.arg.unsigned_abs()),
            "silent" if n >= settings.arg as u64 => {
                while !self.obj().src_pad().pad_flags().contains(gst::PadFlags::FLUSHING) {
                    sleep(Duration::from_millis(5));
                }
                return Err(gst::FlowError::Flushing);
            }
            // a driver that never returns, not even at shutdown
            "hang" if n >= settings.arg as u64 => loop {
                std::thread::park();
            },
            _ if settings.fps > 0 => sleep(Duration::from_secs(1) / settings.fps as u32),
            _ => {}
        }
        let (format, size) = match mode {
            "sizes" => caps::changing(n),
            "unknown-format" if n >= settings.arg as u64 => ("P010_10LE", (settings.width, settings.height)),
            _ => (settings.format.as_str(), (settings.width, settings.height)),
        };
        let sound = caps::sound(format, size, settings.fps);
        if matches!(mode, "sizes" | "unknown-format") {
            self.obj().set_caps(&sound).map_err(|_| gst::FlowError::NotNegotiated)?;
        }
        self.post(&settings, n)?;
        let info = VideoInfo::from_caps(&sound).map_err(|_| gst::FlowError::NotNegotiated)?;
        let faulty = n % settings.every == settings.every - 1;
        let mut buffer = frame::make(&info, mode, settings.arg, faulty, 128);
        let made = buffer.get_mut().expect("it is not shared yet");
        let now = self.obj().current_running_time().unwrap_or(gst::ClockTime::ZERO);
        made.set_pts(self.time(&settings, n, faulty, now));
        Ok(CreateSuccess::NewBuffer(buffer))
    }
}
