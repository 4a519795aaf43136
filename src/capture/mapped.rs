//! The memory of a GStreamer buffer as planes. `GstVideoMeta` describes where the rows are, and may be wrong: it is used only
//! after a check against the caps and the size of the memory.

use crate::frame::{MAX_PLANES, Picture, Pixels, span};
use gstreamer::{self as gst, MappedBuffer, MappedMemory, buffer, memory};
use gstreamer_video::{VideoCropMeta, VideoInfo, VideoMeta};
use std::ops::Range;

/// The position of a plane in its buffer.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The first byte of its first row.
    start: usize,
    /// One past the last byte of its last row.
    end: usize,
    /// Bytes from row to row.
    stride: usize,
}

/// The layout according to the caps or the meta, not yet checked.
struct Claim<'a> {
    offsets: &'a [usize],
    strides: &'a [i32],
    /// The first column and row of the picture within the stored one.
    origin: (u32, u32),
}

/// Maps the planes of `buffer`, which contains `picture` according to its caps (`info`). The error is a message.
pub fn map(buffer: gst::Buffer, info: &VideoInfo, picture: &Picture) -> Result<Mapped, String> {
    let places = places(&buffer, info, picture)?;
    let count = picture.format.planes().len();
    let mut mapped = Mapped { memories: Memories::default(), planes: [(0, Place::default()); MAX_PLANES], buffer: None };
    for (place, (memory, inside)) in places[..count].iter().zip(&mut mapped.planes) {
        match holder(&buffer, place) {
            Some((index, range)) => {
                *memory = mapped.memories.map(&buffer, index)?;
                *inside = Place { start: range.start, end: range.end, stride: place.stride };
            }
            // the plane is split over several memories: GStreamer copies the buffer into one
            None => return merged(buffer, places),
        }
    }
    mapped.buffer = Some(buffer);
    mapped.checked(count)
}

/// The positions of the planes, checked to lie within the buffer.
fn places(buffer: &gst::BufferRef, info: &VideoInfo, picture: &Picture) -> Result<[Place; MAX_PLANES], String> {
    let meta = buffer.meta::<VideoMeta>();
    let stored = match &meta {
        Some(meta) => {
            check_meta(meta, info)?;
            (meta.width(), meta.height())
        }
        None => (info.width(), info.height()),
    };
    let origin = buffer.meta::<VideoCropMeta>().map_or((0, 0), |crop| (crop.rect().0, crop.rect().1));
    let inside = |first: u32, side: u32, stored: u32| first.checked_add(side).is_some_and(|end| end <= stored);
    if !inside(origin.0, picture.width, stored.0) || !inside(origin.1, picture.height, stored.1) {
        return Err(format!(
            "its picture of {}x{} at {},{} exceeds the stored {}x{}",
            picture.width, picture.height, origin.0, origin.1, stored.0, stored.1
        ));
    }
    let claim = match &meta {
        Some(meta) => Claim { offsets: meta.offset(), strides: meta.stride(), origin },
        None => Claim { offsets: info.offset(), strides: info.stride(), origin },
    };
    let mut places = [Place::default(); MAX_PLANES];
    let mut needs = Some(0);
    for (index, place) in places.iter_mut().enumerate().take(picture.format.planes().len()) {
        match claim.place(index, picture)? {
            Some(found) => {
                *place = found;
                needs = needs.map(|needs| found.end.max(needs));
            }
            None => needs = None,
        }
    }
    match needs {
        Some(needs) if needs <= buffer.size() => Ok(places),
        needs => {
            let needs = needs.map_or("more than can be addressed".to_owned(), |needs| needs.to_string());
            let (format, Picture { width, height, .. }) = (info.format(), picture);
            let stride = if claim.strides == info.stride() { String::new() } else { format!(" in rows of {:?}", claim.strides) };
            Err(format!("buffer is {} bytes, {format} {width}x{height}{stride} needs {needs}", buffer.size()))
        }
    }
}

