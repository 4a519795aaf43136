//! What the user can set of a camera: the section `[[camera]]`.

use super::launch;
use super::orientation::{Rotate, Turn};
use super::region::{self, Region};
use super::signs::Limits;
use crate::frame::Orientation;
use crate::settings::{Key, Kind, Placed, Section, defaults, heading};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The longest name of a camera, in bytes: each message carries it.
const NAME: usize = 128;

/// The least and the greatest `max_rate`.
const MAX_RATE: (f64, f64) = (0.001, 1000.0);

/// Degrees clockwise; `None`: what the stream says.
const ROTATIONS: [(&str, &str, Option<u32>); 5] = [
    ("auto", "The metadata of the file or stream (EXIF, the rotation in a phone's film)", None),
    ("0", "", Some(0)),
    ("90", "", Some(90)),
    ("180", "", Some(180)),
    ("270", "", Some(270)),
];

/// The group of the flags that name a source.
pub const SOURCE: &str = "source";

/// The keys.
pub const KEYS: [Key; 15] = [
    Key::new("name", Kind::Text, "The name of the camera in the results")
        .default_described("camera")
        .flag("--name", "NAME", heading::CAMERA)
        .requires(SOURCE),
    Key::new(
        "pipeline",
        Kind::Path,
        "A .launch file: gst-launch text with # comments and ${NAME} or ${NAME:-default}; as a flag, in place of the file's cameras",
    )
    .flag("--pipeline", "FILE", heading::CAMERA)
    .in_group(SOURCE),
    Key::new("launch", Kind::Text, "gst-launch text instead of a .launch file; it ends in appsink name=frames"),
    Key::new("models", Kind::Names, "The models that classify this camera's pictures, by their names")
        .default_described("all models; none where it has regions"),
    Key::new("region", Kind::Sections(region::SECTION), "Parts of its picture that are classified by themselves"),
    Key::new("vars", Kind::Variables, "Variables of this camera's pipeline; before those of [vars]"),
    Key::new(
        "live",
        Kind::Switch,
        "Whether the source is live: a lost camera is retried, and its newest frame wins. false: a film, of which every frame gives a result",
    )
    .default_described("by the kind of source; cameras and network sources are live")
    .flag("--live", "true|false", heading::CAMERA)
    .requires(SOURCE),
    Key::new("rotate", Kind::Choice(&ROTATIONS), "Degrees clockwise that make the picture upright")
        .default("auto")
        .flag("--rotate", "DEGREES", heading::CAMERA),
    Key::new("mirror", Kind::Switch, "Exchanges left and right, after the rotation").default("false").flag(
        "--mirror",
        "",
        heading::CAMERA,
    ),
    Key::new(
        "start_timeout",
        Kind::Time,
        "Time limit for a camera's first frame; after it the camera is lost, and its pipeline is rebuilt",
    )
    .default("30s")
    .flag("--start-timeout", "TIME", heading::CAMERA)
    .only_run(),
    Key::new("stall_timeout", Kind::Time, "A camera that gives no frame for this long is lost, and its pipeline is rebuilt")
        .default("5s")
        .flag("--stall-timeout", "TIME", heading::CAMERA)
        .only_run(),
    Key::new(
        "max_rate",
        Kind::Number(MAX_RATE.0, MAX_RATE.1, "5"),
        "At most this many frames a second are classified, evenly spaced; the others are counted as skipped. Of a film, by its own time",
    )
    .default_described("all")
    .flag("--max-rate", "RATE", heading::CAMERA)
    .only_run(),
    Key::new(
        "unchanged",
        Kind::Share,
        "While the model's input differs from the last one that was run by less than this share of its range, the last answer stands",
    )
    .default_described("off: every frame is run")
    .flag("--unchanged", "SHARE", heading::CAMERA)
    .only_run(),
    Key::new("on_stuck", Kind::Text, "A shell command that is run when the camera was lost on_stuck_after times in a row"),
    // with the longest pause between tries, more than a day
    Key::new("on_stuck_after", Kind::Whole(|| 1..=10_000, ""), "Losses in a row, without a frame in between, before on_stuck is run")
        .default("5"),
];

/// The variables of all pipelines: a key of the top level.
pub const VARS: [Key; 1] = [Key::new(
    "vars",
    Kind::Variables,
    "Variables of the .launch files of all cameras; before the environment, and as a flag before those of a camera",
)
.flag("--var", "NAME=VALUE", heading::CAMERA)];

/// One camera, as the user set it.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Its name in results.
    pub name: Arc<str>,
    /// gst-launch text, variables filled in.
    pub pipeline: String,
    /// The names of the models that classify its whole picture; `None`: all models, or none if there are regions.
    pub models: Option<Vec<Arc<str>>>,
    /// Parts of its picture that are classified by themselves.
    pub regions: Vec<Region>,
    /// How its frames are made upright.
    pub turn: Turn,
    /// Whether it is live; `None`: the kind of its source decides.
    pub live: Option<bool>,
    /// Without a frame for so long it is lost.
    pub limits: Limits,
    /// The average time between two of its frames, at the least: from `max_rate`.
    pub min_interval: Option<Duration>,
    /// The last answer stands while the model's input differs by less than this share of its range; `None`: every frame is run.
    pub unchanged: Option<f64>,
    /// What to run when it stays lost.
    pub stuck: Option<Stuck>,
}

