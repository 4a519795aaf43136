//! The house of `src/lib.rs`: a room uses only rooms above it in the list of modules, and only those of the table; files of one room
//! do not use each other in circles. A new room gets a line here.

mod source;

use source::{sources, src, used};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Each room, and the rooms that it may use.
const ROOMS: [(&str, &[&str]); 36] = [
    ("backoff", &[]),
    ("caption", &[]),
    ("files", &[]),
    ("npu", &[]),
    ("printable", &[]),
    ("terminal", &["printable"]),
    ("repeats", &[]),
    ("secrets", &[]),
    ("stats", &[]),
    ("suggest", &[]),
    ("error", &["secrets"]),
    ("settings", &["error", "suggest"]),
    ("threads", &["error"]),
    ("system", &["error", "printable", "repeats", "secrets", "terminal"]),
    ("frame", &[]),
    ("tensor", &[]),
    ("labels", &["error", "files"]),
    ("prediction", &["frame", "labels"]),
    ("message", &["prediction"]),
    ("metrics", &["labels", "message", "prediction", "stats"]),
    ("event", &["error", "message", "metrics", "prediction", "threads"]),
    ("capture", &["backoff", "caption", "error", "files", "frame", "printable", "settings", "stats", "suggest", "system"]),
    ("image", &["error", "files", "frame"]),
    ("channel", &[]),
    ("preprocess", &["frame", "settings", "tensor"]),
    ("model", &["error", "files", "labels", "preprocess", "settings", "tensor"]),
    ("runtime", &["backoff", "error", "model", "npu", "settings", "suggest", "tensor", "threads"]),
    ("postprocess", &["error", "frame", "labels", "prediction", "settings", "suggest", "tensor"]),
    (
        "publish",
        &[
            "backoff",
            "caption",
            "error",
            "event",
            "labels",
            "message",
            "metrics",
            "npu",
            "prediction",
            "printable",
            "secrets",
            "settings",
            "stats",
            "system",
            "terminal",
            "threads",
        ],
    ),
    ("bridge", &["backoff", "error", "files", "message", "secrets", "settings", "system"]),
    (
        "engine",
        &[
            "channel",
            "error",
            "event",
            "frame",
            "labels",
            "message",
            "metrics",
            "model",
            "postprocess",
            "prediction",
            "preprocess",
            "runtime",
            "tensor",
            "threads",
        ],
    ),
    (
        "config",
        &[
            "bridge",
            "capture",
            "error",
            "files",
            "frame",
            "model",
            "postprocess",
            "preprocess",
            "publish",
            "runtime",
            "settings",
            "suggest",
            "tensor",
        ],
    ),
    ("startup", &["capture", "config", "engine", "error", "labels", "model", "postprocess", "runtime"]),
    (
        "daemon",
        &[
            "caption", "capture", "channel", "config", "engine", "error", "event", "frame", "message", "metrics", "publish",
            "runtime", "startup", "system", "threads",
        ],
    ),
    ("cli", &["bridge", "capture", "config", "error", "frame", "message", "model", "publish", "runtime", "settings", "suggest"]),
    (
        "commands",
        &[
            "bridge",
            "capture",
            "channel",
            "cli",
            "config",
            "daemon",
            "engine",
            "error",
            "event",
            "files",
            "frame",
            "image",
            "labels",
            "message",
            "metrics",
            "model",
            "npu",
            "postprocess",
            "prediction",
            "preprocess",
            "printable",
            "publish",
            "runtime",
            "secrets",
            "settings",
            "startup",
            "stats",
            "suggest",
            "system",
            "tensor",
            "terminal",
        ],
    ),
];

/// Rooms whose files may use each other in circles: none, and none is added.
const CIRCLES: [&str; 0] = [];

/// Rooms and folders whose `mod.rs` may hold code: none, and none is added.
const CODE_IN_MOD_RS: [&str; 0] = [];