/// Checks that a meta has the format and the number of planes of the caps, and that its picture is at least as large.
fn check_meta(meta: &VideoMeta, info: &VideoInfo) -> Result<(), String> {
    // the number is not trusted either: the bindings index their arrays by it
    let planes = meta.n_planes();
    if meta.format() != info.format() || planes != info.n_planes() {
        // without the name of the other format: the bindings panic if the number is unknown
        let (caps, expected) = (info.format(), info.n_planes());
        return Err(format!("its GstVideoMeta has another format or {planes} planes; its caps are {caps} with {expected}"));
    }
    if meta.width() < info.width() || meta.height() < info.height() {
        let (width, height) = (meta.width(), meta.height());
        return Err(format!("only {width}x{height} are stored, its caps are {}x{}", info.width(), info.height()));
    }
    Ok(())
}

impl Claim<'_> {
    /// The position of plane `index` of `picture`; `None` on overflow.
    fn place(&self, index: usize, picture: &Picture) -> Result<Option<Place>, String> {
        let sampling = picture.format.planes()[index];
        let (row_bytes, rows) = sampling.extent(picture.width, picture.height);
        let (Some(&offset), Some(&stride)) = (self.offsets.get(index), self.strides.get(index)) else {
            return Err(format!("there is no plane {index}"));
        };
        let stride = usize::try_from(stride).map_err(|_| format!("its rows are stored bottom-up (stride {stride})"))?;
        let len = span(stride, row_bytes, rows).map_err(|error| error.to_string())?;
        let (x, y) = self.aligned_origin(picture);
        let left = x as usize / sampling.across as usize * sampling.bytes;
        let start = (y as usize / sampling.down as usize).checked_mul(stride);
        let start = start.and_then(|start| start.checked_add(left)?.checked_add(offset));
        let end = start.zip(len).and_then(|(start, len)| start.checked_add(len));
        Ok(start.zip(end).map(|(start, end)| Place { start, end, stride }))
    }

    /// The origin, aligned to the sampling of all planes.
    fn aligned_origin(&self, picture: &Picture) -> (u32, u32) {
        let planes = picture.format.planes();
        let coarsest = |of: fn(&crate::frame::Sampling) -> u32| planes.iter().map(of).max().unwrap_or(1);
        let (x, y) = self.origin;
        (x - x % coarsest(|plane| plane.across), y - y % coarsest(|plane| plane.down))
    }
}

/// The index of the memory of `buffer` that contains all of `place`, and the range within it.
fn holder(buffer: &gst::BufferRef, place: &Place) -> Option<(usize, Range<usize>)> {
    let mut first = 0;
    for index in 0..buffer.n_memory() {
        let end = buffer.peek_memory(index).size().saturating_add(first);
        if (first..end).contains(&place.start) {
            return (place.end <= end).then(|| (index, place.start - first..place.end - first));
        }
        first = end;
    }
    None
}

fn merged(buffer: gst::Buffer, places: [Place; MAX_PLANES]) -> Result<Mapped, String> {
    let whole = buffer.into_mapped_buffer_readable().map_err(|_| CANNOT_MAP.to_owned())?;
    Mapped { memories: Memories::Merged(whole), planes: places.map(|place| (0, place)), buffer: None }.checked(MAX_PLANES)
}

const CANNOT_MAP: &str = "its memory cannot be mapped for reading";

/// The mapped memory of a frame.
#[allow(clippy::large_enum_variant)] // the large one is the usual one, and is boxed with the frame
enum Memories {
    /// Memories of the buffer that contain planes, with their index, mapped in place.
    Single([Option<(usize, MappedMemory<memory::Readable>)>; MAX_PLANES]),
    Merged(MappedBuffer<buffer::Readable>),
}

impl Default for Memories {
    fn default() -> Self {
        Self::Single([None, None, None])
    }
}

impl Memories {
    /// Maps memory `index` of `buffer`, unless it is mapped already; returns its index here.
    fn map(&mut self, buffer: &gst::BufferRef, index: usize) -> Result<usize, String> {
        let Self::Single(memories) = self else { return Ok(0) };
        for (n, slot) in memories.iter_mut().enumerate() {
            match slot {
                Some((known, _)) if *known == index => return Ok(n),
                Some(_) => {}
                None => {
                    let memory = buffer.memory(index).ok_or(CANNOT_MAP)?;
                    *slot = Some((index, memory.into_mapped_memory_readable().map_err(|_| CANNOT_MAP)?));
                    return Ok(n);
                }
            }
        }
        Err(CANNOT_MAP.into())
    }

