//! The sections of the configuration file: which station's keys stand where.

use crate::bridge::mqtt;
use crate::postprocess::label_state;
use crate::publish::socket;
use crate::settings::{Group, Repeat};
use crate::{capture, model, preprocess, publish, runtime};

/// All sections. `execution.qnn` is one within another.
pub static GROUPS: [Group; 11] = [
    Group {
        repeat: Repeat::OnceOrMany,
        ..section(
            "model",
            "what classifies, and how a picture becomes its input",
            &[&model::KEYS, &preprocess::KEYS, &label_state::MODEL_KEYS],
        )
    },
    section("model.classes", "which classes count, by names or patterns (\"*dog*\")", &[&label_state::CLASS_KEYS]),
    section("execution", "what runs the model", &[&runtime::KEYS]),
    section("execution.qnn", "options of QNN by their own names", &[&runtime::QNN_KEYS]),
    section("state", "when an answer counts as the state of a camera", &[&label_state::KEYS]),
    Group { repeat: Repeat::Many, ..section("camera", "one of these for each camera", &[&capture::KEYS]) },
    Group {
        repeat: Repeat::Many,
        ..section("camera.region", "one of these for each part of a camera's picture", &[&capture::REGION_KEYS])
    },
    section("", "what all cameras share", &[&capture::VARS]),
    section("socket", "where subscribers connect, and who may", &[&socket::KEYS]),
    section("mqtt", "the broker of `glimpsed mqtt`, a program beside the daemon", &[&mqtt::KEYS]),
    section("output", "results on standard output, and statistics", &[&publish::KEYS]),
];

/// What the schema of the file is called.
pub const SCHEMA_ID: &str = "urn:glimpsed:configuration:1";
/// What it is about.
pub const SCHEMA_TITLE: &str = "The configuration of glimpsed, glimpsed.toml";

const fn section(name: &'static str, help: &'static str, keys: &'static [&'static [crate::settings::Key]]) -> Group {
    Group { name, repeat: Repeat::Once, help, keys }
}
