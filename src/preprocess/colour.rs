//! From planes of YUV to RGB, at the small size. The arithmetic is the `yuv` crate's (fixed point, within 1 of the exact value).

use crate::frame::{Matrix, Picture, Range};
use yuv::{YuvBiPlanarImage, YuvConversionMode, YuvGrayImage, YuvPlanarImage, YuvRange, YuvStandardMatrix};

/// Full-size planes of YUV (4:4:4), rows without padding.
#[derive(Clone, Copy)]
pub enum Planes<'a> {
    /// Luma alone.
    Gray(&'a [u8]),
    /// Y, U and V.
    Three([&'a [u8]; 3]),
    /// Y, and U V U V.
    Uv(&'a [u8], &'a [u8]),
    /// Y, and V U V U.
    Vu(&'a [u8], &'a [u8]),
}

/// Converts `width` x `height` pixels of `planes` to RGB RGB in `rgb`, with the matrix and range of `picture`.
pub fn to_rgb(planes: Planes, width: u32, height: u32, picture: &Picture, rgb: &mut [u8]) {
    let range = match picture.range {
        Range::Full => YuvRange::Full,
        Range::Limited => YuvRange::Limited,
    };
    let matrix = match picture.matrix {
        Matrix::Bt601 => YuvStandardMatrix::Bt601,
        Matrix::Bt709 => YuvStandardMatrix::Bt709,
        Matrix::Bt2020 => YuvStandardMatrix::Bt2020,
    };
    let (stride, mode) = (width * 3, YuvConversionMode::Balanced);
    let len = stride as usize * height as usize;
    let rgb = &mut rgb[..len];
    let two = |y_plane, uv_plane| YuvBiPlanarImage { y_plane, y_stride: width, uv_plane, uv_stride: width * 2, width, height };
    let converted = match planes {
        Planes::Gray(y_plane) => {
            yuv::yuv400_to_rgb(&YuvGrayImage { y_plane, y_stride: width, width, height }, rgb, stride, range, matrix)
        }
        Planes::Three([y_plane, u_plane, v_plane]) => {
            let image =
                YuvPlanarImage { y_plane, y_stride: width, u_plane, u_stride: width, v_plane, v_stride: width, width, height };
            yuv::yuv444_to_rgb(&image, rgb, stride, range, matrix)
        }
        Planes::Uv(y, uv) => yuv::yuv_nv24_to_rgb(&two(y, uv), rgb, stride, range, matrix, mode),
        Planes::Vu(y, vu) => yuv::yuv_nv42_to_rgb(&two(y, vu), rgb, stride, range, matrix, mode),
    };
    converted.expect("every plane has width x height pixels");
}