    fn bytes(&self, index: usize) -> &[u8] {
        match self {
            Self::Single(memories) => memories[index].as_ref().map_or(&[], |(_, memory)| memory.as_slice()),
            Self::Merged(buffer) => buffer.as_slice(),
        }
    }
}

/// The planes of a mapped buffer.
pub struct Mapped {
    // declared before the buffer: the buffer returns to its pool once nothing is mapped
    memories: Memories,
    /// For each plane the index of its memory and its position in it.
    planes: [(usize, Place); MAX_PLANES],
    buffer: Option<gst::Buffer>,
}

impl Mapped {
    /// Checks that the first `count` planes lie within the mapped memory.
    fn checked(self, count: usize) -> Result<Self, String> {
        let all = (0..count).all(|index| self.plane(index).is_some());
        if all { Ok(self) } else { Err("less of its memory can be mapped than its size says".into()) }
    }
}

impl Pixels for Mapped {
    fn plane(&self, index: usize) -> Option<(&[u8], usize)> {
        let (memory, place) = self.planes.get(index)?;
        self.memories.bytes(*memory).get(place.start..place.end).map(|data| (data, place.stride))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;
    use gstreamer_video::{VideoFormat, VideoFrameFlags};

    /// A buffer of 0, 1, 2, ... in memories of these sizes, and its caps.
    fn buffer(format: VideoFormat, (width, height): (u32, u32), memories: &[usize]) -> (gst::Buffer, VideoInfo) {
        gst::init().unwrap();
        let (mut buffer, mut next) = (gst::Buffer::new(), 0..=u8::MAX);
        for &len in memories {
            let bytes: Vec<u8> = next.by_ref().take(len).collect();
            buffer.get_mut().unwrap().append_memory(gst::Memory::from_slice(bytes));
        }
        (buffer, VideoInfo::builder(format, width, height).build().unwrap())
    }

    #[test]
    fn planes_in_separate_memories_are_mapped_in_place() {
        let picture = Picture::new(PixelFormat::Nv12, 4, 4);
        let (two, info) = buffer(VideoFormat::Nv12, (4, 4), &[16, 8]);
        let first = two.peek_memory(1).map_readable().unwrap().as_slice().as_ptr();
        let mapped = map(two, &info, &picture).unwrap();
        let (chroma, stride) = mapped.plane(1).unwrap();
        assert_eq!((chroma.as_ptr(), stride), (first, 4), "no copy");
        let (pieces, info) = buffer(VideoFormat::Nv12, (4, 4), &[10, 10, 4]);
        let copied = map(pieces, &info, &picture).unwrap();
        assert!(matches!(copied.memories, Memories::Merged(_)));
        for index in 0..2 {
            assert_eq!(mapped.plane(index), copied.plane(index));
        }
    }

    #[test]
    fn a_crop_rectangle_is_applied() {
        let (mut stored, info) = buffer(VideoFormat::Nv12, (4, 2), &[8 * 4 + 8 * 2]);
        let content = stored.get_mut().unwrap();
        let flags = VideoFrameFlags::empty();
        VideoMeta::add_full(content, flags, VideoFormat::Nv12, 8, 4, &[0, 32], &[8, 8]).unwrap();
        VideoCropMeta::add(content, (3, 2, 4, 2));
        let picture = Picture::new(PixelFormat::Nv12, 4, 2);
        let mapped = map(stored.clone(), &info, &picture).unwrap();
        // column 3 is in the middle of a chroma sample: the picture begins with that sample
        assert_eq!(mapped.plane(0), Some((&[18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29][..], 8)));
        assert_eq!(mapped.plane(1), Some((&[42, 43, 44, 45][..], 8)));
        drop(mapped);
        let outside = Picture { width: 6, ..picture };
        let why = map(stored, &VideoInfo::builder(VideoFormat::Nv12, 6, 2).build().unwrap(), &outside).err().unwrap();
        assert_eq!(why, "its picture of 6x2 at 3,2 exceeds the stored 8x4");
    }
}
