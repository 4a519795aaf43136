//! Access to JSON from other programs: any field may be missing or of another type.

use serde_json::Value;

/// A finite number.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// Three numbers; one number, or a list of one, is repeated.
pub fn three(value: &Value) -> Option<[f64; 3]> {
    if let Some(one) = number(value) {
        return Some([one; 3]);
    }
    let numbers: Vec<f64> = value.as_array()?.iter().take(4).map(number).collect::<Option<_>>()?;
    match numbers[..] {
        [one] => Some([one; 3]),
        [a, b, c] => Some([a, b, c]),
        _ => None,
    }
}

/// A side of a picture in pixels.
pub fn side(value: &Value) -> Option<u32> {
    let side = value.as_u64().or_else(|| number(value).filter(|side| *side >= 0.0).map(|side| side as u64))?;
    u32::try_from(side).ok().filter(|side| (1..=16384).contains(side))
}

/// `text` as a JSON object.
pub fn object(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text).map_err(|e| format!("it is not JSON: {e}"))?;
    if value.is_object() { Ok(value) } else { Err("it holds no JSON object".into()) }
}
