//! The announcements to Home Assistant: a device for the board, and one for each camera.
//!
//! The format is that of Home Assistant's device-based MQTT discovery; `device`, `components` and `origin` are required.

use super::topics::Topics;
use crate::message::Hello;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Home Assistant takes a list of states, and no other state then; with more of them the announcement of a camera would be longer than its states of a day.
const LISTED: usize = 64;

/// A camera.
pub struct Camera<'a> {
    /// Its name in Home Assistant.
    pub name: String,
    /// Its identifier there.
    pub id: String,
    /// The topic of its availability.
    pub availability: String,
    /// The topic of its statistics.
    pub diagnostics: String,
    /// How often an unchanged state is published again.
    pub heartbeat: Duration,
    /// What its models say.
    pub streams: Vec<Stream<'a>>,
}

/// What one model says of a camera, or of a region of its picture.
pub struct Stream<'a> {
    /// The levels that its topics have of their own; `None` for the only stream.
    pub levels: Option<&'a str>,
    /// What its topics begin with.
    pub topic: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// The names that its state can have; `None` if it may have several at a time.
    pub states: Option<&'a [String]>,
}

/// The announcement of the board.
pub fn board(topics: &Topics, name: &str, hello: &Hello) -> Value {
    let id = &topics.id;
    let sensor = |key: &str, name: &str, template: &str, more: Value| {
        let mut sensor = json!({
            "platform": "sensor",
            "unique_id": format!("{id}_{key}"),
            "name": name,
            "state_topic": topics.diagnostics(),
            "value_template": template,
            "entity_category": "diagnostic",
        });
        extend(&mut sensor, more);
        (key.to_owned(), sensor)
    };
    let components: Map<_, _> = [
        sensor("provider", "Execution provider", "{{ value_json.execution_provider }}", json!({})),
        sensor("npu_nodes", "Nodes on the NPU", "{{ value_json.nodes.npu if value_json.nodes else 0 }}", measured(None)),
        sensor("inference", "Inference time", "{{ value_json.inference_ms }}", measured(Some(("duration", "ms", 1)))),
    ]
    .into_iter()
    .collect();
    json!({
        "device": {
            "identifiers": [id],
            "name": name,
            "manufacturer": "glimpsed",
            "model": hello.model,
            "sw_version": version(hello),
        },
        "origin": origin(hello),
        "availability": [{ "topic": topics.status() }],
        "qos": 1,
        "components": components,
    })
}

/// The announcement of a camera.
pub fn camera(topics: &Topics, camera: &Camera, hello: &Hello) -> Value {
    let id = &camera.id;
    let mut components = Map::new();
    for stream in &camera.streams {
        let key =
            |kind: &str| stream.levels.map_or_else(|| kind.to_owned(), |levels| format!("{}_{kind}", levels.replace('/', "_")));
        // with slashes, which no name has: a region `b` of a camera `a` is not a camera `a_b`
        let unique = |kind: &str| stream.levels.map_or_else(|| format!("{id}_{kind}"), |levels| format!("{id}/{levels}/{kind}"));
        let named = |name: &str| match &stream.levels {
            Some(levels) => json!(format!("{} {}", levels.replace('/', " "), name.to_lowercase())),
            None => json!(name),
        };
        let state = format!("{}/state", stream.topic);
        let mut label = json!({
            "platform": "sensor",
            "unique_id": unique("label"),
            // the name of the only one is the device's
            "name": if stream.levels.is_some() { named("Label") } else { Value::Null },
            "state_topic": state,
            "icon": "mdi:eye",
            "json_attributes_topic": state,
            "json_attributes_template":
                "{{ {'index': value_json.index, 'since': value_json.since, 'top': value_json.top} | tojson }}",
        });
        let listed = stream.states.filter(|states| (1..=LISTED).contains(&states.len()));
        extend(
            &mut label,
            match listed {
                Some(states) => {
                    let options = distinct(states.iter().map(String::as_str));
                    json!({ "value_template": "{{ value_json.label }}", "device_class": "enum", "options": options })
                }
                // a state of Home Assistant has at most 255 characters
                None => json!({
                    "value_template": "{{ value_json.label[:255] if value_json.label is not none else none }}",
                }),
            },
        );
        components.insert(key("label"), label);
        let confidence = json!({
            "platform": "sensor",
            "unique_id": unique("confidence"),
            "name": named("Confidence"),
            "state_topic": state,
            "value_template": "{{ (value_json.confidence * 100) if value_json.confidence is not none else none }}",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 0,
            "expire_after": (camera.heartbeat * 3).as_secs().max(1),
        });
        components.insert(key("confidence"), confidence);
        components.insert(
            key("changed"),
            json!({
                "platform": "event",
                "unique_id": unique("changed"),
                "name": named("Changed"),
                "state_topic": format!("{}/event", stream.topic),
                "event_types": ["changed"],
            }),
        );
    }
    components.insert(
        "camera".into(),
        json!({
            "platform": "binary_sensor",
            "unique_id": format!("{id}_camera"),
            "name": "Camera",
            "state_topic": camera.availability,
            "payload_on": "online",
            "payload_off": "offline",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            // it is the camera's own availability
            "availability": [{ "topic": topics.status() }],
        }),
    );
    let statistics = [
        ("rate", "Results per second", "{{ value_json.results_per_second }}", ("frequency", "Hz", 1)),
        ("age", "Age of results", "{{ value_json.age_ms.p95 if value_json.age_ms else none }}", ("duration", "ms", 0)),
    ];
    for (key, name, template, measure) in statistics {
        let mut sensor = json!({
            "platform": "sensor",
            "unique_id": format!("{id}_{key}"),
            "name": name,
            "state_topic": camera.diagnostics,
            "value_template": template,
            "entity_category": "diagnostic",
        });
        extend(&mut sensor, measured(Some(measure)));
        components.insert(key.into(), sensor);
    }
    json!({
        "device": {
            "identifiers": [id],
            "name": camera.name,
            "manufacturer": "glimpsed",
            "model": distinct(camera.streams.iter().map(|stream| stream.model)).join(", "),
            "sw_version": version(hello),
            "via_device": topics.id,
        },
        "origin": origin(hello),
        "qos": 1,
        "availability_mode": "all",
        "availability": [{ "topic": topics.status() }, { "topic": camera.availability }],
        "components": components,
    })
}

fn origin(hello: &Hello) -> Value {
    json!({ "name": "glimpsed", "sw_version": version(hello) })
}

/// The version in `glimpsed 1.2.3`.
fn version(hello: &Hello) -> &str {
    hello.program.rsplit(' ').next().unwrap_or_default()
}

/// The fields of a number that Home Assistant draws: its class, its unit and its decimals.
fn measured(measure: Option<(&str, &str, u8)>) -> Value {
    match measure {
        Some((class, unit, decimals)) => json!({
            "device_class": class,
            "unit_of_measurement": unit,
            "state_class": "measurement",
            "suggested_display_precision": decimals,
        }),
        None => json!({ "state_class": "measurement" }),
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (value, more) {
        fields.extend(more);
    }
}

#[cfg(test)]
mod tests;
