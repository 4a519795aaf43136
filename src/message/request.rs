//! Reads a request with the range of each field. `glimpsed subscribe` checks its flags against the same ranges.

use super::subscribe::{EventKind, Subscribe};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ops::RangeInclusive;

/// The maximum length of a request in bytes.
pub const LINE: usize = 16 << 10;
/// The maximum number of cameras in a request.
const CAMERAS: usize = 256;
/// The maximum length of a camera's name in bytes.
const NAME: usize = 256;
/// The range of the minimum confidence.
const MIN_CONFIDENCE: RangeInclusive<f64> = 0.0..=1.0;
/// The range of results per second: from one in a thousand seconds to more than any camera delivers.
const MAX_RATE: RangeInclusive<f64> = 0.001..=1000.0;
/// The kinds of messages, in words.
const EVENTS: &str = "\"classification\", \"change\" or \"status\"";
/// How many characters of an invalid value an error repeats.
const SHOWN: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    #[serde(borrow)]
    subscribe: &'a RawValue,
}

/// The fields as unparsed JSON, so that an error can name field and value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    cameras: Option<&'a RawValue>,
    #[serde(borrow)]
    events: Option<&'a RawValue>,
    #[serde(borrow)]
    top: Option<&'a RawValue>,
    #[serde(borrow)]
    min_confidence: Option<&'a RawValue>,
    #[serde(borrow)]
    max_rate: Option<&'a RawValue>,
    #[serde(borrow)]
    on_change: Option<&'a RawValue>,
}

/// Reads a request. The error says which field is wrong, its value, and its range.
pub fn parse(line: &[u8]) -> Result<Subscribe, String> {
    // serde would also accept a list for a struct
    let Raw { subscribe } = match line.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(line).map_err(|e| format!("not a subscribe request: {e}"))?,
        _ => return Err("not a subscribe request: a line is one JSON object".into()),
    };
    let subscribe: Fields = match subscribe.get() {
        object if object.starts_with('{') => {
            serde_json::from_str(object).map_err(|e| format!("not a subscribe request: subscribe: {e}"))?
        }
        other => return Err(wrong("subscribe", "an object", other)),
    };
    Ok(Subscribe {
        cameras: subscribe.cameras.map(|value| cameras(value.get())).transpose()?,
        events: subscribe.events.map(|value| events(value.get())).transpose()?,
        top: subscribe.top.map(|value| top(value.get())).transpose()?,
        min_confidence: subscribe.min_confidence.map_or(Ok(0.0), |value| min_confidence(value.get()))?,
        max_rate: subscribe.max_rate.map(|value| max_rate(value.get())).transpose()?,
        on_change: subscribe.on_change.map_or(Ok(false), |value| on_change(value.get()))?,
    })
}

/// `top`: a whole number of at least 1. A number above the model's classes means all of them.
pub fn top(text: &str) -> Result<usize, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte != b'0');
    if digits { Ok(text.parse().unwrap_or(usize::MAX)) } else { Err(wrong("top", "a whole number from 1 on", text)) }
}

/// `min_confidence`: 0 to 1.
pub fn min_confidence(text: &str) -> Result<f64, String> {
    number("min_confidence", &MIN_CONFIDENCE, text)
}

/// `max_rate`: 0.001 to 1000.
pub fn max_rate(text: &str) -> Result<f64, String> {
    number("max_rate", &MAX_RATE, text)
}

/// The name of a camera: 1 to 256 bytes.
pub fn camera(text: &str) -> Result<String, String> {
    let fits = (1..=NAME).contains(&text.len());
    if fits { Ok(text.to_owned()) } else { Err(wrong("a camera's name", &format!("1 to {NAME} bytes long"), &format!("{text:?}"))) }
}

/// At most 256 different cameras, in the order of their first occurrence.
pub fn distinct(names: impl IntoIterator<Item = String>) -> Result<Vec<String>, String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
        if distinct.len() > CAMERAS {
            return Err(format!("cameras must be at most {CAMERAS} names, not more"));
        }
    }
    Ok(distinct)
}

