//! A buffer with arbitrary metadata, processed as by a pipeline's appsink, and preprocessed in every way. Shared by the
//! property test in `tests/it/fuzz/lies.rs` and the fuzz target in `fuzz/`.

pub use glimpsed::capture::FORMATS;

use glimpsed::capture::frame_of;
use glimpsed::frame::{Frame, Orientation};
use glimpsed::preprocess::{Filter, Fit, Params, Preprocessor};
use glimpsed::tensor::{ElementType, InputSpec, Layout, Tensor, TensorSpec};
use gstreamer as gst;
use gstreamer_video::{VideoCropMeta, VideoFrameFlags, VideoMeta};
use std::cell::RefCell;

/// The caps and metadata of a buffer.
#[derive(Debug, Clone)]
pub struct Lie {
    /// The format of its caps, as an index into [`FORMATS`].
    pub format: usize,
    /// Width and height in its caps.
    pub size: (u32, u32),
    /// The pixel aspect ratio in its caps, and the orientation as an EXIF number (1 to 8).
    pub shape: ((i32, i32), u32),
    /// Its `GstVideoMeta`.
    pub meta: Option<Meta>,
    /// The origin in its `GstVideoCropMeta`.
    pub crop: Option<(u32, u32)>,
    /// The size of each of its memories in bytes.
    pub memories: Vec<usize>,
}

/// A `GstVideoMeta`, with as many planes as offsets and strides (the same number, at most 4).
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Meta {
    pub format: usize,
    pub size: (u32, u32),
    pub offsets: Vec<usize>,
    pub strides: Vec<i32>,
}

/// Processes the buffer of `lie`. True if it was accepted as a frame: then its planes have the expected bytes, and every way of
/// preprocessing succeeded.
pub fn take(lie: &Lie) -> bool {
    gst::init().unwrap();
    let bytes: Vec<u8> = (0..lie.memories.iter().sum()).map(|n: usize| (n * 31) as u8).collect();
    let Ok(mut frame) = frame_of(&sample(lie, &bytes)) else { return false };
    assert_eq!((frame.info.picture.width, frame.info.picture.height), lie.size);
    if let (Some(meta), None) = (&lie.meta, lie.crop) {
        for (index, (&offset, &stride)) in meta.offsets.iter().zip(&meta.strides).enumerate() {
            let plane = frame.plane(index);
            for n in [0, plane.rows() - 1] {
                assert_eq!(plane.row(n), &bytes[offset + n * stride as usize..][..plane.row_bytes()], "plane {index}, row {n}");
            }
        }
    }
    frame.info.picture.orientation = Orientation::from_exif(lie.shape.1).unwrap();
    preprocess(&frame);
    true
}

fn sample(lie: &Lie, bytes: &[u8]) -> gst::Sample {
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", FORMATS[lie.format].0.to_str())
        .field("width", lie.size.0 as i32)
        .field("height", lie.size.1 as i32)
        .field("pixel-aspect-ratio", gst::Fraction::new(lie.shape.0.0, lie.shape.0.1))
        .field("framerate", gst::Fraction::new(30, 1))
        .build();
    let (mut buffer, mut rest) = (gst::Buffer::new(), bytes);
    let content = buffer.get_mut().unwrap();
    for &len in &lie.memories {
        let (memory, behind) = rest.split_at(len);
        content.append_memory(gst::Memory::from_slice(memory.to_vec()));
        rest = behind;
    }
    if let Some(Meta { format, size: (width, height), offsets, strides }) = &lie.meta {
        let (flags, format) = (VideoFrameFlags::empty(), FORMATS[*format].0);
        VideoMeta::add_full(content, flags, format, *width, *height, offsets, strides).unwrap();
    }
    if let Some((x, y)) = lie.crop {
        VideoCropMeta::add(content, (x, y, lie.size.0, lie.size.1));
    }
    gst::Sample::builder().buffer(&buffer).caps(&caps).build()
}

/// Preprocesses `frame` with every fit and filter. The preprocessors process all frames of the process in turn, as those of a
/// camera do.
fn preprocess(frame: &Frame) {
    thread_local! {
        static ALL: RefCell<(Vec<Preprocessor>, Tensor)> = {
            let tensor = TensorSpec { name: "x".into(), element: ElementType::U8, shape: vec![1, 6, 9, 3], quantization: None };
            let input = InputSpec { tensor, layout: Layout::Nhwc, width: 9, height: 6 };
            let ways = [Fit::Stretch, Fit::Crop, Fit::Letterbox, Fit::LetterboxLeft].into_iter().flat_map(|fit| {
                [Filter::Bicubic, Filter::Bilinear, Filter::Box, Filter::Lanczos, Filter::Linear, Filter::Lanczos4, Filter::Nearest].map(|filter| (fit, filter))
            });
            let all = ways.map(|(fit, filter)| Preprocessor::new(&input, &Params { fit, filter, ..Params::default() }));
            RefCell::new((all.collect(), Tensor::zeros(&input.tensor)))
        };
    }
    ALL.with_borrow_mut(|(all, out)| all.iter_mut().for_each(|preprocessor| preprocessor.run(frame, out)));
}