/// What to run when a camera stays lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// For `sh -c`.
    pub command: String,
    /// After so many losses without a frame in between, and again after as many.
    pub after: usize,
}

impl Camera {
    /// The camera `name` of `pipeline`, everything else as by default.
    pub fn new(name: impl Into<Arc<str>>, pipeline: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            pipeline: pipeline.into(),
            models: None,
            regions: Vec::new(),
            turn: Turn::default(),
            live: None,
            limits: Limits::default(),
            min_interval: None,
            unchanged: None,
            stuck: None,
        }
    }

    /// Whether `other` is the same source, whatever classifies its frames.
    pub fn is_same_source(&self, other: &Self) -> bool {
        let (models, regions) = (self.models.clone(), self.regions.clone());
        *self == Self { models, regions, ..other.clone() }
    }

    /// What `[[camera]]` says. It needs a name where it is not the only one. Variables of the pipeline come from flags, which are among
    /// `vars` of all cameras, then from the camera, then from the others of `vars`, then from `environment`.
    pub fn read(
        section: &Section,
        is_only: bool,
        vars: &BTreeMap<String, Placed<String>>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Option<Self> {
        let before = section.count();
        let name = name(section, is_only);
        let own = section.variables("vars");
        let by_flag = |name: &str| vars.get(name).filter(|set| set.origin.flag().is_some());
        let set = |name: &str| by_flag(name).or_else(|| own.get(name)).or_else(|| vars.get(name));
        let lookup = |name: &str| set(name).map(|set| OsString::from(&set.value)).or_else(|| environment(name));
        let pipeline = name.as_ref().and_then(|name| pipeline(section, name, &lookup));
        let stuck = section.get::<Option<String>>("on_stuck");
        let after = section.get("on_stuck_after");
        if stuck.is_none() && section.has("on_stuck_after") {
            section.fault_at(section.origin, "on_stuck_after without on_stuck: there is no command to run");
        }
        let (turn, live, limits) = (Turn::read(section), section.get("live"), Limits::read(section));
        let stuck = stuck.map(|command| Stuck { command, after });
        let min_interval = section.get::<Option<f64>>("max_rate").map(|rate| Duration::from_secs_f64(1.0 / rate));
        let unchanged = section.get("unchanged");
        let models = section.get::<Option<Vec<String>>>("models");
        let models = models.map(|names| names.into_iter().map(Arc::from).collect());
        let regions = Region::all(section);
        let camera =
            Self { name: name?.into(), pipeline: pipeline?, models, regions, turn, live, limits, min_interval, unchanged, stuck };
        (section.count() == before).then_some(camera)
    }
}

fn name(section: &Section, is_only: bool) -> Option<String> {
    let wrong = |name: &String| name.trim().is_empty() || name.len() > NAME || name.contains(char::is_control);
    match section.placed::<String>("name") {
        Some(Placed { value, origin }) if wrong(&value) => {
            section.fault_at(origin, format!("a camera's name is a word or two, of at most {NAME} bytes"));
            None
        }
        Some(name) => Some(name.value),
        None if !is_only && !section.has("name") => {
            section.fault_at(section.origin, "this camera has no name; with more than one, each needs its own");
            None
        }
        None => Some("camera".to_owned()),
    }
}

fn pipeline(section: &Section, name: &str, lookup: &dyn Fn(&str) -> Option<OsString>) -> Option<String> {
    let (file, text): (Option<PathBuf>, Option<String>) = (section.get("pipeline"), section.get("launch"));
    match (section.has("pipeline"), section.has("launch")) {
        (true, true) => {
            section.fault_at(section.origin, "a camera has a pipeline (a file) or a launch (the text itself), not both");
        }
        (false, false) => {
            section.fault_at(section.origin, "this camera has neither a pipeline (a .launch file) nor a launch (the text itself)")
        }
        _ => {}
    }
    let (key, expanded) = match (file, text) {
        (Some(path), _) => ("pipeline", launch::read(&path, &lookup)),
        (None, Some(text)) => ("launch", launch::expand(&text, &format!("of {name}"), &lookup)),
        (None, None) => return None,
    };
    expanded.map_err(|error| section.error(key, error)).ok()
}

impl Turn {
    /// What `[[camera]]` says of it.
    pub fn read(section: &Section) -> Self {
        let rotate = match section.choice("rotate", &ROTATIONS) {
            None => Rotate::Auto,
            Some(degrees) => Rotate::By(Orientation::rotated(degrees).unwrap_or_default()),
        };
        Self { rotate, mirror: section.get("mirror") }
    }
}

impl Default for Turn {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
}

impl Limits {
    fn read(section: &Section) -> Self {
        Self { start: section.get("start_timeout"), stall: section.get("stall_timeout") }
    }
}

impl Default for Limits {
    fn default() -> Self {
        defaults(&[&KEYS], Self::read)
    }
}
