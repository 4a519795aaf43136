//! The buffers of `faultsrc`: valid ones, and ones with wrong metadata about the position of the pixels.

use gstreamer::{self as gst, glib::translate::IntoGlib};
use gstreamer_video::{self as gst_video, VideoFormat, VideoInfo};

/// The content of a video meta: the format, the size, and the offset and stride of each plane.
struct Meta {
    format: VideoFormat,
    size: (u32, u32),
    planes: Vec<(usize, i32)>,
}

/// Frame `n` of `info`: every byte is `value`; if `faulty`, with the fault of `mode`.
pub fn make(info: &VideoInfo, mode: &str, arg: i64, faulty: bool, value: u8) -> gst::Buffer {
    let sound = || Meta {
        format: info.format(),
        size: (info.width(), info.height()),
        planes: info.offset().iter().copied().zip(info.stride().iter().copied()).collect(),
    };
    let with_stride = |stride: i32| {
        let mut meta = sound();
        meta.planes.iter_mut().for_each(|plane| plane.1 = stride);
        Some(meta)
    };
    let (mut size, mut meta, mut parts) = (info.size(), None, 1);
    if faulty {
        match mode {
            "short" => size /= 2,
            "tiny" => size = 100.min(size / 2),
            "empty" => size = 0,
            // the stride that the meta claims is `arg`
            "stride" => meta = with_stride(arg as i32),
            // the first plane begins at `arg`
            "offset" => {
                let mut lie = sound();
                lie.planes[0].0 = arg as usize;
                meta = Some(lie);
            }
            // the last plane begins at the end of the memory
            "offset-end" => {
                let mut lie = sound();
                lie.planes.last_mut().expect("a picture has a plane").0 = size;
                meta = Some(lie);
            }
            // a stride of exactly the pixels' bytes, which is too small for formats with pairs of pixels
            "tight" => {
                let (width, height) = (info.width(), info.height());
                let rows = (height as usize, height.div_ceil(2) as usize);
                let (luma, chroma) = (width as usize, width.next_multiple_of(2) as usize);
                let planes = match info.format() {
                    VideoFormat::Yuy2 | VideoFormat::Uyvy => vec![(0, 2 * width as i32)],
                    _ => vec![(0, luma as i32), (luma * rows.0, chroma as i32)],
                };
                size = match planes[..] {
                    [_] => 2 * luma * rows.0,
                    _ => luma * rows.0 + chroma * rows.1,
                };
                meta = Some(Meta { format: info.format(), size: (width, height), planes });
            }
            "other-format" => {
                let format = if info.format() == VideoFormat::Nv12 { VideoFormat::Rgb } else { VideoFormat::Nv12 };
                meta = Some(Meta { format, ..sound() });
            }
            "more-planes" => {
                let mut lie = sound();
                lie.planes.resize(4, (0, 0));
                meta = Some(lie);
            }
            // the meta's picture is `arg` pixels larger in both directions than that of the caps; the memory is not
            "larger" => meta = Some(Meta { size: grown(info, arg), ..sound() }),
            // the same with enough memory: as from a decoder that works in blocks
            "larger-held" => {
                let (width, height) = grown(info, arg);
                let whole = VideoInfo::builder(info.format(), width, height).build().expect("a size that there is");
                let planes = whole.offset().iter().copied().zip(whole.stride().iter().copied()).collect();
                size = whole.size();
                meta = Some(Meta { format: info.format(), size: (width, height), planes });
            }
            "smaller" => meta = Some(Meta { size: grown(info, -arg), ..sound() }),
            // the picture in three memories instead of one, which is valid
            "memories" => (meta, parts) = (Some(sound()), 3),
            _ => {}
        }
    }
    let mut buffer = in_parts(size, parts, value);
    let made = buffer.get_mut().expect("it is not shared yet");
    if let Some(meta) = meta {
        add(made, &meta);
    }
    if faulty {
        match mode {
            "corrupted" => made.set_flags(gst::BufferFlags::CORRUPTED),
            "gap" => made.set_flags(gst::BufferFlags::GAP),
            _ => {}
        }
    }
    buffer
}

fn grown(info: &VideoInfo, by: i64) -> (u32, u32) {
    let side = |side: u32| (i64::from(side) + by).max(0) as u32;
    (side(info.width()), side(info.height()))
}

fn in_parts(size: usize, parts: usize, value: u8) -> gst::Buffer {
    if parts == 1 {
        return gst::Buffer::from_mut_slice(vec![value; size]);
    }
    let mut buffer = gst::Buffer::new();
    let made = buffer.get_mut().expect("it is not shared yet");
    let part = size.div_ceil(parts);
    for start in (0..size).step_by(part) {
        made.append_memory(gst::Memory::from_mut_slice(vec![value; part.min(size - start)]));
    }
    buffer
}

/// Adds a meta unchecked; the safe function of the bindings refuses invalid ones.
fn add(buffer: &mut gst::BufferRef, meta: &Meta) {
    let (mut offsets, mut strides) = ([0; 4], [0; 4]);
    for (n, (offset, stride)) in meta.planes.iter().enumerate() {
        (offsets[n], strides[n]) = (*offset, *stride);
    }
    // SAFETY: the buffer is writable, the arrays have the four elements that the function reads, and it only stores what it is given.
    #[allow(unsafe_code)]
    unsafe {
        gst_video::ffi::gst_buffer_add_video_meta_full(
            buffer.as_mut_ptr(),
            gst_video::VideoFrameFlags::empty().into_glib(),
            meta.format.into_glib(),
            meta.size.0,
            meta.size.1,
            meta.planes.len() as u32,
            &raw const offsets,
            &raw const strides,
        );
    }
}
