//! Points in time on the wire: RFC 3339 in UTC with microseconds, as in `2026-11-23T07:10:00.123456Z`.

use serde::{Deserialize, Deserializer, Serializer, de};
use std::time::SystemTime;

/// Writes `time` without allocating; one that RFC 3339 cannot express is written as 1970.
pub fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::try_from(*time).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    serializer.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
}

/// Reads a point in time, with any offset and any number of decimals.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().and_then(|time: jiff::Timestamp| time.try_into()).map_err(de::Error::custom)
}
