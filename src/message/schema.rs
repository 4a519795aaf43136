//! Compares `schema/message.schema.json` with the types.

use super::*;
use jsonschema::Validator;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/message.schema.json")).unwrap()
}

/// Each message twice: every field that may be absent or null is set in the first, and none in the second.
fn messages() -> Vec<[Message; 2]> {
    let name = || "front".to_owned();
    let timestamp = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_417_800_123_456);
    let recipe = || Recipe { pixels: "RGB, 0..1: px/255 (config.json)".into(), fit: "stretch bicubic (config.json)".into() };
    let hello = |nodes: Option<Nodes>| Hello {
        version: VERSION,
        program: PROGRAM.into(),
        model: "testcard".into(),
        execution_provider: "CPU".into(),
        execution: "the CPU".into(),
        nodes,
        cameras: vec![name()],
        labels: vec!["snow".into()],
        recipe: nodes.map(|_| recipe()),
        streams: vec![Stream { camera: name(), region: nodes.map(|_| name()), model: "testcard".into() }],
        models: vec![Model {
            name: "testcard".into(),
            execution_provider: "CPU".into(),
            execution: "the CPU".into(),
            nodes,
            labels: vec!["snow".into()],
            states: nodes.map(|_| vec!["weather".into()]),
            multi_label: nodes.is_some(),
            recipe: nodes.map(|_| recipe()),
        }],
    };
    let subscribed = |top, max_rate| Subscribed {
        version: VERSION,
        cameras: vec![name()],
        unknown_cameras: vec!["gate".into()],
        events: EventKind::ALL.into(),
        states: vec![StreamState { camera: name(), region: Some(name()), model: "testcard".into(), stable: Stable::One(snow()) }],
        top,
        min_confidence: 0.5,
        max_rate,
        on_change: true,
    };
    let changed = || ChangedClass { label: "snow".into(), index: Some(1), confidence: 0.8, since: timestamp };
    let change = |pts_ns, frame, class: Option<ChangedClass>, missed: Option<u64>| Change {
        version: VERSION,
        source: name(),
        region: missed.map(|_| name()),
        model: "testcard".into(),
        timestamp,
        pts_ns,
        frame,
        from: class.clone(),
        to: class,
        since: timestamp,
        since_pts_ns: pts_ns,
        lasted_ms: 1500.5,
        missed,
    };
    let repeated = Repeated { runs: 10, mean_ms: 1.5, p50_ms: 1.25, p99_ms: 3.0 };
    let classification = |pts_ns, stable, inference, missed: Option<u64>| Classification {
        version: VERSION,
        source: name(),
        region: missed.map(|_| name()),
        seq: 3,
        frame: 8,
        timestamp,
        pts_ns,
        width: 640,
        height: 480,
        model: "testcard".into(),
        execution_provider: "QNN".into(),
        classifications: vec![Class { index: 2, label: "snow".into(), confidence: 0.75 }],
        stable,
        timing: timing(1.5),
        reused: missed.is_some(),
        dropped: 1,
        inference,
        missed,
    };
    let status = |execution_provider, nodes, reason, missed: Option<u64>| Status {
        version: VERSION,
        source: name(),
        timestamp,
        state: State::Lost,
        execution_provider,
        nodes,
        reason,
        captured: 9,
        dropped: 1,
        damaged: 2,
        skipped: 3,
        reused: 2,
        results: 4,
        failed: 5,
        errors: 6,
        restarts: 7,
        results_per_second: 29.9,
        streams: vec![StreamStatus {
            region: missed.map(|_| name()),
            model: "testcard".into(),
            execution_provider: Some("CPU".into()),
            nodes,
            frames: 10,
            dropped: 1,
            results: 4,
            failed: 5,
            results_per_second: 29.9,
        }],
        timing: timing(Percentiles { p50: 1.0, p95: 2.0, p99: 3.0 }),
        missed,
    };
    let nodes = Some(Nodes { npu: 66, cpu: 0 });
    let full = status(Some("CPU".into()), nodes, Some("it was unplugged".into()), Some(1));
    vec![
        [hello(nodes), hello(None)].map(Message::Hello),
        [subscribed(Some(1), Some(5.0)), subscribed(None, None)].map(Message::Subscribed),
        [classification(Some(41), Some(Stable::One(snow())), Some(repeated), Some(1)), classification(None, None, None, None)]
            .map(Message::Classification),
        [change(Some(41), Some(8), Some(changed()), Some(1)), change(None, None, None, None)].map(Message::Change),
        [full, status(None, None, None, None)].map(Message::Status),
        [Error::new("m"), Error::new("m")].map(Message::Error),
    ]
}

fn snow() -> StableClass {
    let since = SystemTime::UNIX_EPOCH;
    StableClass { label: Some("snow".into()), index: Some(1), confidence: 0.8, since, changed: true }
}

fn timing<T: Copy>(each: T) -> Timing<T> {
    Timing { age_ms: each, wait_ms: each, preprocess_ms: each, inference_ms: each, postprocess_ms: each }
}

fn request() -> Request {
    let cameras = Some(vec!["front".to_owned()]);
    Request {
        subscribe: Subscribe {
            cameras,
            events: Some(vec![EventKind::Change]),
            top: Some(1),
            min_confidence: 0.5,
            max_rate: Some(5.0),
            on_change: true,
        },
    }
}

fn written(message: &impl Serialize) -> Value {
    serde_json::from_slice(&line(message)).unwrap()
}

