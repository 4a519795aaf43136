//! The names of the classes.

mod forms;
mod list;
mod text;

pub use list::{CLASSES, LABEL, Labels};
