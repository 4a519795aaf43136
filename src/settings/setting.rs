//! The Rust types of settings.

use super::kind::Value;
use std::path::PathBuf;
use std::time::Duration;

/// A type that [`Section::get`](super::Section::get) can return.
pub trait Setting: Sized {
    /// Converts `value`; `None` if it is of another type.
    fn of(value: Option<Value>) -> Option<Self>;
}

macro_rules! setting {
    ($($kind:ty: $variant:ident),*) => { $(
        impl Setting for $kind {
            fn of(value: Option<Value>) -> Option<Self> {
                match value { Some(Value::$variant(value)) => Some(value), _ => None }
            }
        }
    )* };
}
setting!(String: Text, PathBuf: Path, bool: Switch, usize: Whole, u32: Mode, Duration: Time, f64: Number, [f32; 3]: Three, (u32, u32): Size,
    Vec<String>: Names, Vec<(String, Vec<String>)>: Lists, Vec<(String, f64)>: Shares, [f64; 4]: Rect);

impl<T: Setting> Setting for Option<T> {
    fn of(value: Option<Value>) -> Option<Self> {
        match value {
            None => Some(None),
            value => T::of(value).map(Some),
        }
    }
}