/// The schema of one message type in `root`, with references resolved.
fn resolved<'a>(root: &'a Value, mut part: &'a Value) -> &'a Value {
    while let Some(path) = part["$ref"].as_str() {
        part = root.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path}"));
    }
    part
}

/// The differences between the fields of `value` and the properties of `part`, at any depth.
fn differences(root: &Value, part: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let part = resolved(root, part);
    if let Some(list) = value.as_array() {
        list.iter().for_each(|item| differences(root, &part["items"], item, at, found));
    }
    let Some(fields) = value.as_object() else { return };
    let none = Map::new();
    let properties = part["properties"].as_object().unwrap_or(&none);
    let envelope = |name: &str| at.matches('.').count() == 0 && ["type", "version"].contains(&name);
    let absent = fields.keys().filter(|name| !properties.contains_key(*name) && !envelope(name));
    found.extend(absent.map(|name| format!("{at}.{name} is not in the schema")));
    let absent = properties.keys().filter(|name| !fields.contains_key(*name));
    found.extend(absent.map(|name| format!("{at}.{name} is not in the type")));
    for (name, value) in fields {
        differences(root, &properties.get(name).unwrap_or(&Value::Null).clone(), value, &format!("{at}.{name}"), found);
    }
}

fn required(schema: &Value, kind: &str) -> Vec<String> {
    let names = schema["$defs"][kind]["required"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// A validator of requests: `#request` of the schema.
fn requests(schema: &Value) -> Validator {
    let only = json!({ "$schema": schema["$schema"], "$ref": "#/$defs/request", "$defs": schema["$defs"] });
    jsonschema::validator_for(&only).unwrap()
}

#[test]
fn written_messages_are_valid_and_begin_with_type_and_version() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for message in messages().iter().flatten() {
        let (text, value) = (String::from_utf8(line(message)).unwrap(), written(message));
        let faults: Vec<_> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{text}{faults:?}");
        assert!(text.starts_with(&format!(r#"{{"type":{},"version":1,"#, value["type"])), "{text}");
        assert_eq!(Message::read(text.as_bytes()).unwrap(), *message);
    }
    assert!(Message::Other.serialize(serde_json::value::Serializer).is_err());
}

#[test]
fn the_schema_and_the_types_have_the_same_fields() {
    let (schema, mut found) = (schema(), Vec::new());
    let mut kinds = Vec::new();
    for [full, _] in messages() {
        let value = written(&full);
        let kind = value["type"].as_str().unwrap().to_owned();
        differences(&schema, &schema["$defs"][&kind], &value, &kind, &mut found);
        kinds.push(kind);
    }
    differences(&schema, &schema["$defs"]["request"], &written(&request()), "request", &mut found);
    assert!(found.is_empty(), "{found:#?}");
    let mut told: Vec<_> =
        schema["allOf"].as_array().unwrap().iter().map(|rule| rule["if"]["properties"]["type"]["const"].clone()).collect();
    told.sort_by_key(Value::to_string);
    kinds.sort();
    assert_eq!(json!(told), json!(kinds), "the types of message");
}

/// The schema requires exactly the fields that are always written.
#[test]
fn the_schema_requires_exactly_the_fields_that_are_always_written() {
    let schema = schema();
    for [full, bare] in messages() {
        let (full, bare) = (written(&full), written(&bare));
        let kind = full["type"].as_str().unwrap();
        let required = required(&schema, kind);
        let absent: Vec<_> = required.iter().filter(|name| bare.get(name.as_str()).is_none()).collect();
        assert!(absent.is_empty(), "{kind}: {absent:?} are required and not always written");
        let always = bare.as_object().unwrap().keys().filter(|name| !["type", "version"].contains(&name.as_str()));
        let untold: Vec<_> = always.filter(|name| !required.contains(name)).collect();
        assert!(untold.is_empty(), "{kind}: {untold:?} are always written and not required");
        for name in full.as_object().unwrap().keys().filter(|name| !required.contains(name)) {
            let mut without = full.clone();
            without.as_object_mut().unwrap().remove(name);
            let read = Message::read(&line(&without));
            assert!(read.is_ok() || ["type", "version"].contains(&name.as_str()), "{kind} without {name}: {read:?}");
        }
    }
}

#[test]
fn the_schema_and_the_daemon_accept_the_same_requests() {
    let validator = requests(&schema());
    assert!(validator.is_valid(&written(&request())) && validator.is_valid(&written(&Request::default())));
    for (fields, taken) in [
        (r#""cameras":null,"events":null,"top":null,"min_confidence":null,"max_rate":null,"on_change":null"#, true),
        (r#""max_rate":0.001"#, true),
        (r#""max_rate":0.0001"#, false),
        (r#""max_rate":1000.1"#, false),
        (r#""min_confidence":1.5"#, false),
        (r#""top":0"#, false),
        (r#""on_change":1"#, false),
        (r#""cameras":"front""#, false),
        (r#""cameras":[""]"#, false),
        (r#""events":["change","status","classification"]"#, true),
        (r#""events":["hello"]"#, false),
        (r#""events":[]"#, false),
        (r#""camera":"front""#, false),
    ] {
        let line = format!(r#"{{"subscribe":{{{fields}}}}}"#);
        assert_eq!(validator.is_valid(&serde_json::from_str(&line).unwrap()), taken, "{line}");
        assert_eq!(request::parse(line.as_bytes()).is_ok(), taken, "{line}");
    }
    assert!(!validator.is_valid(&json!({})) && !validator.is_valid(&json!({"subscribe": {}, "more": 1})));
}
