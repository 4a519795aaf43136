//! The pixel formats that are accepted.

/// The layout of the pixels. Names and layouts are GStreamer's (`GstVideoFormat`); every sample has 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum PixelFormat {
    Rgb,
    Bgr,
    Rgbx,
    Bgrx,
    Xrgb,
    Xbgr,
    Rgba,
    Bgra,
    /// Only luma.
    Gray8,
    /// 4:2:0, chroma plane U V U V.
    Nv12,
    /// 4:2:0, chroma plane V U V U.
    Nv21,
    /// 4:2:0, planes Y, U, V.
    I420,
    /// 4:2:0, planes Y, V, U.
    Yv12,
    /// 4:2:2, planes Y, U, V: from the JPEG of most USB cameras.
    Y42b,
    /// 4:4:4, planes Y, U, V.
    Y444,
    /// 4:2:2 packed, Y U Y V.
    Yuy2,
    /// 4:2:2 packed, U Y V Y.
    Uyvy,
}
