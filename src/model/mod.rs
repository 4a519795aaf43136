//! Reads a classifier from an ONNX file: shapes, types, scale and zero point, a Softmax at the end. Nothing is set by hand.

mod activation;
mod beside;
mod boundary;
mod builtin;
mod changed;
mod classifier;
mod dimensions;
mod fields;
mod input;
mod kinds;
mod limits;
pub mod metadata;
mod name;
mod onnx;
mod output;
mod quantized;
mod read;
pub mod recipe;
mod settings;
mod tail;
mod weights;

pub use builtin::{BUILTIN, builtin};
pub use classifier::{Model, Reading, ShapeOfOutput, Source};
pub use read::files_beside;
pub use settings::{KEYS, Params};
