//! Rewrites hints: they name flags; if a setting came from the file, its key is named instead.

use super::flags::{Flags, described};
use super::key::{Group, Key};
use super::kind::Kind;
use crate::error::Error;

/// The rewriting of hints for a configuration file overridden by flags: to keys, except for given flags.
#[derive(Debug, Clone, Copy)]
pub struct Advice<'a> {
    groups: &'a [Group],
    flags: &'a Flags,
}

impl<'a> Advice<'a> {
    /// For settings that `groups` describe and `flags` were given for.
    pub fn new(groups: &'a [Group], flags: &'a Flags) -> Self {
        Self { groups, flags }
    }

    /// `error` with its hints reworded.
    pub fn of(&self, error: Error) -> Error {
        error.reword(|text| self.keys(text))
    }

    /// `text` with keys instead of flags. Commands in backticks are kept.
    pub fn keys(&self, text: &str) -> String {
        let reworded = |(n, part): (usize, &str)| if n % 2 == 0 { self.outside_of_commands(part) } else { part.to_owned() };
        text.split('`').enumerate().map(reworded).collect::<Vec<_>>().join("`")
    }

    fn outside_of_commands(&self, text: &str) -> String {
        // the hint of a pipeline
        let text = match self.flags.given("--pipeline") || self.flags.given("--") {
            false => text.replace("gst-launch text itself goes after '--'", "gst-launch text itself goes into launch = \"...\""),
            true => text.to_owned(),
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = &text[..];
        while let Some(start) = rest.find("--") {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest[2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-')).map_or(rest.len(), |end| end + 2);
            let flag;
            (flag, rest) = rest.split_at(end);
            match described(self.groups, flag).filter(|_| !self.flags.given(flag)) {
                Some((group, key)) => {
                    let value = value_of(rest, key);
                    rest = &rest[value.map_or(0, |value| value.len() + 1)..];
                    out.push_str(&entry(group, key, value));
                }
                None => out.push_str(flag),
            }
        }
        out + rest
    }
}

/// The value that follows the flag of `key` in a hint: a word with a capital (FILE, 224xHEIGHT), one of its words, or NAME=VALUE.
fn value_of<'t>(rest: &'t str, key: &Key) -> Option<&'t str> {
    let word = rest.strip_prefix(' ')?;
    let three = matches!(key.kind, Kind::Three(..));
    let ends = |c: char| c.is_whitespace() || matches!(c, ';' | ')') || (c == ',' && !three);
    let word = &word[..word.find(ends).unwrap_or(word.len())];
    let word = word.trim_end_matches(['.', ',']);
    let takes_value = !matches!(key.kind, Kind::Switch);
    let known = (three && word.contains(','))
        || key.kind.words().contains(&word)
        || word.contains('=')
        || word.contains(|c: char| c.is_ascii_uppercase());
    (takes_value && known).then_some(word)
}

/// The form of the setting in the file.
fn entry(group: &Group, key: &Key, value: Option<&str>) -> String {
    let (name, section) = (key.name, group.shown());
    match (key.kind, value) {
        (Kind::Variables, Some(variable)) => match variable.split_once('=') {
            Some((name, value)) => format!("{name} = \"{value}\" in [{}]", key.name),
            None => format!("{variable} in [{}]", key.name),
        },
        (Kind::Variables, None) => format!("[{name}]"),
        (Kind::Options(..), _) => format!("[{}.{name}]", group.name),
        (Kind::Switch, _) => format!("{name} = true in {section}"),
        (Kind::Three(..), Some(value)) => format!("{name} = [{}] in {section}", value.replace(',', ", ")),
        (_, Some(value)) => format!("{name} = \"{value}\" in {section}"),
        (_, None) => format!("{name} in {section}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Repeat, heading};

    const MODEL: [Key; 5] = [
        Key::new("file", Kind::PathOr("testcard"), "").flag("--model", "FILE", heading::MODEL),
        Key::new("labels", Kind::Path, "").flag("--labels", "FILE", heading::MODEL),
        Key::new("size", Kind::Size(|| 1..=999), "").flag("--size", "WxH", heading::MODEL),
        Key::new("mean", Kind::Text, "").flag("--mean", "R,G,B", heading::MODEL),
        Key::new("std", Kind::Text, "").flag("--std", "R,G,B", heading::MODEL),
    ];
    const EXECUTION: [Key; 4] = [
        Key::new("provider", Kind::Choice(&["cpu", "qnn", "auto"]), "").flag("--provider", "PROVIDER", heading::NPU),
        Key::new("allow_partial", Kind::Switch, "").flag("--allow-partial", "", heading::NPU),
        Key::new("onnxruntime", Kind::Path, "").flag("--onnxruntime", "PATH", heading::MODEL),
        Key::new("qnn_dir", Kind::Path, "").flag("--qnn-dir", "DIR", heading::NPU),
    ];
    const VARS: [Key; 1] = [Key::new("vars", Kind::Variables, "").flag("--var", "NAME=VALUE", heading::CAMERA)];
    const CAMERA: [Key; 1] = [Key::new("pipeline", Kind::Path, "").flag("--pipeline", "FILE", heading::CAMERA)];
    const GROUPS: [Group; 4] = [
        Group { name: "model", repeat: Repeat::Once, help: "", keys: &[&MODEL] },
        Group { name: "execution", repeat: Repeat::Once, help: "", keys: &[&EXECUTION] },
        Group { name: "", repeat: Repeat::Once, help: "", keys: &[&VARS] },
        Group { name: "camera", repeat: Repeat::Many, help: "", keys: &[&CAMERA] },
    ];

    #[test]
    fn flags_become_keys() {
        for (hint, advice) in [
            (
                "--model FILE names an ONNX file; --model testcard is the built-in one.",
                "file = \"FILE\" in [model] names an ONNX file; file = \"testcard\" in [model] is the built-in one.",
            ),
            ("Say it with --size 224xHEIGHT.", "Say it with size = \"224xHEIGHT\" in [model]."),
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
            assert_eq!(Advice::new(&GROUPS, &Flags::default()).keys(hint), advice);
        }
    }

    #[test]
    fn a_given_flag_stays_a_flag() {
        let flags = Flags::default().with("model", "file", "--model", "x");
        let advice = Advice::new(&GROUPS, &flags);
        assert_eq!(advice.keys("--model FILE, --labels FILE"), "--model FILE, labels = \"FILE\" in [model]");
    }
}
