//! Values that flags and the configuration file write alike.

use std::time::Duration;

/// A time: `5s`, `500ms`, `2m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed.ok_or_else(|| "a time like 5s, 500ms or 2m is wanted".into())
}

/// Permissions: `660`.
pub fn octal(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777).ok_or_else(|| "three octal digits are wanted, as in 660".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_modes() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("-5s").is_err() && duration("five").is_err());
        assert_eq!(octal("660"), Ok(0o660));
        assert!(octal("888").is_err() && octal("7777").is_err());
    }
}