fn cameras(json: &str) -> Result<Vec<String>, String> {
    let named: Vec<String> = serde_json::from_str(json).map_err(|_| wrong("cameras", "a list of names", json))?;
    distinct(named.iter().map(|name| camera(name)).collect::<Result<Vec<_>, _>>()?)
}

/// A kind of message.
pub fn event(text: &str) -> Result<EventKind, String> {
    EventKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| wrong("an event", EVENTS, &format!("{text:?}")))
}

fn events(json: &str) -> Result<Vec<EventKind>, String> {
    let named: Vec<String> = serde_json::from_str(json).map_err(|_| wrong("events", "a list of names", json))?;
    let mut events = Vec::new();
    for kind in named.iter().map(|name| event(name)) {
        let kind = kind?;
        if !events.contains(&kind) {
            events.push(kind);
        }
    }
    if events.is_empty() { Err(wrong("events", "a list of at least one name", json)) } else { Ok(events) }
}

fn on_change(json: &str) -> Result<bool, String> {
    json.parse().map_err(|_| wrong("on_change", "true or false", json))
}

fn number(field: &str, range: &RangeInclusive<f64>, text: &str) -> Result<f64, String> {
    // NaN is in no range
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| wrong(field, &format!("a number from {} to {}", range.start(), range.end()), text))
}

