//! The kinds of values of settings, and how they are read from a flag's text or from TOML.

use super::choices::{Choices, words};
use super::values;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeString, DeValue};

/// The kind of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// A path; in a file, relative to the file's folder.
    Path,
    /// A path, or this word (with its meaning) instead.
    PathOr(&'static str),
    /// `true` or `false`; its flag has no value.
    Switch,
    /// 0 or 1, as QNN writes a switch.
    Bit,
    /// A whole number in a range, and the reason of the range if it is not obvious.
    Whole(fn() -> RangeInclusive<usize>, &'static str),
    /// A whole number of at least 1, where a number that is too large means all.
    AtLeastOne,
    /// Permissions, in octal.
    Mode,
    /// A time.
    Time,
    /// A time that may be 0.
    Span,
    /// A number above 0 and at most 1.
    Share,
    /// A number from the first to the second, and an example.
    Number(f64, f64, &'static str),
    /// Three numbers in a range, and an example of them.
    Three(f32, f32, [&'static str; 3]),
    /// A width and a height, each in a range.
    Size(fn() -> RangeInclusive<u32>),
    /// One of some words.
    Choice(&'static dyn Choices),
    /// Texts that may have commas; a flag of it is given once for each.
    Patterns,
    /// Names, each with texts.
    Lists,
    /// Names, each with a number above 0 and at most 1.
    Shares,
    /// A section of its own below this one.
    Below,
    /// Names and texts.
    Variables,
    /// Names, in a list.
    Names,
    /// The section of this name, within this one.
    Section(&'static str),
    /// Any number of the section of this name, within this one.
    Sections(&'static str),
    /// A rectangle: left, top, width, height.
    Rect,
    /// Options in a subsection, each checked as a pair of name and value.
    Options(fn(&str, &str) -> Result<(), String>, &'static str),
}

const A_SHARE: &str = "a number above 0, and at most 1, as in 0.875";

const A_RECT: &str = "left, top, width and height, in shares of the picture or in pixels";

/// A parsed value.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // each is what its name says
pub enum Value {
    Text(String),
    Path(PathBuf),
    Switch(bool),
    Whole(usize),
    Mode(u32),
    Time(Duration),
    Number(f64),
    Three([f32; 3]),
    Size((u32, u32)),
    Names(Vec<String>),
    Rect([f64; 4]),
    Lists(Vec<(String, Vec<String>)>),
    Shares(Vec<(String, f64)>),
}

impl Kind {
    /// Parses `text` of a flag or of a default; the error says what was expected.
    pub fn of_text(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text => Ok(Value::Text(text.to_owned())),
            Self::Path | Self::PathOr(_) if text.is_empty() => Err("expected a path".into()),
            Self::Path | Self::PathOr(_) => Ok(Value::Path(text.into())),
            Self::Switch => text.parse().map(Value::Switch).map_err(|_| "expected true or false".into()),
            Self::Bit => bit(text).map(Value::Switch).ok_or_else(|| "expected 0 or 1".into()),
            Self::Whole(range, why) => values::whole(text, range()).map(Value::Whole).map_err(|expected| expected + why),
            Self::AtLeastOne => values::at_least_one(text).map(Value::Whole),
            Self::Mode => values::octal(text).map(Value::Mode),
            Self::Time => values::duration(text).map(Value::Time),
            Self::Span => values::span(text).map(Value::Time),
            Self::Share => values::share(text).map(Value::Number).ok_or_else(|| format!("expected {A_SHARE}")),
            Self::Number(least, most, example) => values::number(text, least..=most)
                .map(Value::Number)
                .ok_or_else(|| format!("expected {}", a_number(least, most, example))),
            Self::Three(least, most, example) => values::three(text, least..=most)
                .map(Value::Three)
                .ok_or_else(|| format!("expected three numbers from {least} to {most}, as in {}", example.join(","))),
            Self::Size(sides) => values::size(text, sides()).map(Value::Size),
            Self::Choice(choices) => match choices.names().iter().find(|(name, _)| *name == text) {
                Some((name, _)) => Ok(Value::Text((*name).to_owned())),
                None => Err(format!("expected one of {}", words(choices).join(", "))),
            },
            Self::Names => Ok(Value::Names(text.split(',').map(str::to_owned).collect())),
            Self::Section(_) | Self::Sections(_) => Err("expected a section".into()),
            Self::Rect => values::rect(text).map(Value::Rect).ok_or_else(|| format!("expected {A_RECT}, as in 0.25,0.25,0.5,0.5")),
            Self::Patterns if text.is_empty() => Err("expected a name".into()),
            Self::Patterns => Ok(Value::Names(vec![text.to_owned()])),
            Self::Lists | Self::Shares | Self::Below => Err("it is only a key of the file".into()),
            Self::Variables => match text.split_once('=') {
                Some((name, _)) if !name.is_empty() => Ok(Value::Text(text.to_owned())),
                _ => Err("expected NAME=VALUE".into()),
            },
            Self::Options(check, example) => {
                let (name, value) = text.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, as in {example}"))?;
                check(name, value).map(|()| Value::Text(text.to_owned()))
            }
        }
    }

    /// Reads `value` of a file in `folder`; the error says what it must be.
    pub fn of_toml(self, value: &DeValue, folder: &Path) -> Result<Value, String> {
        let read = match (self, value) {
            (Self::Text, DeValue::String(text)) => Some(Value::Text(text.to_string())),
            (Self::PathOr(word), DeValue::String(text)) if text == word => Some(Value::Path(word.into())),
            (Self::Path | Self::PathOr(_), DeValue::String(text)) if !text.is_empty() => Some(Value::Path(folder.join(&**text))),
            (Self::Switch, DeValue::Boolean(truth)) => Some(Value::Switch(*truth)),
            (Self::Whole(range, _), DeValue::Integer(n)) => {
                usize::from_str_radix(n.as_str(), n.radix()).ok().filter(|n| range().contains(n)).map(Value::Whole)
            }
            (Self::AtLeastOne, DeValue::Integer(n)) if n.radix() == 10 => self.of_text(n.as_str()).ok(),
            (Self::Mode, DeValue::Integer(n)) if n.radix() == 8 => self.of_text(n.as_str()).ok(),
            // a number may be one of the choices: rotate = 90
            (Self::Choice(_), DeValue::Integer(n)) => self.of_text(n.as_str()).ok(),
            (Self::Mode | Self::Time | Self::Span | Self::Choice(_) | Self::Size(_), DeValue::String(text)) => {
                self.of_text(text).ok()
            }
            (Self::Share | Self::Number(..), DeValue::Float(number)) => self.of_text(number.as_str()).ok(),
            (Self::Share | Self::Number(..), DeValue::Integer(number)) if number.radix() == 10 => {
                self.of_text(number.as_str()).ok()
            }
            (Self::Three(least, most, _), DeValue::Array(numbers)) if numbers.len() == 3 => {
                let numbers: Vec<_> = numbers.iter().filter_map(|number| number_of(number, least..=most)).collect();
                numbers.try_into().ok().map(Value::Three)
            }
            (Self::Names, DeValue::Array(names)) => {
                let name = |name: &Spanned<DeValue>| name.get_ref().as_str().map(str::to_owned);
                let names: Option<Vec<_>> = names.iter().map(name).collect();
                names.filter(|names| !names.is_empty()).map(Value::Names)
            }
            (Self::Rect, DeValue::Array(numbers)) => {
                let number = |number: &Spanned<DeValue>| match number.get_ref() {
                    DeValue::Integer(n) => n.as_str().parse().ok(),
                    DeValue::Float(n) => n.as_str().parse().ok(),
                    _ => None,
                };
                let numbers: Option<Vec<f64>> = numbers.iter().map(number).collect();
                numbers.and_then(|numbers| values::sides(numbers.try_into().ok()?)).map(Value::Rect)
            }
            (Self::Patterns, value) => names(value).map(Value::Names),
            (Self::Lists, DeValue::Table(lists)) => {
                let list = |(name, value): (&Spanned<_>, &Spanned<_>)| Some((name_of(name), names(value.get_ref())?));
                lists.iter().map(list).collect::<Option<_>>().map(Value::Lists)
            }
            (Self::Shares, DeValue::Table(shares)) => {
                let share = |(name, value): (&Spanned<_>, &Spanned<_>)| Some((name_of(name), share_of(value.get_ref())?));
                shares.iter().map(share).collect::<Option<_>>().map(Value::Shares)
            }
            (Self::Bit | Self::Variables | Self::Options(..), _) => plain(value).map(Value::Text),
            _ => None,
        };
        read.ok_or_else(|| self.wanted(value))
    }

    /// What a value of the file must be, if `value` is invalid.
    fn wanted(self, value: &DeValue) -> String {
        match self {
            Self::Text => "a text in quotes".into(),
            Self::Path | Self::PathOr(_) => "a path in quotes".into(),
            Self::Switch => "true or false".into(),
            Self::Bit => "0 or 1".into(),
            Self::Whole(range, why) => format!("a whole number from {} to {}{why}", range().start(), range().end()),
            Self::AtLeastOne => "a whole number of at least 1".into(),
            Self::Mode => "three octal digits in quotes, as in \"660\"".into(),
            Self::Time if value.as_str().is_some() => format!("{}, as in \"5s\"", values::a_time()),
            Self::Time => "a time in quotes, as in \"5s\", \"500ms\" or \"2m\"".into(),
            Self::Span if value.as_str().is_some() => format!("{}, as in \"500ms\"", values::a_span()),
            Self::Span => "a time in quotes, as in \"500ms\" or \"0s\"".into(),
            Self::Share => A_SHARE.into(),
            Self::Number(least, most, example) => a_number(least, most, example),
            Self::Three(least, most, example) => {
                format!("three numbers from {least} to {most}, as in [{}]", example.join(", "))
            }
            Self::Size(sides) => format!("{} in quotes", values::a_size(&sides())),
            Self::Choice(choices) => {
                let words: Vec<_> = words(choices).iter().map(|word| quoted(word)).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Names => "a list of names, as in [\"animals\"]".into(),
            Self::Section(_) | Self::Sections(_) => "a section".into(),
            Self::Rect => format!("{A_RECT}, as in [0.25, 0.25, 0.5, 0.5] or [640, 0, 640, 480]"),
            Self::Patterns => "a list of texts, as in [\"cat\", \"*dog*\"]".into(),
            Self::Lists => "names with lists of texts, as in { pet = [\"cat\", \"*dog*\"] }".into(),
            Self::Shares => "names with numbers above 0 and at most 1, as in { cat = 0.8 }".into(),
            Self::Below => "a section".into(),
            Self::Variables | Self::Options(..) => "a text or a number".into(),
        }
    }

    /// The accepted words.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Choice(choices) => words(choices),
            Self::PathOr(word) => vec![word],
            _ => Vec::new(),
        }
    }
}

fn a_number(least: f64, most: f64, example: &str) -> String {
    format!("a number from {least} to {most}, as in {example}")
}

/// A word as written in the file: a number has no quotes.
pub fn quoted(word: &str) -> String {
    if word.parse::<i64>().is_ok() { word.to_owned() } else { format!("\"{word}\"") }
}

/// 0 or 1; true and false are accepted.
pub fn bit(text: &str) -> Option<bool> {
    match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// A list of texts, none of which is empty.
fn names(value: &DeValue) -> Option<Vec<String>> {
    let name = |value: &Spanned<DeValue>| Some(value.get_ref().as_str().filter(|name| !name.is_empty())?.to_owned());
    value.as_array()?.iter().map(name).collect()
}

fn name_of(name: &Spanned<DeString>) -> String {
    name.get_ref().to_string()
}

fn share_of(value: &DeValue) -> Option<f64> {
    match value {
        DeValue::Float(number) => values::share(number.as_str()),
        DeValue::Integer(number) if number.radix() == 10 => values::share(number.as_str()),
        _ => None,
    }
}

fn number_of(value: &Spanned<DeValue>, range: RangeInclusive<f32>) -> Option<f32> {
    let number = match value.get_ref() {
        DeValue::Integer(n) => n.as_str().parse().ok(),
        DeValue::Float(n) => n.as_str().parse().ok(),
        _ => None,
    };
    number.filter(|number| range.contains(number))
}

/// A text, a number or a boolean, as written.
pub fn plain(value: &DeValue) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => Some(n.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
