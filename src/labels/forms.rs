//! The formats of class names: JSON, YAML, lines, and lines with the number of the class.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Keys of the names in configuration files.
const KEYS: [&str; 6] = ["id2label", "names", "labels", "classes", "class_names", "label2id"];

/// The reason why a text is invalid, and the line, if known.
pub type Fault = (Option<usize>, String);

/// Parses names in JSON or YAML; `None` if the text is neither, so that each line is a name.
pub fn structured(text: &str) -> Option<Result<Vec<String>, Fault>> {
    let start = text.trim_start();
    let is_yaml = text.lines().any(|line| line.starts_with("names:"));
    if start.starts_with(['{', '[']) {
        let fault = match serde_json::from_str::<Value>(text) {
            Ok(value) => return Some(of_json(&value).map_err(|why| (None, why))),
            Err(e) => e,
        };
        // Python's own form of a dictionary, {0: 'cat', 1: 'dog'}, is YAML
        if let Ok(map) = serde_saphyr::from_str::<BTreeMap<usize, String>>(text) {
            return Some(in_order(map.into_iter()).map_err(|why| (None, why)));
        }
        let first = start.lines().next().unwrap_or_default().trim_end();
        let meant = first.len() == 1 || first[1..].trim_start().starts_with(['"', '\'', '{', '[']) || is_yaml;
        // and so is its list, ['cat', 'dog']
        if meant && let Ok(list) = serde_saphyr::from_str::<Vec<String>>(text) {
            return Some(Ok(list));
        }
        return meant.then(|| Err((Some(fault.line()), "it is not valid JSON".to_owned())));
    }
    is_yaml.then(|| of_yaml(text).map_err(|why| (None, why)))
}

/// The names in `value`: `["cat", "dog"]`, `{"0": "cat"}`, `{"cat": 0}` or `{"0": ["n01440764", "cat"]}`, or one of these under a
/// key
/// that is usual for them. The error is a message.
pub fn of_json(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(items) if items.is_empty() => Err("its list is empty".to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, item)| text(item).ok_or_else(|| format!("entry {n} of the list is not a text")))
            .collect(),
        Value::Object(entries) => {
            if let Some(inside) =
                KEYS.iter().find_map(|key| entries.get(*key).filter(|value| value.is_array() || value.is_object()))
            {
                return of_json(inside);
            }
            let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
            let by_number: Option<Vec<_>> =
                entries.iter().map(|(key, value)| Some((key.parse::<usize>().ok()?, text(value)?))).collect();
            let by_name =
                || -> Option<Vec<_>> { entries.iter().map(|(name, value)| Some((number(value)?, name.clone()))).collect() };
            match by_number.or_else(by_name).filter(|names| !names.is_empty()) {
                Some(names) => in_order(names.into_iter()),
                None => Err("it has neither numbers with names nor names with numbers".to_owned()),
            }
        }
        _ => Err("it is neither a list nor an object".to_owned()),
    }
}

/// A string, or the last one of a list, as in `["n01440764", "tench"]`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(texts) => texts.last().and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}

fn of_yaml(text: &str) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct List {
        names: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Map {
        names: BTreeMap<usize, String>,
    }
    match serde_saphyr::from_str(text) {
        Ok(List { names }) if names.is_empty() => return Err("its list is empty".to_owned()),
        Ok(List { names }) => return Ok(names),
        Err(_) => {}
    }
    match serde_saphyr::from_str(text) {
        Ok(Map { names }) => in_order(names.into_iter()),
        Err(_) => Err("its 'names:' are neither a list nor numbers with names".to_owned()),
    }
}

/// The names in the order of their numbers, which must be 0, 1, 2...
fn in_order(names: impl Iterator<Item = (usize, String)>) -> Result<Vec<String>, String> {
    let mut names: Vec<_> = names.collect();
    names.sort_by_key(|(number, _)| *number);
    match names.iter().enumerate().find(|(n, (number, _))| n != number) {
        None => Ok(names.into_iter().map(|(_, name)| name).collect()),
        Some((n, (number, _))) if *number < n => Err(format!("it has two names for class {number}")),
        Some((n, _)) => Err(format!("it has no name for class {n}: classes are numbered 0, 1, 2...")),
    }
}

/// The names of lines that begin with the number of their class, as `0 cat`, `0: cat`, `0,cat` or `"0","cat"`; `None` if not all
/// do.
pub fn numbered<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    lines.iter().enumerate().map(|(n, line)| numbered_line(n, line)).collect()
}

