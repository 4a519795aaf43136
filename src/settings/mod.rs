//! Settings in layers: flags override a TOML file, which overrides the defaults.
//!
//! A module describes its settings by a list of [`Key`]s in its `settings.rs`: name, kind, help, default, flag. Everything else is
//! derived from these: the values of a [`Section`], the flags of the command line, hints that name keys instead of flags, the schema for
//! editors and the table of keys in the documentation. A new setting is a line in that list and one in the module's `read`.
//!
//! Each value keeps its [`Origin`], a line of the file or a flag, and all errors are found in one pass.

mod advice;
mod choices;
mod faults;
mod flags;
pub mod heading;
mod key;
mod kind;
mod layers;
mod nested;
mod origin;
mod reference;
mod schema;
mod section;
mod setting;
pub mod values;

pub use advice::Advice;
pub use choices::Choices;
pub use faults::{Fault, Faults};
pub use flags::{Entry, Flags};
pub use key::{DefaultValue, Flag, Group, Key, Repeat};
pub use kind::{Kind, Value, bit};
pub use layers::Layers;
pub use origin::{Origin, Placed};
pub use reference::reference;
pub use schema::schema;
pub use section::{Section, defaults};
pub use setting::Setting;
