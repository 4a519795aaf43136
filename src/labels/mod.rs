//! The names of the classes.

mod list;

pub use list::{CLASSES, Labels};
