//! The settings of the program, put together from what each station reads of the layers: the configuration file, and flags over it.
//!
//! Nothing that they name is opened here: a [`Reading`] keeps the faults and their origins until [`crate::startup`] has done so. All
//! that is wrong is then told at once, with its lines.

mod cameras;
mod changes;
mod groups;
mod load;
mod models;
mod reading;
mod refused;
mod settings;
mod streams;

pub use crate::capture::{Camera, Region, Stuck};
pub use crate::publish::Output;
pub use cameras::{CAMERAS, PipelineText};
pub use changes::Changes;
pub use groups::{GROUPS, SCHEMA_ID, SCHEMA_TITLE};
pub use load::{PATH, as_far_as_readable, crop_of_flags, load, model_of_flags, mqtt, of_flags, parse, qnn_dir, turn_of_flags};
pub use models::{MODELS, ModelSettings};
pub use reading::{Reading, Unsound};
pub use refused::Refused;
pub use settings::Settings;
pub use streams::{StreamSettings, streams};
