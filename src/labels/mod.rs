//! The names of the classes.

mod forms;
mod list;
mod text;

pub use forms::{of_json, structured};
pub use list::{CLASSES, LABEL, Labels};
