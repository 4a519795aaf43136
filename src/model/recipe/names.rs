//! Names of classes in files that others wrote: a list, or a map one way or the other.

use super::json;
use crate::labels;
use serde_json::Value;

/// The names in `value`: `["cat", "dog"]`, `{"0": "cat"}`, `{"cat": 0}`, or `{"0": ["n01440764", "cat"]}`. `None` where it is none of
/// these, or where a number is missing or twice there.
pub fn names(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) if !list.is_empty() => list.iter().map(text).collect(),
        Value::Object(map) if !map.is_empty() && map.len() <= labels::CLASSES => {
            let by_number = |(key, name): (&String, &Value)| Some((key.trim().parse::<usize>().ok()?, text(name)?));
            let by_name = |(name, number): (&String, &Value)| Some((usize::try_from(number.as_u64()?).ok()?, name.clone()));
            let numbered: Option<Vec<_>> = map.iter().map(by_number).collect();
            in_order(numbered.or_else(|| map.iter().map(by_name).collect())?)
        }
        _ => None,
    }
}

/// The name in `value`; of WordNet's number and a name, the name.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim(),
        Value::Array(list) => list.last()?.as_str()?.trim(),
        Value::Number(number) => return Some(number.to_string()),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= labels::LABEL && !text.contains(['\n', '\r', '\0'])).then(|| text.to_owned())
}

/// The names by their numbers, which are 0 to the last, each once.
fn in_order(mut numbered: Vec<(usize, String)>) -> Option<Vec<String>> {
    numbered.sort();
    let whole = numbered.iter().enumerate().all(|(n, (number, _))| n == *number);
    whole.then(|| numbered.into_iter().map(|(_, name)| name).collect())
}

/// The names in a text: JSON, a Python dictionary or list as it prints itself, or one a line, or with commas between.
pub fn of_text(said: &str) -> Option<Vec<String>> {
    let said = said.trim();
    if said.starts_with(['{', '[']) {
        // Python's own form of a dictionary is YAML
        let value = serde_json::from_str(said).ok().or_else(|| json::yaml(said).ok())?;
        return names(&value);
    }
    let between = if said.contains('\n') { '\n' } else { ',' };
    let parts: Vec<_> = said.split(between).map(|name| text(&Value::from(name))).collect::<Option<_>>()?;
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_and_maps_both_ways() {
        let pets = Some(vec!["cat".to_owned(), "dog".to_owned()]);
        for form in [
            json!(["cat", "dog"]),
            json!({"1": "dog", "0": "cat"}),
            json!({"cat": 0, "dog": 1}),
            json!({"0": ["n02121620", "cat"], "1": ["n02084071", "dog"]}),
        ] {
            assert_eq!(names(&form), pets, "{form}");
        }
        for text in ["{0: 'cat', 1: 'dog'}", "['cat', 'dog']", "cat,dog", "cat\ndog\n", r#"{"0": "cat", "1": "dog"}"#] {
            assert_eq!(of_text(text), pets, "{text}");
        }
        assert_eq!(of_text(r#"{0: "jack-o'-lantern", 1: 'a "b"'}"#).unwrap()[0], "jack-o'-lantern");
        let ten = json!((0..12).map(|n| (n.to_string(), json!(format!("c{n}")))).collect::<serde_json::Map<_, _>>());
        assert_eq!(names(&ten).unwrap()[10], "c10");
    }

    #[test]
    fn a_gap_a_double_or_another_kind_is_none() {
        for form in [
            json!({"0": "cat", "2": "dog"}),
            json!({"cat": 0, "dog": 0}),
            json!({"cat": 1}),
            json!(7),
            json!([]),
            json!({}),
            json!([{"id": 1}]),
            json!(["cat", ""]),
            json!({"cat": "x"}),
        ] {
            assert_eq!(names(&form), None, "{form}");
        }
        assert!(of_text("").is_none() && of_text("one").is_none() && of_text("{0: ").is_none());
    }
}
