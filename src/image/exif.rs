//! The orientation of a picture file, from its EXIF data.

use crate::frame::Orientation;
use exif::{In, Reader, Tag};
use std::io::Cursor;

/// The orientation of the picture in `file` (JPEG, PNG); upright if there is none, or it cannot be read.
pub fn orientation(file: &[u8]) -> Orientation {
    // many cameras write some invalid fields; the others are still used
    let read = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(file));
    let fields = read.or_else(|error| error.distill_partial_result(|_| {}));
    let value = fields.ok().and_then(|fields| fields.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0));
    value.and_then(Orientation::from_exif).unwrap_or(Orientation::UPRIGHT)
}
