//! Decoders for picture files that are not read through GStreamer: JPEG and PNG.
//!
//! GStreamer 1.22 shows half a picture for a truncated JPEG, garbles PNG with 16 bits per sample, and does not report the EXIF
//! orientation of a JPEG file. Here a damaged file is an error with a reason, the pixels equal Pillow's, and the frame has its
//! orientation.

mod exif;
mod jpeg;
mod picture;
mod png;
mod read;

pub use read::read;