fn wrong(field: &str, range: &str, text: &str) -> String {
    let more = if text.chars().count() > SHOWN { "..." } else { "" };
    format!("{field} must be {range}, not {}{more}", text.chars().take(SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn of(fields: &str) -> Result<Subscribe, String> {
        parse(format!("{{\"subscribe\":{{{fields}}}}}").as_bytes())
    }

    #[test]
    fn a_request_is_one_json_object() {
        let all = r#""cameras":["front","back","front"],"events":["change","status","change"],"top":1,"min_confidence":0.5,"max_rate":5,"on_change":true"#;
        let cameras = Some(vec!["front".into(), "back".into()]);
        let events = Some(vec![EventKind::Change, EventKind::Status]);
        let expected = Subscribe { cameras, events, top: Some(1), min_confidence: 0.5, max_rate: Some(5.0), on_change: true };
        assert_eq!(of(all), Ok(expected));
        assert_eq!(of(""), Ok(Subscribe::default()));
        assert_eq!(
            of(r#""cameras":null,"events":null,"top":null,"min_confidence":null,"max_rate":null"#),
            Ok(Subscribe::default())
        );
    }

    #[test]
    fn the_limits_of_each_range_are_accepted() {
        for (fields, taken) in [
            (r#""min_confidence":0"#, true),
            (r#""min_confidence":1"#, true),
            (r#""min_confidence":1e-300"#, true),
            (r#""max_rate":0.001"#, true),
            (r#""max_rate":1e3"#, true),
            (r#""max_rate":1000.1"#, false),
            (r#""max_rate":0.00099"#, false),
            (r#""top":1"#, true),
            (r#""top":99999999999999999999999999"#, true),
            (r#""cameras":[]"#, true),
        ] {
            assert_eq!(of(fields).is_ok(), taken, "{fields}");
        }
        let most = of(r#""top":99999999999999999999999999"#).unwrap();
        assert_eq!(most.top, Some(usize::MAX));
        assert_eq!(of(r#""max_rate":0.001"#).unwrap().period(), Duration::from_secs(1000));
    }

    #[test]
    fn a_value_outside_its_range_is_refused_with_field_value_and_range() {
        for (fields, told) in [
            (r#""max_rate":1e-300"#, "max_rate must be a number from 0.001 to 1000, not 1e-300"),
            (r#""max_rate":1e400"#, "max_rate must be a number from 0.001 to 1000, not 1e400"),
            (r#""max_rate":-5"#, "max_rate must be a number from 0.001 to 1000, not -5"),
            (r#""max_rate":0"#, "max_rate must be a number from 0.001 to 1000, not 0"),
            (r#""max_rate":"5""#, "max_rate must be a number from 0.001 to 1000, not \"5\""),
            (r#""max_rate":[[[[]]]]"#, "max_rate must be a number from 0.001 to 1000, not [[[[]]]]"),
            (r#""min_confidence":1.5"#, "min_confidence must be a number from 0 to 1, not 1.5"),
            (r#""min_confidence":-0.1"#, "min_confidence must be a number from 0 to 1, not -0.1"),
            (r#""min_confidence":-1e400"#, "min_confidence must be a number from 0 to 1, not -1e400"),
            (r#""top":0"#, "top must be a whole number from 1 on, not 0"),
            (r#""top":-1"#, "top must be a whole number from 1 on, not -1"),
            (r#""top":1.5"#, "top must be a whole number from 1 on, not 1.5"),
            (r#""on_change":1"#, "on_change must be true or false, not 1"),
            (r#""cameras":"front""#, "cameras must be a list of names, not \"front\""),
            (r#""cameras":[""]"#, "a camera's name must be 1 to 256 bytes long, not \"\""),
            (r#""events":["changes"]"#, "an event must be \"classification\", \"change\" or \"status\", not \"changes\""),
            (r#""events":[]"#, "events must be a list of at least one name, not []"),
            (r#""events":"change""#, "events must be a list of names, not \"change\""),
            (r#""camera":"front""#, "unknown field `camera`"),
            (r#""top":1,"top":2"#, "duplicate field `top`"),
            (r#""max_rate":NaN"#, "not a subscribe request: expected value"),
            (r#""max_rate":Infinity"#, "not a subscribe request: expected value"),
        ] {
            let error = of(fields).unwrap_err();
            assert!(error.contains(told), "{fields}: {error}");
        }
        let cameras = |count: usize| {
            let names: Vec<_> = (0..count).map(|n| format!("\"camera {n}\"")).collect();
            of(&format!("\"cameras\":[{}]", names.join(",")))
        };
        assert!(cameras(256).is_ok());
        assert_eq!(cameras(257), Err("cameras must be at most 256 names, not more".into()));
        let long = of(&format!("\"cameras\":[\"{}\"]", "x".repeat(257))).unwrap_err();
        assert!(long.contains("1 to 256 bytes") && long.len() < 200, "{long}");
    }

    #[test]
    fn invalid_requests_are_refused() {
        for (line, told) in [
            (&b"hello"[..], "not a subscribe request"),
            (b"{}", "missing field `subscribe`"),
            (br#"[{"top":1}]"#, "one JSON object"),
            (br#"{"subscribe":null}"#, "subscribe must be an object, not null"),
            (br#"{"subscribe":[["front"],1,0.5,5,true]}"#, "subscribe must be an object, not [[\"front\"]"),
            (br#"{"subscribe":{},"more":1}"#, "unknown field `more`"),
            (br#"{"subscribe":{}} {}"#, "trailing characters"),
            (b"\xff\xfe\x00", "not a subscribe request"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        // the deepest nesting that fits in a line
        let deep = format!("{{\"subscribe\":{{\"top\":{}", "[".repeat(LINE));
        assert!(parse(deep.as_bytes()).is_err());
        let nested = format!("{}1{}", "[".repeat(LINE / 3), "]".repeat(LINE / 3));
        assert!(of(&format!("\"cameras\":{nested}")).unwrap_err().contains("cameras must be a list of names, not [[["));
    }

    #[test]
    fn flags_have_the_same_ranges() {
        for wrong in ["nan", "inf", "-inf", "1e-300", "1001", "five", ""] {
            assert!(max_rate(wrong).unwrap_err().starts_with("max_rate must be a number from 0.001 to 1000, not"), "{wrong}");
        }
        assert!(min_confidence("nan").is_err() && top("1e3").is_err() && top("+1").is_err() && top("").is_err());
    }
}
