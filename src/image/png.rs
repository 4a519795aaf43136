//! PNG of every kind: 1 to 16 bits, gray, colour and palette, with or without alpha, interlaced or not. Samples of 16 bits are reduced
//! to their high 8; alpha is ignored, as in the whole program.

use super::picture::{frame, pixels};
use crate::error::{Error, Result};
use crate::frame::{Frame, PixelFormat};
use png::{ColorType, Decoder, Transformations};
use std::io::Cursor;

/// Decodes `file`, or the first picture of an animated one.
pub fn decode(file: &[u8]) -> Result<Frame> {
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    pixels(width, height)?;
    let size = reader.output_buffer_size().ok_or_else(|| Error::failed("the PNG is too large"))?;
    let mut data = vec![0; size];
    reader.next_frame(&mut data).map_err(damaged)?;
    // the chunks after the pixels are read too, which detects a truncated file
    reader.finish().map_err(damaged)?;
    let (format, data) = match reader.output_color_type().0 {
        ColorType::Grayscale => (PixelFormat::Gray8, data),
        ColorType::GrayscaleAlpha => (PixelFormat::Gray8, data.into_iter().step_by(2).collect()),
        ColorType::Rgba => (PixelFormat::Rgba, data),
        // a palette is already expanded
        ColorType::Rgb | ColorType::Indexed => (PixelFormat::Rgb, data),
    };
    frame(format, (width, height), data, file)
}

fn damaged(error: png::DecodingError) -> Error {
    Error::failed("the PNG is damaged, or of an unsupported kind").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::{BitDepth, Encoder};

    /// A PNG of 2 x 2 pixels with the given `samples`, big-endian.
    fn png(color: ColorType, depth: BitDepth, samples: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 2, 2);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![9, 8, 7, 200, 100, 50]);
        }
        encoder.write_header().unwrap().write_image_data(samples).unwrap();
        file
    }

    #[test]
    fn every_kind_becomes_8_bits() {
        use BitDepth::{Eight, One, Sixteen};
        use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
        let sixteen: Vec<u8> = (0..12).flat_map(|n| [n * 20, 255 - n]).collect();
        let high: Vec<u8> = (0..12).map(|n| n * 20).collect();
        let cases: [(_, _, &[u8], _, &[u8]); 7] = [
            (Rgb, Sixteen, &sixteen, PixelFormat::Rgb, &high),
            (Rgb, Eight, &high, PixelFormat::Rgb, &high),
            (
                Rgba,
                Sixteen,
                &[sixteen.clone(), sixteen[..8].to_vec()].concat(),
                PixelFormat::Rgba,
                &[&high[..], &high[..4]].concat(),
            ),
            (Grayscale, Sixteen, &sixteen[..8], PixelFormat::Gray8, &high[..4]),
            (GrayscaleAlpha, Eight, &[1, 255, 2, 0, 3, 9, 4, 7], PixelFormat::Gray8, &[1, 2, 3, 4]),
            (Grayscale, One, &[0b1000_0000, 0b0100_0000], PixelFormat::Gray8, &[255, 0, 0, 255]),
            (Indexed, One, &[0b1000_0000, 0b0100_0000], PixelFormat::Rgb, &[200, 100, 50, 9, 8, 7, 9, 8, 7, 200, 100, 50]),
        ];
        for (color, depth, samples, format, wanted) in cases {
            let frame = decode(&png(color, depth, samples)).unwrap();
            assert_eq!((frame.info.picture.format, frame.plane(0).bytes()), (format, wanted), "{color:?} {depth:?}");
        }
    }

    #[test]
    fn a_truncated_or_changed_file_is_an_error() {
        let whole = png(ColorType::Rgb, BitDepth::Eight, &[7; 12]);
        for len in [20, 40, whole.len() - 14, whole.len() - 6] {
            let said = decode(&whole[..len]).unwrap_err().to_string();
            assert!(said.contains("the PNG is damaged"), "{len}: {said}");
        }
        let mut changed = whole.clone();
        let last = whole.len() - 20;
        changed[last] ^= 0x55;
        assert!(decode(&changed).is_err());
        assert!(decode(&[&whole[..], b"what follows"].concat()).is_ok());
    }

    #[test]
    fn a_picture_with_a_huge_declared_size_is_refused() {
        let mut file = png(ColorType::Rgb, BitDepth::Eight, &[7; 12]);
        file[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        // CRC-32 of that header
        let crc = crc32(&file[12..29]);
        file[29..33].copy_from_slice(&crc.to_be_bytes());
        let said = decode(&file).unwrap_err().to_string();
        assert!(said.contains("65536x65536 pixels; at most 150 megapixels are decoded"), "{said}");
    }

    /// CRC-32 of ISO 3309, as in PNG.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }
}
