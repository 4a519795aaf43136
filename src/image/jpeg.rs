//! JPEG, decoded by libjpeg-turbo: baseline, progressive and arithmetic; gray, YCbCr, RGB, CMYK and YCCK; the same pixels as Pillow's.

use super::picture::{frame, pixels};
use crate::error::{Error, Result};
use crate::frame::{Frame, PixelFormat};
use turbojpeg::{Colorspace, Decompressor, Image};

/// The maximum number of scans of a progressive picture. Encoders write about ten; a small file with thousands takes minutes to decode.
const MOST_SCANS: u32 = 500;

/// Warnings of libjpeg although no pixel is missing. It reports only its first warning, so a damaged picture with one of these is
/// accepted.
const HARMLESS: [&str; 3] = ["extraneous bytes before marker 0xd9", "Invalid SOS parameters", "Unknown Adobe color transform"];

/// Decodes `file`. Bytes after the end of the picture are ignored.
pub fn decode(file: &[u8]) -> Result<Frame> {
    let mut decompressor = Decompressor::new().map_err(|e| Error::failed("cannot start the JPEG decoder").because(e))?;
    decompressor.set_scan_limit(MOST_SCANS).map_err(damaged)?;
    let header = decompressor.read_header(file).map_err(damaged)?;
    let (width, height) = (header.width, header.height);
    let pixels = pixels(width, height)?;
    let is_cmyk = matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK);
    let (format, samples) = if is_cmyk { (turbojpeg::PixelFormat::CMYK, 4) } else { (turbojpeg::PixelFormat::RGB, 3) };
    let mut data = vec![0; pixels * samples];
    let image = Image { pixels: &mut data[..], width, pitch: width * samples, height, format };
    match decompressor.decompress(file, image) {
        Err(turbojpeg::Error::TurboJpegError(what)) if HARMLESS.iter().any(|harmless| what.contains(harmless)) => {}
        decoded => decoded.map_err(damaged)?,
    }
    if is_cmyk {
        data = rgb_of_cmyk(&data);
    }
    frame(PixelFormat::Rgb, (width, height), data, file)
}

fn damaged(error: turbojpeg::Error) -> Error {
    let what = match error {
        turbojpeg::Error::TurboJpegError(what) => what,
        other => other.to_string(),
    };
    Error::failed("the JPEG is damaged, or of an unsupported kind").because(what)
}