#[test]
fn a_room_uses_only_the_rooms_of_its_line() {
    let allowed: BTreeMap<_, _> = ROOMS.into_iter().collect();
    let (mut faults, mut arrows) = (Vec::new(), 0);
    for source in sources() {
        let room = &source.module[0];
        let Some(may) = allowed.get(room.as_str()) else {
            faults.push(format!("{}: the room '{room}' is not in the table", source.path));
            continue;
        };
        for other in used(&source).into_iter().filter_map(|path| path.into_iter().next()) {
            arrows += 1;
            if other != *room && !may.contains(&other.as_str()) {
                faults.push(format!("{}: uses '{other}'", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(arrows > 50, "the source was not read: {arrows} uses found");
}

#[test]
fn the_modules_of_the_library_are_listed_in_the_order_of_their_arrows() {
    let library = fs::read_to_string(src().join("lib.rs")).unwrap();
    let listed = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let place: BTreeMap<_, _> = listed.enumerate().map(|(n, room)| (room, n)).collect();
    assert!(place.len() > 20, "lib.rs was not read");
    let mut faults = BTreeSet::new();
    for source in sources() {
        let room = source.module[0].as_str();
        for path in used(&source) {
            let other = path.first().map_or("", String::as_str);
            if let (Some(own), Some(others)) = (place.get(room), place.get(other))
                && own < others
            {
                faults.insert(format!("'{room}' uses '{other}', which stands below it in lib.rs ({})", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Which files of its room each file uses. A path that ends in a `mod.rs`, because the name stands there or is exported there, is an
/// arrow to that file.
fn arrows_between_files() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let files: BTreeMap<_, _> = sources.iter().map(|source| (source.module.clone(), source.path.clone())).collect();
    let mut arrows = BTreeMap::new();
    for source in &sources {
        let within = used(source).into_iter().filter(|path| path.first() == Some(&source.module[0]));
        let targets = within.filter_map(|path| (1..=path.len()).rev().find_map(|len| files.get(&path[..len])).cloned());
        arrows.insert(source.path.clone(), targets.filter(|target| *target != source.path).collect());
    }
    arrows
}

fn reaches(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        for next in arrows.get(file).into_iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    false
}

#[test]
fn files_of_a_room_use_each_other_in_no_circle() {
    let arrows = arrows_between_files();
    let in_circles: BTreeSet<_> = arrows.keys().filter(|file| reaches(&arrows, file, file)).map(String::as_str).collect();
    let is_known = |file: &&&str| CIRCLES.contains(&file.split('/').next().unwrap());
    let new: Vec<_> = in_circles.iter().filter(|file| !is_known(file)).collect();
    assert!(new.is_empty(), "files in circles: {new:#?}");
    for room in CIRCLES {
        let is_in_it = |file: &&str| file.split('/').next() == Some(room);
        assert!(in_circles.iter().any(is_in_it), "{room} has no circles any more: take it out of the list");
    }
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 50, "the source was not read");
}

#[test]
fn mod_rs_holds_docs_modules_and_exports() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.path.ends_with("/mod.rs")) {
        let folder = source.path.trim_end_matches("/mod.rs");
        let statements = source.text.split(';').map(str::trim).filter(|text| !text.is_empty());
        let is_code = |text: &&str| {
            let text = text.rsplit("]\n").next().unwrap_or(text);
            !["mod ", "pub mod ", "pub use ", "pub(crate) mod ", "pub(crate) use "].iter().any(|begin| text.starts_with(begin))
        };
        let code = statements.filter(is_code).count();
        match (code > 0, CODE_IN_MOD_RS.contains(&folder)) {
            (true, false) => faults.push(format!("src/{folder}/mod.rs holds code")),
            (false, true) => faults.push(format!("src/{folder}/mod.rs holds no code any more: take it out of the list")),
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn only_runtime_knows_ort_and_only_capture_knows_gstreamer() {
    for source in sources() {
        let knows = |name: &str| source.text.contains(&format!("use {name}")) || source.text.contains(&format!(" {name}::"));
        assert!(!knows("ort") || source.module[0] == "runtime", "{} knows ort", source.path);
        assert!(!knows("gstreamer") || source.module[0] == "capture", "{} knows gstreamer", source.path);
    }
}
