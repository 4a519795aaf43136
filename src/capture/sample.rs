//! Converts GStreamer samples to frames: the caps define the format, `GstVideoMeta` the position of the rows.

use super::mapped;
use super::watch::Refused;
use crate::frame::{self, Frame, Matrix, Orientation, Picture, PixelAspect, PixelFormat, Range};
use gstreamer as gst;
use gstreamer_video::{self as gst_video, VideoColorMatrix, VideoColorRange, VideoFormat, VideoInfo, VideoInterlaceMode};
use std::time::Duration;

/// The formats accepted without conversion, the cheapest first: GStreamer prefers the first one if it has a choice.
pub const FORMATS: [(VideoFormat, PixelFormat); 17] = [
    (VideoFormat::Nv12, PixelFormat::Nv12),
    (VideoFormat::I420, PixelFormat::I420),
    (VideoFormat::Yv12, PixelFormat::Yv12),
    (VideoFormat::Nv21, PixelFormat::Nv21),
    (VideoFormat::Y42b, PixelFormat::Y42b),
    (VideoFormat::Yuy2, PixelFormat::Yuy2),
    (VideoFormat::Uyvy, PixelFormat::Uyvy),
    (VideoFormat::Y444, PixelFormat::Y444),
    (VideoFormat::Rgb, PixelFormat::Rgb),
    (VideoFormat::Bgr, PixelFormat::Bgr),
    (VideoFormat::Rgbx, PixelFormat::Rgbx),
    (VideoFormat::Bgrx, PixelFormat::Bgrx),
    (VideoFormat::Xrgb, PixelFormat::Xrgb),
    (VideoFormat::Xbgr, PixelFormat::Xbgr),
    (VideoFormat::Rgba, PixelFormat::Rgba),
    (VideoFormat::Bgra, PixelFormat::Bgra),
    (VideoFormat::Gray8, PixelFormat::Gray8),
];

/// The caps that the appsink accepts. Without a frame rate: some sources have none.
pub fn accepted_caps() -> gst::Caps {
    gst_video::VideoCapsBuilder::for_encoding("video/x-raw").format_list(FORMATS.map(|(gst, _)| gst)).build()
}

/// The accepted formats, for messages.
pub fn accepted_formats() -> String {
    format!("video/x-raw in {}", FORMATS.map(|(gst, _)| gst.to_str().to_string()).join(", "))
}

/// The frame of one sample, converted as in a pipeline's appsink.
pub fn frame_of(sample: &gst::Sample) -> Result<Frame, String> {
    SampleReader::default().frame(sample, true).map_err(|trouble| match trouble {
        Trouble::Refused(Refused::Damaged(why)) | Trouble::NoPicture(why) => why,
        Trouble::Refused(refused) => format!("{refused:?}"),
    })
}

/// Why a sample is not a frame.
#[derive(Debug)]
pub enum Trouble {
    /// This sample is discarded.
    Refused(Refused),
    /// The stream does not consist of pictures: its other samples are no frames either.
    NoPicture(String),
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Refused(Refused::Damaged(why))
    }
}

/// Converts samples to frames; caches the latest caps.
#[derive(Default)]
pub struct SampleReader {
    known: Option<(gst::Caps, VideoInfo, Picture)>,
    /// Whether it has returned a frame.
    given: bool,
}

impl SampleReader {
    /// The frame of `sample`, captured now, without a copy. A film's first picture is accepted even if it is flagged as a repetition.
    pub fn frame(&mut self, sample: &gst::Sample, live: bool) -> Result<Frame, Trouble> {
        let buffer = sample.buffer_owned().ok_or_else(|| "a sample without a buffer".to_owned())?;
        if let Some(refused) = refused(buffer.flags(), live || self.given) {
            return Err(Trouble::Refused(refused));
        }
        let (info, picture) = self.picture(sample).map_err(Trouble::NoPicture)?;
        let pts = buffer.pts().map(Duration::from);
        let mapped = mapped::map(buffer, info, &picture)?;
        let mut frame = Frame::new(picture, mapped).map_err(|error| error.to_string())?;
        (frame.info.pts, frame.info.live) = (pts, live);
        self.given = true;
        Ok(frame)
    }

    fn picture(&mut self, sample: &gst::Sample) -> Result<(&VideoInfo, Picture), String> {
        let caps = sample.caps().ok_or("a sample without caps")?;
        if self.known.as_ref().is_none_or(|(known, _, _)| known.as_ref() != caps) {
            let info = VideoInfo::from_caps(caps).map_err(|_| format!("not the caps of a picture: {caps}"))?;
            let picture = picture_of(&info).ok_or_else(|| format!("unsupported format or size: {caps}"))?;
            self.known = Some((caps.to_owned(), info, picture));
        }
        let (_, info, picture) = self.known.as_ref().expect("set just above");
        Ok((info, *picture))
    }
}

/// Why a buffer is refused by its flags; `repeats`: whether it may repeat an earlier picture.
fn refused(flags: gst::BufferFlags, repeats: bool) -> Option<Refused> {
    if flags.contains(gst::BufferFlags::CORRUPTED) {
        Some(Refused::Corrupted)
    } else if flags.contains(gst::BufferFlags::DECODE_ONLY) || (repeats && flags.contains(gst::BufferFlags::GAP)) {
        Some(Refused::Repeated)
    } else {
        None
    }
}

fn picture_of(info: &VideoInfo) -> Option<Picture> {
    let (_, format) = FORMATS.into_iter().find(|(gst, _)| *gst == info.format())?;
    let (width, height) = (info.width(), info.height());
    let colorimetry = info.colorimetry();
    let matrix = match colorimetry.matrix() {
        VideoColorMatrix::Bt709 | VideoColorMatrix::Smpte240m => Matrix::Bt709,
        VideoColorMatrix::Bt2020 => Matrix::Bt2020,
        VideoColorMatrix::Bt601 | VideoColorMatrix::Fcc => Matrix::Bt601,
        // not specified: GStreamer's default, by the height at which HD begins
        _ if height >= 720 => Matrix::Bt709,
        _ => Matrix::Bt601,
    };
    let range = match colorimetry.range() {
        VideoColorRange::Range0_255 => Range::Full,
        VideoColorRange::Range16_235 => Range::Limited,
        _ if format == PixelFormat::Gray8 => Range::Full,
        _ => Range::Limited,
    };
    let (pixel_aspect, orientation) = (pixel_aspect(info.par()), Orientation::UPRIGHT);
    // a buffer with a single field has half the height of its caps
    use VideoInterlaceMode::{Fields, Interleaved, Mixed, Progressive};
    let whole = matches!(info.interlace_mode(), Progressive | Interleaved | Mixed | Fields);
    (whole && frame::is_accepted(width, height)).then_some(Picture {
        format,
        width,
        height,
        matrix,
        range,
        pixel_aspect,
        orientation,
    })
}

fn pixel_aspect(ratio: gst::Fraction) -> PixelAspect {
    let sides = (u32::try_from(ratio.numer()), u32::try_from(ratio.denom()));
    let aspect = if let (Ok(width), Ok(height)) = sides { PixelAspect::new(width, height) } else { None };
    aspect.unwrap_or_else(|| {
        tracing::warn!("the stream declares the pixel aspect ratio {ratio}; square pixels are assumed");
        PixelAspect::SQUARE
    })
}
