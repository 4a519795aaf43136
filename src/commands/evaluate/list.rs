//! A list of pictures and their labels: CSV (also with tabs or semicolons), JSON lines, or a JSON array.

use super::group::Group;
use crate::error::{Error, Result};
use crate::files;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The largest list, in bytes: some millions of pictures.
const LARGEST: u64 = 1 << 30;

/// Names of the two columns.
const PATH: [&str; 7] = ["path", "file", "filename", "file_name", "filepath", "image", "picture"];
const LABEL: [&str; 5] = ["label", "class", "category", "target", "class_name"];

/// A row: the number of its line, path and label.
type Row = (usize, String, String);

/// Reads the list at `path`; the paths in it are relative to its folder.
pub fn read(path: &Path) -> Result<Vec<Group>> {
    let shown = path.display();
    let cannot = |e| Error::failed(format!("cannot read the list '{shown}'")).because(e);
    let text = files::read_text(path, LARGEST).map_err(cannot)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let rows = match text.trim_start().chars().next() {
        Some('[') => of_array(text),
        Some('{') => of_json_lines(text),
        _ => of_columns(text),
    };
    let rows = rows.map_err(|(line, why)| Error::failed(format!("line {line} of '{shown}' is not usable")).because(why))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (_, file, label) in rows {
        groups.entry(label).or_default().push(folder.join(file));
    }
    Ok(groups.into_iter().map(|(word, files)| Group { word, files }).collect())
}

type Rows = std::result::Result<Vec<Row>, (usize, String)>;

fn of_json_lines(text: &str) -> Rows {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let row = |(n, line): (usize, &str)| {
        let value = serde_json::from_str(line).map_err(|e| (n + 1, format!("it is no JSON object: {e}")))?;
        of_object(n + 1, &value)
    };
    lines.map(row).collect()
}

fn of_array(text: &str) -> Rows {
    let values: Vec<Value> = serde_json::from_str(text).map_err(|e| (e.line(), format!("it is no JSON array of objects: {e}")))?;
    values.iter().enumerate().map(|(n, value)| of_object(n + 1, value)).collect()
}

fn of_object(line: usize, value: &Value) -> std::result::Result<Row, (usize, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let of = |keys: &[&str]| keys.iter().find_map(|key| text(value.get(key)?));
    let missing = |key| (line, format!("\"{key}\" is missing: {{\"path\": \"cat/1.jpg\", \"label\": \"cat\"}}"));
    Ok((line, of(&PATH).ok_or_else(|| missing("path"))?, of(&LABEL).ok_or_else(|| missing("label"))?))
}

fn of_columns(text: &str) -> Rows {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    let first = lines.peek().map_or("", |(_, line)| line);
    let delimiter = ['\t', ';'].into_iter().find(|c| first.contains(*c)).unwrap_or(',');
    let titles: Vec<_> = fields(first, delimiter).iter().map(|title| title.to_lowercase()).collect();
    let column = |names: &[&str]| titles.iter().position(|title| names.contains(&title.as_str()));
    let titled = column(&PATH).zip(column(&LABEL));
    if titled.is_some() {
        lines.next();
    }
    let (path, label) = titled.unwrap_or((0, 1));
    let row = |(n, line): (usize, &str)| {
        let mut found = fields(line, delimiter);
        // without titles a comma inside a label would cut it
        if found.len() <= path.max(label) || (titled.is_none() && found.len() != 2) {
            let count = found.len();
            let why = format!("path and label are wanted, and it has {count} fields; put a label with a comma in double quotes");
            return Err((n + 1, why));
        }
        Ok((n + 1, std::mem::take(&mut found[path]), std::mem::take(&mut found[label])))
    };
    lines.map(row).collect()
}

/// The fields of a line; one in double quotes may hold the delimiter, and a doubled quote is one.
fn fields(line: &str, delimiter: char) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' if quoted || field.trim().is_empty() => quoted = !quoted,
            c if c == delimiter && !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rows: Rows) -> Vec<(String, String)> {
        rows.unwrap().into_iter().map(|(_, path, label)| (path, label)).collect()
    }

    #[test]
    fn lists_in_their_usual_forms() {
        let wanted = [("a b.jpg".to_owned(), "cat".to_owned()), ("c.jpg".to_owned(), "tench, Tinca".to_owned())];
        for text in [
            "a b.jpg,cat\nc.jpg,\"tench, Tinca\"\n",
            "path,label\r\na b.jpg,cat\r\n\r\nc.jpg,\"tench, Tinca\"\r\n",
            "id;Label;Filename\n1;cat;a b.jpg\n2;tench, Tinca;c.jpg\n",
            "a b.jpg\tcat\nc.jpg\ttench, Tinca\n",
        ] {
            assert_eq!(pairs(of_columns(text)), wanted, "{text}");
        }
        let lines = "{\"path\": \"a b.jpg\", \"label\": \"cat\"}\n\n{\"file_name\": \"c.jpg\", \"label\": \"tench, Tinca\"}\n";
        assert_eq!(pairs(of_json_lines(lines)), wanted);
        assert_eq!(pairs(of_array("[{\"image\": \"x\", \"class\": 3}]")), [("x".to_owned(), "3".to_owned())]);
        assert_eq!(fields("\"a \"\"b\"\"\", c ", ','), ["a \"b\"", "c"]);
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named() {
        let told = |rows: Rows| rows.unwrap_err();
        let (line, why) = told(of_columns("a.jpg,cat\nb.jpg,tench, Tinca\n"));
        assert!(line == 2 && why.contains("3 fields") && why.contains("double quotes"), "{why}");
        assert_eq!(told(of_columns("path,label\na.jpg\n")).0, 2);
        assert_eq!(told(of_json_lines("{\"path\": \"a\", \"label\": 1}\n{\"path\": \"a\"}\n")).0, 2);
        assert!(told(of_json_lines("{}\n{")).1.contains("\"path\" is missing"));
        assert!(told(of_array("[1")).1.contains("no JSON array"));
    }
}
