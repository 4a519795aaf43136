//! The house of `src/lib.rs`: `use crate::` goes up the table, never down. A new room gets a line here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may know.
const ROOMS: [(&str, &[&str]); 31] = [
    ("access", &[]),
    ("caption", &[]),
    ("printable", &[]),
    ("repeats", &[]),
    ("secrets", &[]),
    ("error", &["secrets"]),
    ("files", &[]),
    ("frame", &[]),
    ("tensor", &[]),
    ("stats", &[]),
    ("suggest", &[]),
    ("threads", &["error"]),
    ("labels", &["error", "files"]),
    ("prediction", &["labels"]),
    ("tally", &["labels", "prediction", "stats"]),
    ("capture", &["access", "caption", "error", "files", "frame", "printable", "stats", "suggest"]),
    ("channel", &[]),
    ("image", &["error", "files", "frame"]),
    ("preprocess", &["frame", "tensor"]),
    ("model", &["error", "files", "labels", "tensor"]),
    ("runtime", &["error", "model", "tensor", "threads"]),
    ("rank", &["error", "prediction", "tensor"]),
    ("publish", &["caption", "error", "labels", "prediction", "printable", "secrets", "stats", "tally", "threads"]),
    (
        "worker",
        &[
            "channel",
            "error",
            "frame",
            "labels",
            "model",
            "prediction",
            "preprocess",
            "publish",
            "rank",
            "runtime",
            "tally",
            "tensor",
            "threads",
        ],
    ),
    // the shell knows every station; of itself only what stands further up
    ("config", &["*"]),
    ("cli", &["*", "config"]),
    ("logging", &["*"]),
    ("notify", &["*"]),
    ("shutdown", &["*", "logging"]),
    ("daemon", &["*", "config", "notify", "shutdown"]),
    ("commands", &["*", "config", "cli", "daemon", "notify", "shutdown"]),
];
const SHELL: [&str; 7] = ["config", "cli", "logging", "notify", "shutdown", "daemon", "commands"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The rooms that `text` takes from: `use crate::room::...` and `use crate::{room, other::x}`, tests left out.
fn rooms_used(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let mut rooms = Vec::new();
    for part in text.split("crate::").skip(1) {
        let inside = match part.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').map(str::trim).collect(),
            None => vec![part],
        };
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        rooms.extend(inside.iter().map(|text| word(text)).filter(|room| !room.is_empty()));
    }
    rooms
}

#[test]
fn use_goes_up_the_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<_, _> = ROOMS.into_iter().collect();
    let mut files = Vec::new();
    sources(&src, &mut files);
    let (mut faults, mut arrows) = (Vec::new(), 0);
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let room = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if room == "lib" || room == "main" {
            continue;
        }
        let Some(may) = allowed.get(room.as_str()) else {
            faults.push(format!("{}: the room '{room}' is not in the table", relative.display()));
            continue;
        };
        for used in rooms_used(&fs::read_to_string(&file).unwrap()) {
            arrows += 1;
            let any_station = may.contains(&"*") && !SHELL.contains(&used.as_str());
            if used != room && !may.contains(&used.as_str()) && !any_station {
                faults.push(format!("{}: uses '{used}'", relative.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(arrows > 50, "the source was not read: {arrows} uses found");
}

#[test]
fn only_runtime_knows_ort_and_only_capture_knows_gstreamer() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let knows = |name: &str| text.contains(&format!("use {name}")) || text.contains(&format!(" {name}::"));
        assert!(!knows("ort") || file.starts_with(src.join("runtime")), "{} knows ort", file.display());
        assert!(!knows("gstreamer") || file.starts_with(src.join("capture")), "{} knows gstreamer", file.display());
    }
}
