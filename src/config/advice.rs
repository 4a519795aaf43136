//! What to change, in the place where it was set: hints name flags; where a setting came from the file, they name its key instead.

use super::Draft;
use crate::error::Error;

/// A flag, the key that sets the same, its section, and whether the flag was given.
type Entry = (&'static str, &'static str, &'static str, fn(&Draft) -> bool);

const ENTRIES: [Entry; 11] = [
    ("--model", "file", "[model]", |flags| flags.model.is_some()),
    ("--labels", "labels", "[model]", |flags| flags.labels.is_some()),
    ("--mean", "mean", "[model]", |flags| flags.mean.is_some()),
    ("--std", "std", "[model]", |flags| flags.std.is_some()),
    ("--provider", "provider", "[execution]", |flags| flags.runtime.provider.is_some()),
    ("--onnxruntime", "onnxruntime", "[execution]", |flags| flags.runtime.onnxruntime.is_some()),
    ("--qnn-dir", "qnn_dir", "[execution]", |flags| flags.runtime.qnn_dir.is_some()),
    ("--allow-partial", "allow_partial", "[execution]", |flags| flags.runtime.allow_partial.is_some()),
    ("--threads", "threads", "[execution]", |flags| flags.runtime.threads.is_some()),
    ("--pipeline", "pipeline", "[[camera]]", |flags| !flags.cameras.is_empty()),
    ("--var", "", "[vars]", |flags| !flags.vars.is_empty()),
];

/// `error` of a program that read a configuration file, with `flags` over it: it advises keys, but for the flags that were given.
pub fn of_file(error: Error, flags: &Draft) -> Error {
    error.reword(|text| keys(text, flags))
}

/// `text` with keys in the place of flags. Commands, which stand in backticks, stay.
pub fn keys(text: &str, flags: &Draft) -> String {
    let reworded = |(n, part): (usize, &str)| if n % 2 == 0 { outside_of_commands(part, flags) } else { part.to_owned() };
    text.split('`').enumerate().map(reworded).collect::<Vec<_>>().join("`")
}

fn outside_of_commands(text: &str, flags: &Draft) -> String {
    // a pipeline's own words
    let text = match flags.cameras.is_empty() {
        true => text.replace("gst-launch text itself goes after '--'", "gst-launch text itself goes into launch = \"...\""),
        false => text.to_owned(),
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(start) = rest.find("--") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest[2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-')).map_or(rest.len(), |end| end + 2);
        let flag;
        (flag, rest) = rest.split_at(end);
        match ENTRIES.iter().find(|(known, .., given)| *known == flag && !given(flags)) {
            Some((_, key, section, _)) => {
                let value = value_of(rest);
                rest = &rest[value.map_or(0, |value| value.len() + 1)..];
                out.push_str(&entry(key, value, section));
            }
            None => out.push_str(flag),
        }
    }
    out + rest
}

/// The value that follows a flag in a hint: a word that begins with a capital, one of a flag's choices, or NAME=VALUE.
fn value_of(rest: &str) -> Option<&str> {
    let word = rest.strip_prefix(' ')?;
    let word = &word[..word.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')')).unwrap_or(word.len())];
    let word = word.trim_end_matches('.');
    let choice = ["cpu", "qnn", "auto", "testcard"].contains(&word);
    (choice || word.contains('=') || word.starts_with(|c: char| c.is_ascii_uppercase())).then_some(word)
}

/// How the file sets it.
fn entry(key: &str, value: Option<&str>, section: &str) -> String {
    match (key, value) {
        ("", Some(variable)) => match variable.split_once('=') {
            Some((name, value)) => format!("{name} = \"{value}\" in {section}"),
            None => format!("{variable} in {section}"),
        },
        ("allow_partial", _) => format!("{key} = true in {section}"),
        (_, Some(value)) => format!("{key} = \"{value}\" in {section}"),
        (_, None) => format!("{key} in {section}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Placed;

    #[test]
    fn flags_become_keys() {
        for (hint, advice) in [
            (
                "--model FILE names an ONNX file; --model testcard is the built-in one.",
                "file = \"FILE\" in [model] names an ONNX file; file = \"testcard\" in [model] is the built-in one.",
            ),
            ("which --onnxruntime names", "which onnxruntime in [execution] names"),
            ("that holds them: --qnn-dir FOLDER/x or VAR.", "that holds them: qnn_dir = \"FOLDER/x\" in [execution] or VAR."),
            ("(--mean, --std)", "(mean in [model], std in [model])"),
            (
                "--provider auto with --allow-partial runs it; `glimpsed inspect --provider qnn` tells.",
                "provider = \"auto\" in [execution] with allow_partial = true in [execution] runs it; `glimpsed inspect --provider qnn` tells.",
            ),
            (
                "Set it: --var X=VALUE or X=VALUE in the environment",
                "Set it: X = \"VALUE\" in [vars] or X=VALUE in the environment",
            ),
            ("v4l2-ctl --list-formats-ext tells --", "v4l2-ctl --list-formats-ext tells --"),
            (
                "--pipeline FILE names a .launch file; gst-launch text itself goes after '--'.",
                "pipeline = \"FILE\" in [[camera]] names a .launch file; gst-launch text itself goes into launch = \"...\".",
            ),
        ] {
            assert_eq!(keys(hint, &Draft::default()), advice);
        }
    }

    #[test]
    fn a_flag_that_was_given_stays_a_flag() {
        let flags = Draft { model: Some(Placed::by_flag("x".into())), ..Draft::default() };
        assert_eq!(keys("--model FILE, --labels FILE", &flags), "--model FILE, labels = \"FILE\" in [model]");
    }
}
