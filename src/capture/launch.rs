//! `.launch` files: gst-launch text with `#` comments and `${NAME}` or `${NAME:-default}` variables.

use crate::error::{Error, Result};
use crate::files;
use std::path::Path;

/// Reads the file at `path` and expands it with the variables that `lookup` knows.
pub fn read(path: &Path, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let text = files::read_text(path, files::SETTINGS).map_err(|e| {
        Error::config(format!("cannot read the pipeline '{}'", path.display()))
            .because(e)
            .hint("--pipeline FILE names a .launch file; gst-launch text itself goes after '--'.")
    })?;
    expand(&text, &path.display().to_string(), lookup)
}

/// `text` without comments and with its variables filled in; `origin` is its name in messages.
///
/// A comment begins with a `#` at the start of a line or behind white space, outside of double quotes, and goes to the end of the
/// line. A `$` that no `{` follows stands for itself.
pub fn expand(text: &str, origin: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut line, mut quoted) = (text, 1, false);
    while let Some(c) = rest.chars().next() {
        let behind_space = out.is_empty() || out.ends_with(char::is_whitespace);
        if let Some(inner) = rest.strip_prefix("${") {
            let (value, after) = variable(inner, lookup).map_err(|fault| fault.at(origin, line))?;
            line += inner[..inner.len() - after.len()].matches('\n').count();
            out.push_str(&value);
            rest = after;
            continue;
        }
        if c == '#' && !quoted && behind_space {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        }
        match c {
            '\n' => line += 1,
            '"' if !out.ends_with('\\') => quoted = !quoted,
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    if out.trim().is_empty() {
        return Err(Error::config(format!("the pipeline '{origin}' is empty"))
            .hint("The shortest one: videotestsrc is-live=true ! appsink name=frames"));
    }
    Ok(out.trim().to_owned())
}

/// gst-launch words as the shell gave them, as one text: spaces inside a word are kept as gst-launch-1.0 keeps them.
pub fn from_words(words: &[String]) -> String {
    let escaped = words.iter().map(|word| {
        let mut quoted = false;
        let escape = |c: char| {
            quoted ^= c == '"';
            if c.is_whitespace() && !quoted { format!("\\{c}") } else { c.to_string() }
        };
        word.chars().map(escape).collect::<String>()
    });
    escaped.collect::<Vec<_>>().join(" ")
}

enum Fault {
    Unset(String),
    Malformed(&'static str),
}

impl Fault {
    fn at(self, origin: &str, line: usize) -> Error {
        match self {
            Self::Unset(name) => Error::config(format!(
                "the pipeline '{origin}' needs the variable {name} (line {line}), which is not set"
            ))
            .hint(format!(
                "Set it: --var {name}=VALUE or {name}=VALUE in the environment; or give it a default: ${{{name}:-VALUE}}"
            )),
            Self::Malformed(why) => Error::config(format!("the pipeline '{origin}' has a faulty variable on line {line}"))
                .because(why)
                .hint("Variables are ${NAME} or ${NAME:-default}; a name has letters, digits and underscores."),
        }
    }
}

/// The value of the variable whose text behind `${` is `inner`, and what follows its `}`.
fn variable<'a>(inner: &'a str, lookup: &dyn Fn(&str) -> Option<String>) -> std::result::Result<(String, &'a str), Fault> {
    let (body, after) = inner.split_once('}').ok_or(Fault::Malformed("no '}' closes it"))?;
    let (name, default) = match body.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !letters || name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return Err(Fault::Malformed("that is not a name"));
    }
    let set = lookup(name).filter(|value| !(value.is_empty() && default.is_some()));
    let value = set.or(default.map(str::to_owned)).ok_or_else(|| Fault::Unset(name.to_owned()))?;
    Ok((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String> {
        let lookup = |name: &str| match name {
            "DEVICE" => Some("/dev/video2".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        expand(text, "test.launch", &lookup)
    }

    #[test]
    fn comments_go_and_variables_are_filled_in() {
        let text = "# a USB camera\nv4l2src device=${DEVICE} ! # MJPEG\n  jpegdec ! video/x-raw,width=${WIDTH:-640} ! appsink name=frames\n";
        let want = "v4l2src device=/dev/video2 ! \n  jpegdec ! video/x-raw,width=640 ! appsink name=frames";
        assert_eq!(expanded(text).unwrap(), want);
        assert_eq!(expanded("a x=${EMPTY:-7}").unwrap(), "a x=7");
    }

    #[test]
    fn a_hash_inside_a_word_or_quotes_is_no_comment() {
        assert_eq!(expanded("a uri=rtsp://x/#1 b=\"1 # 2\" # gone").unwrap(), "a uri=rtsp://x/#1 b=\"1 # 2\"");
        assert_eq!(expanded("a cost=5$ b=$x").unwrap(), "a cost=5$ b=$x");
    }

    #[test]
    fn an_unset_variable_is_named_with_its_line() {
        let message = expanded("# one\n\na location=${URL}").unwrap_err().to_string();
        assert!(
            message.contains("'test.launch' needs the variable URL (line 3)") && message.contains("--var URL=VALUE"),
            "{message}"
        );
    }

    #[test]
    fn faulty_variables_and_empty_pipelines_are_refused() {
        for text in ["a b=${DEVICE", "a b=${}", "a b=${1X}", "a b=${A B}"] {
            assert!(expanded(text).unwrap_err().to_string().contains("faulty variable on line 1"), "{text}");
        }
        assert!(expanded("# nothing\n\n").unwrap_err().to_string().contains("is empty"));
    }

    #[test]
    fn words_of_the_shell_keep_their_spaces() {
        let words = ["filesrc", "location=my film.mp4", "!", "a", "caps=\"video/x-raw, width=1\""].map(str::to_owned);
        assert_eq!(from_words(&words), "filesrc location=my\\ film.mp4 ! a caps=\"video/x-raw, width=1\"");
    }
}
