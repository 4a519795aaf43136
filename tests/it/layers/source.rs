//! The source files of the library, and what each uses.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the library.
pub fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// One source file: its path in `src/`, its module's path, and its text without comments and tests.
pub struct Source {
    pub path: String,
    pub module: Vec<String>,
    pub text: String,
}

/// All source files but those of tests.
pub fn sources() -> Vec<Source> {
    let (mut folders, mut found) = (vec![src()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(src()).unwrap().to_str().unwrap().to_owned();
            let Some(name) = relative.strip_suffix(".rs") else { continue };
            let mut module: Vec<_> = name.split('/').map(str::to_owned).collect();
            match module.last().map(String::as_str) {
                Some("mod") => drop(module.pop()),
                Some("lib" | "main") => continue,
                _ => {}
            }
            if module.iter().any(|name| name == "tests") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace("#[cfg(test)]\nmod tests;", "");
            let text = text.split("#[cfg(test)]").next().unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap());
            found.push(Source { path: relative, module, text: code.collect::<Vec<_>>().join("\n") });
        }
    }
    found
}

/// The paths of a use tree, `a::{b, c::d}`, each as its segments behind `prefix`; what follows the tree in `text` is left alone.
fn tree(text: &str, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => return tree(&group[start..at], prefix, paths),
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    tree(&group[start..at], prefix, paths);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let path = if word.is_empty() || word == "self" { prefix.to_vec() } else { [prefix, std::slice::from_ref(&word)].concat() };
    match text[word.len()..].strip_prefix("::") {
        Some(rest) if !word.is_empty() => tree(rest, &path, paths),
        _ => paths.push(path),
    }
}

/// Where `text` names the word `name` followed by `::`, each with what follows.
fn after<'a>(text: &'a str, name: &str) -> Vec<(usize, &'a str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let whole = |at: &usize| !text[..*at].ends_with(is_word);
    let wanted = format!("{name}::");
    text.match_indices(&wanted).map(|(at, _)| at).filter(whole).map(|at| (at, &text[at + wanted.len()..])).collect()
}

/// The absolute paths (from the crate's root on) that `source` uses: by `crate::`, by `super::` and by the names of its own modules.
pub fn used(source: &Source) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    after(&source.text, "crate").iter().for_each(|(_, rest)| tree(rest, &[], &mut paths));
    for (_, mut rest) in after(&source.text, "super") {
        let mut from = &source.module[..source.module.len() - 1];
        while let Some(above) = rest.strip_prefix("super::") {
            (from, rest) = (&from[..from.len() - 1], above);
        }
        tree(rest, from, &mut paths);
    }
    for line in source.text.lines() {
        let declared = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        if let Some(name) = declared {
            let child = [&source.module[..], &[name.to_owned()]].concat();
            after(&source.text, name).iter().for_each(|(_, rest)| tree(rest, &child, &mut paths));
        }
    }
    paths
}
