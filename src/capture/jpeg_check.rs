//! Checks whether an encoded JPEG is complete. Decoders fill what is missing with gray and report no error.
//!
//! It follows the markers from first to last (ITU-T T.81, annex B). Pixels are not decoded: a flipped bit
//! is not detected, and a missing part only if a marker is missing with it.

/// What is wrong with an encoded JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegDamage {
    /// It does not begin with a start-of-image marker.
    NoStart,
    /// It ends before its end-of-image marker.
    NoEnd,
    /// Another picture begins inside it: the end of one and the start of the next are missing.
    TwoPictures,
    /// Restart markers are missing, and with them the data in between.
    MissingRestart,
    /// A segment has an invalid length.
    BadSegment,
}

impl std::fmt::Display for JpegDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoStart => "the JPEG has no start-of-image marker",
            Self::NoEnd => "the JPEG is truncated: it has no end-of-image marker",
            Self::TwoPictures => "the JPEG is truncated: another one begins inside it",
            Self::MissingRestart => "part of the JPEG is missing: its restart markers are out of order",
            Self::BadSegment => "the JPEG has a segment with an invalid length",
        })
    }
}

const TEM: u8 = 0x01;
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// Checks one encoded picture. Bytes after its end-of-image marker are ignored: cameras pad their buffers.
pub fn check(jpeg: &[u8]) -> Result<(), JpegDamage> {
    let mut rest = jpeg.strip_prefix(&[0xff, SOI]).ok_or(JpegDamage::NoStart)?;
    loop {
        let marker;
        (marker, rest) = next_marker(rest)?;
        match marker {
            EOI => return Ok(()),
            SOI => return Err(JpegDamage::TwoPictures),
            TEM | RST0..=RST7 => {}
            _ => {
                let &[high, low, ..] = rest else { return Err(JpegDamage::NoEnd) };
                let length = usize::from(u16::from_be_bytes([high, low]));
                if length < 2 {
                    return Err(JpegDamage::BadSegment);
                }
                rest = rest.get(length..).ok_or(JpegDamage::NoEnd)?;
                if marker == SOS {
                    rest = after_scan(rest)?;
                }
            }
        }
    }
}

/// The next marker, and the bytes after it. Bytes before it are skipped, as decoders do.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), JpegDamage> {
    let mut rest = bytes;
    loop {
        let at = rest.iter().position(|byte| *byte == 0xff).ok_or(JpegDamage::NoEnd)?;
        rest = &rest[at + 1..];
        // a marker may have any number of 0xff bytes in front
        match rest.iter().position(|byte| *byte != 0xff) {
            Some(at) if rest[at] != 0 => return Ok((rest[at], &rest[at + 1..])),
            Some(at) => rest = &rest[at + 1..],
            None => return Err(JpegDamage::NoEnd),
        }
    }
}

/// The bytes after the entropy-coded data of a scan, beginning with the marker that ends it.
fn after_scan(scan: &[u8]) -> Result<&[u8], JpegDamage> {
    let (mut rest, mut restarts) = (scan, 0);
    loop {
        let (marker, after) = next_marker(rest)?;
        match marker {
            RST0..=RST7 if marker - RST0 == restarts => restarts = (restarts + 1) % 8,
            RST0..=RST7 => return Err(JpegDamage::MissingRestart),
            // begin two bytes before `after`, at 0xff and the marker
            _ => return Ok(&scan[scan.len() - after.len() - 2..]),
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with a thumbnail in its EXIF, and a scan with two restart markers and a stuffed 0xff.
    fn picture() -> Vec<u8> {
        let thumbnail = [0xff, SOI, 0xff, EOI];
        let app1 = [&[0xff, 0xe1, 0, 6][..], &thumbnail].concat();
        let scan = [0xff, SOS, 0, 4, 1, 1, 7, 0xff, 0, 9, 0xff, RST0, 5, 0xff, 0xd1, 6];
        [&[0xff, SOI][..], &app1, &scan, &[0xff, EOI]].concat()
    }

    #[test]
    fn a_complete_picture_may_be_padded() {
        let whole = picture();
        assert_eq!(check(&whole), Ok(()));
        for padding in [&[0; 40][..], &[0xff; 3], b"what a camera says", &whole] {
            assert_eq!(check(&[&whole[..], padding].concat()), Ok(()));
        }
    }

    #[test]
    fn a_picture_truncated_anywhere_is_damaged() {
        let whole = picture();
        for len in 2..whole.len() {
            assert_eq!(check(&whole[..len]), Err(JpegDamage::NoEnd), "{len}");
            let padded = check(&[&whole[..len], &[0; 100]].concat());
            assert!(padded.is_err(), "{len} bytes and padding: {padded:?}");
        }
        assert_eq!(
            (check(&[]), check(&whole[2..]), check(b"not a JPEG")),
            (Err(JpegDamage::NoStart), Err(JpegDamage::NoStart), Err(JpegDamage::NoStart))
        );
    }

    #[test]
    fn a_missing_part_is_detected_if_a_marker_is_missing_with_it() {
        let whole = picture();
        let at = |marker: u8| whole.windows(2).rposition(|two| two == [0xff, marker]).unwrap();
        let restart = [&whole[..at(RST0)], &whole[at(RST0) + 3..]].concat();
        assert_eq!(check(&restart), Err(JpegDamage::MissingRestart));
        let two = [&whole[..at(RST0)], &whole[..]].concat();
        assert_eq!(check(&two), Err(JpegDamage::TwoPictures));
        let mut segment = whole.clone();
        segment[5] = 1;
        assert_eq!(check(&segment), Err(JpegDamage::BadSegment));
    }
}
