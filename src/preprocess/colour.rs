//! Converts planes of YUV to RGB or BGR, and these to gray, at the small size, with the `yuv` crate (fixed point, within 1 of the exact value).

use crate::frame::{Matrix, Picture, Range};
use yuv::{YuvBiPlanarImage, YuvConversionMode, YuvGrayImage, YuvPlanarImage, YuvRange, YuvStandardMatrix};

/// Full-size planes of YUV (4:4:4), with unpadded rows.
#[derive(Clone, Copy)]
pub enum Planes<'a> {
    /// Only luma.
    Gray(&'a [u8]),
    /// Y, U and V.
    Three([&'a [u8]; 3]),
    /// Y, and interleaved U V.
    Uv(&'a [u8], &'a [u8]),
    /// Y, and interleaved V U.
    Vu(&'a [u8], &'a [u8]),
}

/// Converts `width` x `height` pixels of `planes` to interleaved RGB in `rgb`, or to BGR if `swapped`, with the matrix and range of
/// `picture`.
pub fn to_rgb(planes: Planes, width: u32, height: u32, picture: &Picture, swapped: bool, rgb: &mut [u8]) {
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
            let convert = if swapped { yuv::yuv444_to_bgr } else { yuv::yuv444_to_rgb };
            convert(&image, rgb, stride, range, matrix)
        }
        Planes::Uv(y, uv) => {
            let convert = if swapped { yuv::yuv_nv24_to_bgr } else { yuv::yuv_nv24_to_rgb };
            convert(&two(y, uv), rgb, stride, range, matrix, mode)
        }
        Planes::Vu(y, vu) => {
            let convert = if swapped { yuv::yuv_nv42_to_bgr } else { yuv::yuv_nv42_to_rgb };
            convert(&two(y, vu), rgb, stride, range, matrix, mode)
        }
    };
    converted.expect("every plane has width x height pixels");
}

/// The brightness of R, G and B, as Pillow's `convert("L")` computes it: ITU-R BT.601's weights with 16 fractional bits.
pub fn brightness([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

/// Replaces each interleaved RGB pixel by its brightness, in all three channels.
pub fn to_gray(rgb: &mut [u8]) {
    rgb.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = [brightness(*pixel); 3]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_equals_pillows() {
        // Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0)), Pillow 13.0.0
        let known =
            [([255, 0, 0], 76), ([0, 255, 0], 150), ([0, 0, 255], 29), ([255; 3], 255), ([12, 200, 77], 130), ([1, 2, 3], 2)];
        for (colour, gray) in known {
            assert_eq!(brightness(colour), gray, "{colour:?}");
        }
        let mut pixels = [255, 0, 0, 9, 9, 9];
        to_gray(&mut pixels);
        assert_eq!(pixels, [76, 76, 76, 9, 9, 9]);
    }
}