/// Converts CMYK to RGB with Pillow's formula. Adobe, and all other encoders of CMYK JPEG, store inverted values.
fn rgb_of_cmyk(light: &[u8]) -> Vec<u8> {
    let share = |part: u8, of: u8| {
        let product = u32::from(part) * u32::from(of) + 128;
        (((product >> 8) + product) >> 8) as u8
    };
    let (light, _) = light.as_chunks::<4>();
    light.iter().flat_map(|[c, m, y, k]| [c, m, y].map(|ink| k - share(255 - ink, *k))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use turbojpeg::{Compressor, Subsamp};

    /// A JPEG of `width` x `height`, red on the left and blue on the right.
    fn jpeg(format: turbojpeg::PixelFormat, subsamp: Subsamp, (width, height): (usize, usize)) -> Vec<u8> {
        let pixel = |x: usize| -> &[u8] {
            match (format, 2 * x < width) {
                (turbojpeg::PixelFormat::CMYK, true) => &[255, 0, 0, 255],
                (turbojpeg::PixelFormat::CMYK, false) => &[0, 0, 255, 255],
                (_, true) => &[255, 0, 0],
                (_, false) => &[0, 0, 255],
            }
        };
        let pixels: Vec<u8> = (0..width * height).flat_map(|n| pixel(n % width).to_vec()).collect();
        let pitch = pixels.len() / height;
        let mut compressor = Compressor::new().unwrap();
        compressor.set_subsamp(subsamp).unwrap();
        compressor.compress_to_vec(Image { pixels: &pixels[..], width, pitch, height, format }).unwrap()
    }

    fn red_and_blue(frame: &Frame) -> bool {
        let plane = frame.plane(0);
        let near = |at: usize, wanted: [u8; 3]| plane.bytes()[at..at + 3].iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 8);
        let picture = frame.info.picture;
        let last = (picture.height as usize - 1) * plane.stride() + (picture.width as usize - 1) * 3;
        near(0, [255, 0, 0]) && near(last, [0, 0, 255])
    }

    #[test]
    fn every_colour_space_is_decoded() {
        use turbojpeg::PixelFormat::{CMYK, RGB};
        for (format, subsamp) in [(RGB, Subsamp::Sub2x2), (RGB, Subsamp::Sub2x1), (RGB, Subsamp::None), (CMYK, Subsamp::None)] {
            let frame = decode(&jpeg(format, subsamp, (64, 48))).unwrap();
            assert_eq!((frame.info.picture.width, frame.info.picture.height), (64, 48));
            assert!(red_and_blue(&frame), "{format:?} {subsamp:?}");
        }
        let gray = decode(&jpeg(RGB, Subsamp::Gray, (64, 48))).unwrap();
        let [red, green, blue] = gray.plane(0).bytes()[..3] else { unreachable!() };
        assert!(red == green && green == blue && red.abs_diff(76) < 3, "luma of red is 76, not {red}");
    }

    /// Calculated by hand: 255 and 255 (no ink) is white; 0 for black is black; half and half is a quarter, rounded.
    #[test]
    fn inverted_cmyk_is_converted() {
        assert_eq!(rgb_of_cmyk(&[255, 0, 128, 255]), [255, 0, 128]);
        assert_eq!(rgb_of_cmyk(&[255, 255, 255, 0]), [0, 0, 0]);
        assert_eq!(rgb_of_cmyk(&[128, 255, 0, 128]), [64, 128, 0]);
    }

    #[test]
    fn a_damaged_file_is_an_error_with_its_reason_and_trailing_bytes_are_ignored() {
        let whole = jpeg(turbojpeg::PixelFormat::RGB, Subsamp::Sub2x1, (640, 480));
        let said = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        assert!(said(&whole[..whole.len() / 2]).contains("Premature end of JPEG file"));
        assert!(said(&whole[..whole.len() - 2]).contains("Premature end of JPEG file"));
        assert!(said(&whole[..100]).contains("the JPEG is damaged"));
        let half = whole.len() / 2;
        let gap = [&whole[..half], &whole[half + 500..]].concat();
        assert!(said(&gap).contains("Corrupt JPEG data"), "{}", said(&gap));
        assert!(red_and_blue(&decode(&[&whole[..], &[0; 999]].concat()).unwrap()));
        assert!(red_and_blue(&decode(&[&whole[..], &whole[..500]].concat()).unwrap()));
    }

    #[test]
    fn too_large_or_unsupported_files_are_refused() {
        let whole = jpeg(turbojpeg::PixelFormat::RGB, Subsamp::Sub2x1, (64, 48));
        let frame_header = whole.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        let said = |change: &dyn Fn(&mut [u8])| {
            let mut bytes = whole.clone();
            change(&mut bytes[frame_header..]);
            decode(&bytes).unwrap_err().to_string()
        };
        let huge = said(&|header| header[5..9].copy_from_slice(&[0xfd, 0xe8, 0xfd, 0xe8]));
        assert!(huge.contains("65000x65000 pixels; at most 150 megapixels are decoded"), "{huge}");
        let deep = said(&|header| header[4] = 12);
        assert!(deep.contains("precision"), "{deep}");
        // hierarchical
        let other = said(&|header| header[1] = 0xc5);
        assert!(other.contains("SOF"), "{other}");
    }

    #[test]
    fn the_orientation_is_read_from_exif() {
        let whole = jpeg(turbojpeg::PixelFormat::RGB, Subsamp::Sub2x1, (64, 48));
        for value in 0..=9 {
            // TIFF, little-endian, one entry: tag 0x0112 of one SHORT
            let mut app1 = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            app1.extend([value, 0, 0, 0, 0, 0, 0, 0]);
            let turned = decode(&[&whole[..2], &app1, &whole[2..]].concat()).unwrap();
            let wanted = crate::frame::Orientation::from_exif(u32::from(value)).unwrap_or_default();
            assert_eq!(turned.info.picture.orientation, wanted, "{value}");
        }
        let broken = [&whole[..2], b"\xff\xe1\x00\x0cExif\0\0II*\0", &whole[2..]].concat();
        assert_eq!(decode(&broken).unwrap().info.picture.orientation, crate::frame::Orientation::UPRIGHT);
    }
}
