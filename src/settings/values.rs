//! Values with the same form in flags and in the configuration file, and how they are read.
//!
//! Every number and duration has a range, so that none can overflow, or require more threads, memory or files than a machine has. A value
//! outside it is refused, and the message names the range. The range of a setting is documented with its key.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest duration, unless a setting has a narrower range.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A duration or a pause, from 1 ms, the scheduler's resolution, to a year.
const TIMES: RangeInclusive<Duration> = Duration::from_millis(1)..=YEAR;

/// A time that may be 0, over which something is averaged or waited for; beyond a minute nobody calls it live.
const SPANS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

/// `--simulate-inference`: fast models take some tens of microseconds; a frame that takes a minute is not live.
const SIMULATED: RangeInclusive<Duration> = Duration::from_micros(1)..=Duration::from_secs(60);

/// Results, and runs of `--repeat`: numbers of messages stay below 2^53.
pub const RESULTS: RangeInclusive<u64> = 1..=1 << 53;

/// A time: `5s`, `500ms`, `2m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    time(text, TIMES)
}

/// A time that may be 0.
pub fn span(text: &str) -> Result<Duration, String> {
    time(text, SPANS)
}

/// The time of `--simulate-inference`.
pub fn simulated(text: &str) -> Result<Duration, String> {
    time(text, SIMULATED)
}

fn time(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed.filter(|time| range.contains(time)).ok_or_else(|| format!("expected {}, as in 5s, 500ms or 2m", in_range(&range)))
}

/// A description of valid durations.
pub fn a_time() -> String {
    in_range(&TIMES)
}

/// What a time that may be 0 must be, in words.
pub fn a_span() -> String {
    in_range(&SPANS)
}

fn in_range(range: &RangeInclusive<Duration>) -> String {
    format!("a time from {} to {}", shown(*range.start()), shown(*range.end()))
}

/// The limit of a range in the largest unit in which it is a whole number.
fn shown(time: Duration) -> String {
    match time.as_secs() {
        0 if time.is_zero() => "0s".to_owned(),
        0 => format!("{time:?}"),
        seconds if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        seconds => format!("{seconds}s"),
    }
}

/// A whole number in `range`.
pub fn whole(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
}

/// A number of results: `--frames`.
pub fn results(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| RESULTS.contains(number));
    number.ok_or_else(|| format!("expected a whole number from {} to {}", RESULTS.start(), RESULTS.end()))
}

/// A whole number of at least 1; a number that is too large means all.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let number = text.parse().ok().or_else(|| digits.then_some(usize::MAX));
    number.filter(|number| *number >= 1).ok_or_else(|| "expected a whole number of at least 1".into())
}

/// Permissions: `660`.
pub fn octal(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777).ok_or_else(|| "expected three octal digits, as in 660".into())
}

/// A number above 0 and at most 1.
pub fn share(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|share| *share > 0.0 && *share <= 1.0)
}

/// A number in `range`.
pub fn number(text: &str, range: RangeInclusive<f64>) -> Option<f64> {
    text.trim().parse().ok().filter(|number| range.contains(number))
}

/// Three numbers in `range`, separated by commas.
pub fn three(text: &str, range: RangeInclusive<f32>) -> Option<[f32; 3]> {
    let number = |number: &str| number.trim().parse().ok().filter(|n| range.contains(n));
    text.split(',').map(number).collect::<Option<Vec<f32>>>()?.try_into().ok()
}

/// Four numbers of a rectangle, with commas between them.
pub fn rect(text: &str) -> Option<[f64; 4]> {
    let numbers = text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<f64>>>()?;
    sides(numbers.try_into().ok()?)
}

/// These numbers, if they can be those of a rectangle.
pub fn sides(numbers: [f64; 4]) -> Option<[f64; 4]> {
    Some(numbers).filter(|numbers| numbers.iter().all(|number| (0.0..=1e6).contains(number)))
}

/// `WIDTHxHEIGHT`, each in the range `sides`.
pub fn size(text: &str, sides: RangeInclusive<u32>) -> Result<(u32, u32), String> {
    let side = |text: &str| text.parse().ok().filter(|side| sides.contains(side) && text.bytes().all(|b| b.is_ascii_digit()));
    let both = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
    both.ok_or_else(|| format!("expected {}", a_size(&sides)))
}

/// What a size must be, in words.
pub fn a_size(sides: &RangeInclusive<u32>) -> String {
    format!("WIDTHxHEIGHT, each from {} to {}, as in 224x224", sides.start(), sides.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_modes() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("-5s").is_err() && duration("five").is_err());
        assert_eq!(simulated("1.6ms"), Ok(Duration::from_micros(1600)));
        assert_eq!(octal("660"), Ok(0o660));
        assert!(octal("888").is_err() && octal("7777").is_err());
    }

    #[test]
    fn a_duration_outside_its_range_is_refused_with_the_range() {
        for time in ["0s", "999us", "8760h 1s", "9223372036854775807s", "99999999999999999999s"] {
            assert_eq!(duration(time).unwrap_err(), "expected a time from 1ms to 8760h, as in 5s, 500ms or 2m", "{time}");
        }
        assert!(duration("8760h").is_ok() && duration("1ms").is_ok());
        assert!(simulated("0s").unwrap_err().contains("from 1µs to 60s"));
    }

    #[test]
    fn a_number_outside_its_range_is_refused_and_a_too_large_one_means_all() {
        assert_eq!(whole("1", 1..=4), Ok(1));
        assert_eq!(whole("100000", 1..=4), Err("expected a whole number from 1 to 4".into()));
        assert!(["0", "-1", "1.5", "", "18446744073709551616"].iter().all(|text| whole(text, 1..=65_536).is_err()));
        assert_eq!(at_least_one("99999999999999999999999999"), Ok(usize::MAX));
        assert!(["0", "-1", "", "x"].iter().all(|text| at_least_one(text).is_err()));
    }
}
