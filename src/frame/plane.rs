//! One plane of a picture, checked once so that every row is within its memory.

use super::format::PixelFormat;
use std::fmt;

/// The maximum width and height of a picture in pixels: GStreamer's own limit for most of its elements.
pub const MAX_SIDE: u32 = 32_767;

/// The maximum number of pixels of a picture: no camera has more than 150 megapixels. All cameras of a model share one thread, which a
/// larger picture would occupy for seconds.
pub const MAX_PIXELS: u32 = 150_000_000;

/// Whether pictures of `width` x `height` are accepted.
pub fn is_accepted(width: u32, height: u32) -> bool {
    let sides = [width, height].iter().all(|side| (1..=MAX_SIDE).contains(side));
    sides && width.checked_mul(height).is_some_and(|pixels| pixels <= MAX_PIXELS)
}

/// The maximum number of planes of a format.
pub const MAX_PLANES: usize = 3;

/// How one plane of a format samples the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// The number of columns of the picture that share one group of bytes.
    pub across: u32,
    /// The number of rows of the picture that share one row of the plane.
    pub down: u32,
    /// The number of bytes in a group.
    pub bytes: usize,
}

impl Sampling {
    const fn new(across: u32, down: u32, bytes: usize) -> Self {
        Self { across, down, bytes }
    }

    /// The bytes per row and the number of rows of the plane, for a picture of `width` x `height`. A partial group at the end counts as
    /// a whole one.
    pub fn extent(&self, width: u32, height: u32) -> (usize, usize) {
        (width.div_ceil(self.across) as usize * self.bytes, height.div_ceil(self.down) as usize)
    }
}

impl PixelFormat {
    /// The planes of the format, in order.
    pub fn planes(self) -> &'static [Sampling] {
        const RGB: &[Sampling] = &[Sampling::new(1, 1, 3)];
        const RGBX: &[Sampling] = &[Sampling::new(1, 1, 4)];
        const PACKED_422: &[Sampling] = &[Sampling::new(2, 1, 4)];
        const LUMA: Sampling = Sampling::new(1, 1, 1);
        const BIPLANAR_420: &[Sampling] = &[LUMA, Sampling::new(2, 2, 2)];
        const PLANAR_420: &[Sampling] = &[LUMA, Sampling::new(2, 2, 1), Sampling::new(2, 2, 1)];
        const PLANAR_422: &[Sampling] = &[LUMA, Sampling::new(2, 1, 1), Sampling::new(2, 1, 1)];
        match self {
            Self::Rgb | Self::Bgr => RGB,
            Self::Rgbx | Self::Bgrx | Self::Xrgb | Self::Xbgr | Self::Rgba | Self::Bgra => RGBX,
            Self::Gray8 => &[LUMA],
            Self::Nv12 | Self::Nv21 => BIPLANAR_420,
            Self::I420 | Self::Yv12 => PLANAR_420,
            Self::Y42b => PLANAR_422,
            Self::Y444 => &[LUMA, LUMA, LUMA],
            Self::Yuy2 | Self::Uyvy => PACKED_422,
        }
    }
}

/// Why memory cannot contain the declared picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are those of the messages
pub enum LayoutError {
    /// No columns or rows, or more than [`MAX_SIDE`] or [`MAX_PIXELS`] allow.
    Size { width: u32, height: u32 },
    /// Fewer planes than the format has.
    MissingPlane { index: usize },
    /// A plane without rows, or with rows of no bytes.
    Empty,
    /// Rows that overlap.
    Stride { stride: usize, row_bytes: usize },
    /// A plane that reaches past its memory; `needs` is `None` where the number overflows.
    TooShort { bytes: usize, needs: Option<usize> },
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Size { width, height } => {
                let most = MAX_PIXELS / 1_000_000;
                write!(f, "a picture of {width}x{height}; at most {MAX_SIDE} pixels per side and {most} megapixels are supported")
            }
            Self::MissingPlane { index } => write!(f, "there is no plane {index}"),
            Self::Empty => f.write_str("a plane without pixels"),
            Self::Stride { stride, row_bytes } => write!(f, "rows {stride} bytes apart, each needs {row_bytes}"),
            Self::TooShort { bytes, needs: Some(needs) } => write!(f, "a plane of {bytes} bytes, it needs {needs}"),
            Self::TooShort { bytes, needs: None } => write!(f, "a plane of {bytes} bytes, it needs more than can be addressed"),
        }
    }
}

