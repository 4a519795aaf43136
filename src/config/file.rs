//! The configuration file, in TOML: its keys, and what they mean.

use super::draft::{CameraDraft, Draft, Source};
use super::faults::Fault;
use super::table::Document;
use super::{FILTERS, FITS, OUTPUTS, PROVIDERS, values};
use crate::runtime::{Cache, QNN_OPTIONS};
use std::path::{Path, PathBuf};

/// The keys of each section.
pub const KEYS: [(&str, &[&str]); 7] = [
    ("", &["camera", "execution", "model", "output", "socket", "vars"]),
    ("model", &["file", "filter", "labels", "mean", "resize", "std", "top"]),
    ("execution", &["allow_partial", "context_cache", "onnxruntime", "provider", "qnn", "qnn_dir", "run_timeout", "threads"]),
    ("execution.qnn", &QNN_OPTIONS),
    ("socket", &["group", "limit", "mode", "path"]),
    ("output", &["status_interval", "stdout"]),
    (
        "camera",
        &[
            "launch",
            "live",
            "mirror",
            "name",
            "on_stuck",
            "on_stuck_after",
            "pipeline",
            "rotate",
            "stall_timeout",
            "start_timeout",
            "vars",
        ],
    ),
];

/// A file as far as it could be read.
pub struct Parsed {
    /// What it says.
    pub draft: Draft,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// Whether it is TOML at all. If not, that is the only fault: others may come of it.
    pub is_toml: bool,
}

/// Reads `text`; relative paths in it are taken from `folder` on.
pub fn parse(text: &str, folder: &Path) -> Parsed {
    let document = Document::new(text, folder, &KEYS);
    let (parsed, syntax) = document.parse();
    let mut draft = Draft::default();
    let top = document.section("", parsed.get_ref());
    if let Some((table, _)) = top.table_of("model") {
        let model = document.section("model", table);
        draft.model = match model.string("file") {
            Some(file) if file.value == crate::model::BUILTIN => Some(file.map(PathBuf::from)),
            Some(_) => model.path("file"),
            None => None,
        };
        draft.labels = model.path("labels");
        draft.top = model.at_least_one("top");
        draft.fit = model.choice("resize", &FITS);
        draft.filter = model.choice("filter", &FILTERS);
        draft.mean = model.three("mean", "[0.485, 0.456, 0.406]", values::MEAN);
        draft.std = model.three("std", "[0.229, 0.224, 0.225]", values::STD);
    }
    if let Some((table, _)) = top.table_of("execution") {
        let execution = document.section("execution", table);
        draft.runtime.provider = execution.choice("provider", &PROVIDERS);
        draft.runtime.onnxruntime = execution.path("onnxruntime").map(|path| path.value);
        draft.runtime.qnn_dir = execution.path("qnn_dir").map(|path| path.value);
        draft.runtime.threads = execution.whole("threads", values::threads(), ", the processors of this machine");
        draft.runtime.context_cache = match execution.string("context_cache") {
            Some(cache) if cache.value == "off" => Some(Cache::Off),
            Some(_) => execution.path("context_cache").map(|path| Cache::At(path.value)),
            None => None,
        };
        draft.runtime.run_timeout = execution.duration("run_timeout");
        draft.runtime.allow_partial = execution.truth("allow_partial");
        if let Some((table, _)) = execution.table_of("qnn") {
            let qnn = document.section("execution.qnn", table);
            for name in QNN_OPTIONS {
                if let Some(value) = qnn.plain(name)
                    && let Err(fault) = draft.runtime.qnn.set(name, &value.value)
                {
                    document.fault(value.line, fault);
                }
            }
        }
    }
    if let Some((table, line)) = top.table_of("socket") {
        let socket = document.section("socket", table);
        draft.socket = socket.path("path").map(|path| path.value);
        draft.socket_mode = socket.mode("mode");
        draft.socket_group = socket.string("group").map(|group| group.value);
        draft.socket_limit = socket.whole("limit", values::SUBSCRIBERS, "");
        if draft.socket.is_none() && !table.contains_key("path") {
            document.fault(line, "[socket] says no path; the service's is path = \"/run/glimpsed/glimpsed.sock\"");
        }
    }
    if let Some((table, _)) = top.table_of("output") {
        let output = document.section("output", table);
        draft.output = output.choice("stdout", &OUTPUTS);
        draft.status_interval = output.duration("status_interval");
    }
    draft.vars = top.variables("vars");
    for (table, line) in top.tables_of("camera") {
        let camera = document.section("camera", table);
        let (pipeline, launch) = (camera.path("pipeline"), camera.string("launch"));
        if pipeline.is_some() && launch.is_some() {
            document.fault(line, "a camera has a pipeline (a file) or a launch (the text itself), not both");
        }
        if !table.contains_key("pipeline") && !table.contains_key("launch") {
            document.fault(line, "this camera has neither a pipeline (a .launch file) nor a launch (the text itself)");
        }
        draft.cameras.push(CameraDraft {
            line,
            name: camera.string("name"),
            source: pipeline.map(|path| path.map(Source::File)).or(launch.map(|text| text.map(Source::Text))),
            vars: camera.variables("vars"),
            rotate: camera.rotation("rotate"),
            mirror: camera.truth("mirror"),
            start_timeout: camera.duration("start_timeout"),
            live: camera.truth("live"),
            stall_timeout: camera.duration("stall_timeout"),
            on_stuck: camera.string("on_stuck").map(|command| command.value),
            on_stuck_after: camera.whole("on_stuck_after", values::LOSSES, ""),
        });
    }
    let is_toml = syntax.is_none();
    let faults = syntax.map_or_else(|| document.into_faults(), |fault| vec![fault]);
    Parsed { draft, faults, is_toml }
}
