//! `.launch` files: gst-launch text with `#` comments and `${NAME}` or `${NAME:-default}` variables.

use crate::error::{Error, Result};
use crate::files;
use std::ffi::OsString;
use std::path::Path;

/// Reads the file at `path` and expands its variables by `lookup`.
pub fn read(path: &Path, lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<String> {
    let text = files::read_text(path, files::SETTINGS).map_err(|e| {
        Error::config(format!("cannot read the pipeline '{}'", path.display()))
            .because(e)
            .hint("--pipeline FILE names a .launch file; gst-launch text itself goes after '--'.")
    })?;
    expand(&text, &path.display().to_string(), lookup)
}

/// Strips comments from `text` and expands its variables; `origin` names the text in messages.
///
/// A comment begins with a `#` at the start of a line or after white space, outside double quotes, and extends to the end of the
/// line. A `$` not followed by `{` is literal. A leading byte order mark is removed, and so is a backslash at the end of a line, as in
/// a shell script.
///
/// A variable that is a whole word is gst-launch text itself (`${SOURCE} ! appsink`). A variable inside a word, or in quotes, is a
/// value: its spaces and other characters special to gst-launch are escaped (`location=${FILE}`).
pub fn expand(text: &str, origin: &str, lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut line, mut quoted) = (text.strip_prefix('\u{feff}').unwrap_or(text), 1, false);
    while let Some(c) = rest.chars().next() {
        let behind_space = out.is_empty() || out.ends_with(char::is_whitespace);
        if let Some(inner) = rest.strip_prefix("${") {
            let (value, after) = variable(inner, lookup).map_err(|fault| fault.at(origin, line))?;
            line += inner[..inner.len() - after.len()].matches('\n').count();
            match value {
                Value::Text(text) => out.push_str(text),
                Value::Given(name, value) => {
                    let value =
                        written(&value, &out, quoted).ok_or(Fault::LineBreak(name)).map_err(|fault| fault.at(origin, line))?;
                    out.push_str(&value);
                }
            }
            rest = after;
            continue;
        }
        if c == '#' && !quoted && behind_space {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        }
        if let Some(next) = rest.strip_prefix("\\\n").or_else(|| rest.strip_prefix("\\\r\n")) {
            out.push('\n');
            line += 1;
            rest = next;
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

/// Joins gst-launch words from the command line into one text; spaces inside a word are escaped, as gst-launch-1.0 does. A single
/// word is taken as the whole text, since a pipeline has at least two elements.
pub fn from_words(words: &[String]) -> String {
    if let [text] = words {
        return text.clone();
    }
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

/// Escapes `value` for gst-launch text that follows `before`, inside quotes or not; `None` if it cannot be written.
fn written(value: &str, before: &str, quoted: bool) -> Option<String> {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    // after `location=`, or `location = `
    let inside_a_word = !word.is_empty() || before.trim_end().ends_with('=');
    if !quoted && !inside_a_word {
        return Some(value.to_owned());
    }
    if value.contains(['\n', '\r', '\0']) {
        return None;
    }
    let special =
        |c: char| if quoted { matches!(c, '"' | '\\') } else { c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '!' | ';') };
    let escape = |c: char| if special(c) { format!("\\{c}") } else { c.to_string() };
    Some(value.chars().map(escape).collect())
}

/// The value of a variable.
enum Value<'a> {
    /// Its default, which is gst-launch text.
    Text(&'a str),
    /// Its name and the value it was set to.
    Given(String, String),
}

enum Fault {
    LineBreak(String),
    NoText(String),
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
            Self::LineBreak(name) => Error::config(format!("the pipeline '{origin}' cannot use the value of {name} (line {line})"))
                .because("it has a line break, and gst-launch text has no way to write one inside a value"),
            Self::NoText(name) => Error::config(format!("the pipeline '{origin}' cannot use the value of {name} (line {line})"))
                .because("it is not UTF-8, and gst-launch text must be")
                .hint("If it is a file name: rename the file, or make a link to it (ln -s)."),
            Self::Malformed(why) => Error::config(format!("the pipeline '{origin}' has an invalid variable on line {line}"))
                .because(why)
                .hint("Variables are ${NAME} or ${NAME:-default}; names consist of letters, digits and underscores."),
        }
    }
}

/// The value of the variable whose text after `${` is `inner`, and the text after its `}`.
fn variable<'a>(inner: &'a str, lookup: &dyn Fn(&str) -> Option<OsString>) -> std::result::Result<(Value<'a>, &'a str), Fault> {
    let (body, after) = inner.split_once('}').ok_or(Fault::Malformed("the closing '}' is missing"))?;
    let (name, default) = match body.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !letters || name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return Err(Fault::Malformed("its name is invalid"));
    }
    let set = lookup(name).filter(|value| !(value.is_empty() && default.is_some()));
    let text = set.map(OsString::into_string).transpose().map_err(|_| Fault::NoText(name.to_owned()))?;
    let given = text.map(|value| Value::Given(name.to_owned(), value));
    let value = given.or(default.map(Value::Text)).ok_or_else(|| Fault::Unset(name.to_owned()))?;
    Ok((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String> {
        let lookup = |name: &str| match name {
            "DEVICE" => Some("/dev/video2".into()),
            "EMPTY" => Some(OsString::new()),
            _ => None,
        };
        expand(text, "test.launch", &lookup)
    }

    #[test]
    fn comments_are_removed_and_variables_expanded() {
        let text = "# a USB camera\nv4l2src device=${DEVICE} ! # MJPEG\n  jpegdec ! video/x-raw,width=${WIDTH:-640} ! appsink name=frames\n";
        let want = "v4l2src device=/dev/video2 ! \n  jpegdec ! video/x-raw,width=640 ! appsink name=frames";
        assert_eq!(expanded(text).unwrap(), want);
        assert_eq!(expanded("a x=${EMPTY:-7}").unwrap(), "a x=7");
    }

    #[test]
    fn a_hash_inside_a_word_or_quotes_is_not_a_comment() {
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
    fn invalid_variables_and_empty_pipelines_are_refused() {
        for text in ["a b=${DEVICE", "a b=${}", "a b=${1X}", "a b=${A B}"] {
            assert!(expanded(text).unwrap_err().to_string().contains("invalid variable on line 1"), "{text}");
        }
        assert!(expanded("# nothing\n\n").unwrap_err().to_string().contains("is empty"));
    }

    #[test]
    fn a_value_is_escaped_and_a_whole_word_is_gst_launch_text() {
        let with = |text: &str, value: &str| {
            expand(text, "test.launch", &|name| (name == "X").then(|| value.into())).map_err(|error| error.to_string())
        };
        assert_eq!(with("a b=${X} ! c", "my \"best\" film's\\.mp4").unwrap(), r#"a b=my\ \"best\"\ film\'s\\.mp4 ! c"#);
        assert_eq!(with("a b=${X}", "x ! filesink location=/etc/passwd").unwrap(), r"a b=x\ \!\ filesink\ location=/etc/passwd");
        assert_eq!(with("a b = ${X}", "x y").unwrap(), r"a b = x\ y");
        assert_eq!(with(r#"a b="Sans ${X}""#, r#"1" ! c d="2"#).unwrap(), r#"a b="Sans 1\" ! c d=\"2""#);
        assert_eq!(with("${X} ! c", "a b=1 ! d").unwrap(), "a b=1 ! d ! c");
        // a default is written by the file's author
        assert_eq!(with("a b=${Y:-\"1 2\"}", "").unwrap(), "a b=\"1 2\"");
        let refused = with("a\n b=${X}", "1\n! c").unwrap_err();
        assert!(refused.contains("value of X (line 2)") && refused.contains("line break"), "{refused}");
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_refused_and_not_treated_as_unset() {
        use std::os::unix::ffi::OsStringExt;
        let lookup = |_: &str| Some(OsString::from_vec(b"caf\xe9.mp4".to_vec()));
        for text in ["a\n b=${X}", "a\n b=${X:-default}", "a\n ${X}"] {
            let refused = expand(text, "test.launch", &lookup).unwrap_err().to_string();
            assert!(
                refused.contains("'test.launch' cannot use the value of X (line 2)") && refused.contains("not UTF-8"),
                "{refused}"
            );
        }
    }

    #[test]
    fn byte_order_marks_crlf_and_line_continuations_are_accepted() {
        assert_eq!(expanded("\u{feff}# a comment\r\na !\r\n  b=1\r\n").unwrap(), "a !\r\n  b=1");
        assert_eq!(expanded("a ! \\\n  b ! \\\r\n c").unwrap(), "a ! \n  b ! \n c");
    }

    /// The parser of gst-launch returns exactly the value of the variable.
    #[test]
    fn a_value_reaches_the_property() {
        use gstreamer::{self as gst, prelude::*};
        gst::init().unwrap();
        for value in ["/a b/c.mp4", "it's", "a\"b", r"back\slash", "x ! fakesink", "semi;colon, (comma)", "é ü", "a=b", "#1 # 2"]
        {
            for text in ["filesrc name=s location=${X} ! fakesink", "filesrc name=s location=\"${X}\" ! fakesink"] {
                let text = expand(text, "test", &|_| Some(value.into())).unwrap();
                let pipeline = gst::parse::launch(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
                let source = pipeline.downcast::<gst::Bin>().unwrap().by_name("s").unwrap();
                assert_eq!(source.property::<String>("location"), value, "{text}");
            }
        }
    }

    #[test]
    fn words_from_the_shell_keep_their_spaces() {
        let words = ["filesrc", "location=my film.mp4", "!", "a", "caps=\"video/x-raw, width=1\""].map(str::to_owned);
        assert_eq!(from_words(&words), "filesrc location=my\\ film.mp4 ! a caps=\"video/x-raw, width=1\"");
        let text = "filesrc location=\"my film.mp4\" ! appsink name=frames";
        assert_eq!(from_words(&[text.to_owned()]), text, "quoted as a whole");
    }
}
