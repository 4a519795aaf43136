//! The table of all keys in the documentation.

use super::key::{DefaultValue, Group, Key, Repeat};
use super::kind::{Kind, quoted};
use std::fmt::Write;

/// A Markdown table of all keys for each section of `groups`.
pub fn reference(groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups.iter().filter(|group| !group.name.contains('.') || group.repeat == Repeat::Many) {
        let heading = match (group.name, group.repeat) {
            ("", _) => "At the top level".to_owned(),
            (name, Repeat::OnceOrMany) => format!("`[{name}]`, or `[[{name}]]` for each of several"),
            _ => format!("`{}`", group.shown()),
        };
        let _ =
            writeln!(text, "\n**{heading}**: {}\n\n| key | value | default | flag | meaning |\n|---|---|---|---|---|", group.help);
        for key in group.all() {
            let flag = key.flag.map(|flag| format!("`{}`", flag.name)).unwrap_or_default();
            let _ = writeln!(text, "| `{}` | {} | {} | {flag} | {} |", key.name, value(key), default(key), key.help);
        }
    }
    text
}

fn value(key: &Key) -> String {
    match key.kind {
        Kind::Text => "text".into(),
        Kind::Path => "path".into(),
        Kind::PathOr(word) => format!("path, or `\"{word}\"`"),
        Kind::Switch => "`true`, `false`".into(),
        Kind::Bit => "`0`, `1`".into(),
        Kind::Whole(_, why) if !why.is_empty() => format!("1 to{}", why.trim_start_matches(',')),
        Kind::Whole(range, _) => format!("{} to {}", range().start(), range().end()),
        Kind::AtLeastOne => "a whole number from 1 on".into(),
        Kind::Mode => "octal digits: `\"660\"`".into(),
        Kind::Time => "time: `\"500ms\"`, `\"5s\"`".into(),
        Kind::Span => "time: `\"500ms\"`, `\"0s\"`".into(),
        Kind::Share => "above 0, at most 1".into(),
        Kind::Number(least, most, _) => format!("{least} to {most}"),
        Kind::Three(_, _, example) => format!("`[{}]`", example.join(", ")),
        Kind::Size(_) => "size: `\"224x224\"`".into(),
        Kind::Choice(choices) => {
            let words: Vec<_> = choices.names().iter().map(|(word, _)| format!("`{}`", quoted(word))).collect();
            words.join(", ")
        }
        Kind::Patterns => "`[\"NAME\", ...]`".into(),
        Kind::Lists => "`{ NAME = [\"NAME\", ...] }`".into(),
        Kind::Shares => "`{ NAME = 0.8 }`".into(),
        Kind::Below => "a section".into(),
        Kind::Variables => "`{ NAME = \"VALUE\" }`".into(),
        Kind::Names => "`[\"NAME\", ...]`".into(),
        Kind::Rect => "`[LEFT, TOP, WIDTH, HEIGHT]`".into(),
        Kind::Sections(name) => format!("sections `[[{name}]]`"),
        Kind::Section(name) => format!("section with the keys of `[{name}]`"),
        Kind::Options(..) => "`{ NAME = VALUE }`".into(),
    }
}

fn default(key: &Key) -> String {
    match (key.default, key.kind) {
        (DefaultValue::None, _) => String::new(),
        (DefaultValue::Described(words), _) => words.to_owned(),
        (DefaultValue::Value(value), Kind::Three(..)) => format!("`[{}]`", value.replace(',', ", ")),
        (DefaultValue::Value(value), Kind::Choice(_)) => format!("`{}`", quoted(value)),
        (DefaultValue::Value(value), Kind::Text | Kind::Path | Kind::PathOr(_) | Kind::Mode | Kind::Time | Kind::Size(_)) => {
            format!("`\"{value}\"`")
        }
        (DefaultValue::Value(value), _) => format!("`{value}`"),
    }
}
