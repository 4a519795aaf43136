//! The recipe: how pixels become the model's input. Found in the flags and settings, in files beside the model and in the graph, each
//! field with its origin; checked against what the input can hold; assumed only where nothing says it, and then told.
//!
//! Belief goes in this order, field by field ([`Stated::over`]): flags and `[model]`; [`modelinfo`]; the graph, by its
//! properties and its first nodes; other files of the folder; else it is assumed.

mod arithmetic;
mod check;
mod folder;
mod given;
mod hugging_face;
mod json;
pub mod modelinfo;
mod properties;
mod range;
mod settle;
mod sources;
mod stated;
mod timm;
mod values;

pub use folder::{modelinfo_paths, paths};
pub use given::{Given, Origin};
pub use settle::{Recipe, Settled};
pub use sources::Sources;
pub use stated::Stated;
pub use values::{KNOWN, Known, of_range};
