//! Converts a frame to the model's input: crop, resize, colour conversion, quantization. Pure; buffers are reused.
//!
//! RGB pictures are resized exactly as Pillow resizes them. YUV pictures, the live case, are resized plane by plane, chroma at its
//! own size and centred on its luma pixels, and converted to RGB at the small size.
//!
//! Orientation is applied at the small size too: the filters' windows run backwards where the picture is mirrored, and the small
//! picture is transposed where the stored one is rotated by 90 degrees. For RGB the result is that of the picture made
//! upright first, equal in
//! every element (Pillow: `ImageOps.exif_transpose`, then `resize`).

mod buffer;
mod colour;
mod deinterleave;
mod difference;
mod filter;
mod geometry;
mod kernels;
mod preprocessor;
mod quantize;
mod resize;
mod settings;

pub use difference::is_similar;
pub use filter::Filter;
pub use geometry::Fit;
pub use preprocessor::Preprocessor;
pub use quantize::{Normalize, Quantizer};
pub use settings::{COLOURS, Chosen, Colour, FILTERS, FITS, KEYS, NORMALIZATIONS, Params, Set};
