//! The recipe: how pixels become the model's input. It is found in flags and settings, in files next to the model and in the graph,
//! each
//! field with its origin, and checked against the range of the input. A field without a source is assumed, with a warning.
//!
//! The order of precedence, for each field ([`Stated::over`]): flags and `[model]`; [`modelinfo`]; the graph, by its
//! properties and its first nodes; other files in the folder.

mod arithmetic;
mod channels;
mod check;
mod folder;
mod given;
mod hugging_face;
mod json;
mod line;
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
