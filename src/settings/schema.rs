//! The JSON Schema (draft 7) of the configuration file, for editors: taplo and Even Better TOML complete keys and check values with it.

use super::key::{DefaultValue, Group, Key, Repeat};
use super::kind::{Kind, Value};
use serde_json::{Map, Value as Json, json};

/// The schema of a file with the sections of `groups`.
pub fn schema(groups: &[Group], id: &str, title: &str) -> Json {
    let top = groups.iter().filter(|group| group.name.is_empty()).flat_map(|group| properties(groups, group));
    let sections = groups.iter().filter(|group| !group.name.is_empty() && !group.name.contains('.')).map(|group| {
        let section = section(groups, group);
        let section = match group.repeat {
            Repeat::Once => section,
            Repeat::Many => json!({"type": "array", "items": section}),
            Repeat::OnceOrMany => {
                let one = format!("#/properties/{}/anyOf/0", group.name);
                json!({"anyOf": [section, {"type": "array", "items": {"$ref": one}}]})
            }
        };
        (group.name.to_owned(), section)
    });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": id,
        "title": title,
        "type": "object",
        "additionalProperties": false,
        "properties": Map::from_iter(top.chain(sections)),
    })
}

fn section(groups: &[Group], group: &Group) -> Json {
    json!({
        "type": "object",
        "description": group.help,
        "additionalProperties": false,
        "properties": Map::from_iter(properties(groups, group)),
    })
}

fn properties(groups: &[Group], group: &Group) -> Vec<(String, Json)> {
    group.all().map(|key| (key.name.to_owned(), property(groups, group, key))).collect()
}

fn property(groups: &[Group], group: &Group, key: &Key) -> Json {
    let mut property = match key.kind {
        Kind::Text | Kind::Path | Kind::PathOr(_) => json!({"type": "string"}),
        Kind::Switch => json!({"type": "boolean"}),
        Kind::Bit => json!({"enum": [0, 1, true, false, "0", "1", "true", "false"]}),
        // the range depends on the machine that reads the file, not on that of the editor
        Kind::Whole(_, why) if !why.is_empty() => json!({"type": "integer", "minimum": 1}),
        Kind::Whole(range, _) => json!({"type": "integer", "minimum": *range().start(), "maximum": *range().end()}),
        Kind::AtLeastOne => json!({"type": "integer", "minimum": 1}),
        Kind::Mode => {
            json!({"anyOf": [{"type": "string", "pattern": "^[0-7]{1,3}$"}, {"type": "integer", "minimum": 0, "maximum": 0o777}]})
        }
        Kind::Time => json!({"type": "string", "examples": ["500ms", "5s", "2m"]}),
        Kind::Span => json!({"type": "string", "examples": ["500ms", "0s"]}),
        // a literal of Rust's `f32` may have more digits as a `f64` than it was written with
        Kind::Share => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
        Kind::Number(least, most, _) => json!({"type": "number", "minimum": least, "maximum": most}),
        Kind::Three(least, most, _) => {
            let bound = |bound: f32| bound.to_string().parse::<f64>().unwrap_or_default();
            let number = json!({"type": "number", "minimum": bound(least), "maximum": bound(most)});
            json!({"type": "array", "items": number, "minItems": 3, "maxItems": 3})
        }
        Kind::Size(_) => json!({"type": "string", "pattern": "^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$", "examples": ["224x224"]}),
        Kind::Choice(choices) => json!({"oneOf": choices.names().into_iter().map(word).collect::<Vec<_>>()}),
        Kind::Variables => json!({"type": "object", "additionalProperties": {"type": ["string", "integer"]}}),
        Kind::Names => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
        Kind::Rect => json!({"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 4, "maxItems": 4}),
        Kind::Sections(name) => {
            let known = groups.iter().find(|group| group.name == name);
            json!({"type": "array", "items": known.map_or(json!({}), |known| section(groups, known))})
        }
        Kind::Section(name) => json!({"allOf": [{"$ref": format!("#/properties/{name}")}]}),
        Kind::Patterns => names(),
        Kind::Lists => json!({"type": "object", "additionalProperties": names()}),
        Kind::Shares => {
            json!({"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}})
        }
        Kind::Options(..) | Kind::Below => {
            let below = [group.name, ".", key.name].concat();
            groups.iter().find(|group| group.name == below).map_or(json!({"type": "object"}), |below| section(groups, below))
        }
    };
    let help = match key.default {
        DefaultValue::Described(words) => format!("{} [default: {words}]", key.help),
        _ => key.help.to_owned(),
    };
    if !help.is_empty() {
        property["description"] = help.into();
    }
    if let DefaultValue::Value(text) = key.default
        && let Ok(value) = key.kind.of_text(text)
    {
        property["default"] = default(&value);
    }
    property
}

fn names() -> Json {
    json!({"type": "array", "items": {"type": "string", "minLength": 1}})
}

fn word((name, help): (&str, &str)) -> Json {
    let mut word = match name.parse::<i64>() {
        Ok(number) => json!({"enum": [number, name]}),
        Err(_) => json!({"const": name}),
    };
    if !help.is_empty() {
        word["description"] = help.into();
    }
    word
}

fn default(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Path(path) => path.to_string_lossy().into(),
        Value::Switch(truth) => (*truth).into(),
        Value::Whole(number) => (*number).into(),
        Value::Mode(mode) => format!("{mode:o}").into(),
        Value::Time(time) => format!("{time:?}").into(),
        Value::Size((width, height)) => format!("{width}x{height}").into(),
        Value::Number(number) => (*number).into(),
        Value::Names(names) => names.clone().into(),
        Value::Rect(numbers) => numbers.to_vec().into(),
        Value::Lists(lists) => lists.iter().map(|(name, names)| (name.clone(), Json::from(names.clone()))).collect(),
        Value::Shares(shares) => shares.iter().map(|(name, share)| (name.clone(), Json::from(*share))).collect(),
        Value::Three(numbers) => numbers.to_vec().into(),
    }
}