impl std::error::Error for LayoutError {}

/// One plane: rows of the same length, with `stride` bytes from the start of one to the start of the next.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// From the first byte of the first row to the last byte of the last one.
    bytes: &'a [u8],
    stride: usize,
    row_bytes: usize,
    rows: usize,
}

impl<'a> Plane<'a> {
    /// The plane at the start of `data`: `rows` rows of `row_bytes` each, with the given stride. No padding is needed after the last
    /// row.
    pub fn new(data: &'a [u8], stride: usize, row_bytes: usize, rows: usize) -> Result<Self, LayoutError> {
        let needs = span(stride, row_bytes, rows)?;
        let bytes = needs.and_then(|needs| data.get(..needs)).ok_or(LayoutError::TooShort { bytes: data.len(), needs })?;
        Ok(Self { bytes, stride, row_bytes, rows })
    }

    /// All bytes, from the first row to the last, including the padding between rows.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The stride in bytes, at least `row_bytes`.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The number of bytes in a row, at least 1.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// The number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Row `n`, without padding. Panics if there is no such row.
    pub fn row(&self, n: usize) -> &'a [u8] {
        &self.bytes[n * self.stride..][..self.row_bytes]
    }
}

/// The size of a plane in bytes, from the first to the last one; `None` on overflow.
pub fn span(stride: usize, row_bytes: usize, rows: usize) -> Result<Option<usize>, LayoutError> {
    if rows == 0 || row_bytes == 0 {
        return Err(LayoutError::Empty);
    }
    if stride < row_bytes {
        return Err(LayoutError::Stride { stride, row_bytes });
    }
    Ok(stride.checked_mul(rows - 1).and_then(|bytes| bytes.checked_add(row_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_sizes_are_not_accepted() {
        assert!(is_accepted(1, 1) && is_accepted(MAX_SIDE, 1) && is_accepted(15_000, 10_000));
        for (width, height) in [(0, 1), (1, 0), (MAX_SIDE + 1, 1), (15_000, 10_001), (MAX_SIDE, MAX_SIDE), (u32::MAX, u32::MAX)] {
            assert!(!is_accepted(width, height), "{width}x{height}");
        }
    }

    #[test]
    fn a_plane_ends_with_its_last_row() {
        let data: Vec<u8> = (0..11).collect();
        let plane = Plane::new(&data, 4, 3, 3).unwrap();
        assert_eq!((plane.bytes(), plane.row(0), plane.row(2)), (&data[..], &data[..3], &data[8..]));
        assert_eq!(Plane::new(&data[..10], 4, 3, 3).err(), Some(LayoutError::TooShort { bytes: 10, needs: Some(11) }));
    }

    #[test]
    fn a_plane_cannot_exceed_its_memory() {
        let data = [0; 100];
        let refused = |stride, row_bytes, rows| Plane::new(&data, stride, row_bytes, rows).err();
        assert_eq!(refused(usize::MAX, 3, 3), Some(LayoutError::TooShort { bytes: 100, needs: None }));
        assert_eq!(refused(usize::MAX - 1, 3, 2), Some(LayoutError::TooShort { bytes: 100, needs: None }));
        assert_eq!(refused(usize::MAX, usize::MAX, 1), Some(LayoutError::TooShort { bytes: 100, needs: Some(usize::MAX) }));
        assert_eq!(refused(2, 3, 1), Some(LayoutError::Stride { stride: 2, row_bytes: 3 }));
        assert_eq!([refused(0, 0, 1), refused(4, 4, 0)], [Some(LayoutError::Empty); 2]);
    }

    #[test]
    fn odd_sizes_need_whole_groups() {
        let extents = |format: PixelFormat| format.planes().iter().map(|plane| plane.extent(321, 241)).collect::<Vec<_>>();
        assert_eq!(extents(PixelFormat::Yuy2), [(644, 241)]);
        assert_eq!(extents(PixelFormat::Nv12), [(321, 241), (322, 121)]);
        assert_eq!(extents(PixelFormat::I420), [(321, 241), (161, 121), (161, 121)]);
        assert_eq!(extents(PixelFormat::Rgb), [(963, 241)]);
    }
}
