//! Reads a classifier from an ONNX file: shapes, types, scale and zero point, a Softmax at the end. Nothing is set by hand.

mod boundary;
mod builtin;
mod classifier;
mod limits;
pub mod metadata;
mod name;
mod onnx;
mod read;
pub mod recipe;
mod settings;
mod weights;

pub use builtin::{BUILTIN, builtin};
pub use classifier::{Model, Source};
pub use settings::{KEYS, Params};
