//! Picture files that are decoded here and not by GStreamer: JPEG and PNG.
//!
//! GStreamer 1.22 shows half a picture of a JPEG that was cut short, garbles PNG of 16 bits a sample, and tells no EXIF orientation of
//! a JPEG file. Here a damaged file is an error with its reason, the pixels are those that Pillow decodes, and the frame knows which
//! way up it is.

mod exif;
mod jpeg;
mod picture;
mod png;
mod read;

pub use read::read;