fn numbered_line(n: usize, line: &str) -> Option<&str> {
    let line = line.strip_prefix(['"', '\'']).unwrap_or(line);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = line.split_at(digits);
    // 01 and 1 are the same class
    if number.parse::<usize>().ok()? != n {
        return None;
    }
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let name = rest.trim_start_matches([' ', '\t', ':', ',', ';', '=']).trim();
    let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inside) if !inside.contains('"') => inside.trim(),
        _ => name,
    };
    (rest.len() > name.len() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, Fault> {
        structured(text).expect("it is neither JSON nor YAML")
    }

    #[test]
    fn json_and_yaml_of_every_form_give_the_names_in_their_order() {
        for text in [
            r#"["cat", "dog", "owl"]"#,
            r#"{"0": "cat", "1": "dog", "2": "owl"}"#,
            r#"{"2": "owl", "0": "cat", "1": "dog"}"#,
            r#"{"cat": 0, "dog": 1, "owl": 2}"#,
            r#"{"0": ["n01", "cat"], "1": ["n02", "dog"], "2": ["n03", "owl"]}"#,
            r#"{"architectures": ["X"], "id2label": {"0": "cat", "1": "dog", "2": "owl"}, "label2id": {"cat": 0, "dog": 1, "owl": 2}}"#,
            r#"{"label2id": {"cat": 0, "dog": 1, "owl": 2}, "num": 3}"#,
            "{0: 'cat', 1: 'dog', 2: 'owl'}",
            "['cat', 'dog', 'owl']",
            "{0: 'cat',\n 1: 'dog',\n 2: 'owl'}\n",
            "path: data\nnames: [cat, dog, owl]\n",
            "names:\n  - cat\n  - dog\n  - owl\nnc: 3\n",
            "# data\nnames:\n  0: cat\n  1: dog\n  2: owl\n",
            "names: {0: cat, 1: dog, 2: owl}\n",
        ] {
            assert_eq!(names(text).as_deref(), Ok(&["cat".to_owned(), "dog".to_owned(), "owl".to_owned()][..]), "{text}");
        }
    }

    #[test]
    fn unquoted_names_of_yaml_are_texts_whatever_they_look_like() {
        for text in ["names: [yes, 1.0, 07, true]\n", "names:\n  0: yes\n  1: 1.0\n  2: 07\n  3: true\n"] {
            assert_eq!(names(text).as_deref(), Ok(&["yes", "1.0", "07", "true"].map(str::to_owned)[..]), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_names_is_told_without_its_text() {
        for (text, said) in [
            (r#"{"0": "cat", "2": "dog"}"#, "no name for class 1"),
            (r#"{"1": "cat", "2": "dog"}"#, "no name for class 0"),
            (r#"{"cat": 0, "dog": 0}"#, "two names for class 0"),
            (r#"{"cat": "x", "dog": "y"}"#, "neither numbers with names"),
            ("{}", "neither numbers with names"),
            ("[1, 2]", "entry 0 of the list"),
            ("[]", "list is empty"),
            ("names: []\n", "list is empty"),
            ("{\n\"0\": \"cat\",\n", "not valid JSON"),
            ("names: 7\n", "neither a list"),
        ] {
            let (_, why) = names(text).unwrap_err();
            assert!(why.contains(said), "{text}: {why}");
        }
        assert_eq!(names("{\n\"0\": \"cat\"\n\"1\"").unwrap_err().0, Some(3));
    }

    /// Names come with models from anywhere: a file must not exhaust stack or memory.
    #[test]
    fn deep_and_multiplying_structures_are_refused() {
        let deep = |open: &str, shut: &str| open.repeat(100_000) + &shut.repeat(100_000);
        let mut aliases = "a0: &a0 [cat, cat, cat, cat, cat, cat, cat, cat, cat]\n".to_owned();
        for n in 1..12 {
            let alias = format!("*a{}", n - 1);
            aliases += &format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 9].join(", "));
        }
        for text in [
            deep("[", "]"),
            deep("['", "']"),
            deep("{\"names\":", "}"),
            format!("names: {}\n", deep("[", "]")),
            format!("other: {}\nnames: [cat]\n", deep("[", "]")),
            format!("{aliases}names: *a11\n"),
            format!("{aliases}other: *a11\nnames: [cat]\n"),
        ] {
            assert!(structured(&text).is_none_or(|names| names.is_err()), "{}", &text[..60]);
        }
    }

    #[test]
    fn lines_that_look_like_json_are_lines() {
        assert!(structured("[UNK]\ncat\n").is_none());
        assert!(structured("cat\ndog\n").is_none());
    }

    #[test]
    fn numbers_before_names_are_taken_off_where_they_are_the_classes() {
        let cat_dog = Some(vec!["cat", "black dog"]);
        for lines in [
            ["0 cat", "1 black dog"],
            ["0: cat", "1: black dog"],
            ["0,cat", "1,black dog"],
            ["0\tcat", "1\tblack dog"],
            ["\"0\",\"cat\"", "\"1\",\"black dog\""],
            ["0 \"cat\"", "1 \"black dog\""],
            ["00 cat", "01 black dog"],
        ] {
            assert_eq!(numbered(&lines), cat_dog, "{lines:?}");
        }
        for lines in [["0", "1"], ["1 cat", "2 dog"], ["0 cat", "dog"], ["0cat", "1dog"], ["0 ", "1 "]] {
            assert_eq!(numbered(&lines), None, "{lines:?}");
        }
    }
}
