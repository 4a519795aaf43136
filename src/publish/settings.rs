//! What the user can set of the output: the section `[output]`.

use super::stdout::Format;
use crate::settings::{Key, Kind, Section, heading};
use std::time::Duration;

const OUTPUTS: [(&str, &str, Output); 3] = [
    ("json", "One JSON object a line", Output::Lines(Format::Json)),
    ("text", "Text", Output::Lines(Format::Text)),
    ("none", "Nothing", Output::None),
];

/// The keys. `--json` and `--text` set the first.
pub const KEYS: [Key; 2] = [
    Key::new("stdout", Kind::Choice(&OUTPUTS), "Results on standard output, as by --json and --text")
        .default_described("a live view in a terminal; elsewhere none if there is a socket, otherwise JSON"),
    Key::new("status_interval", Kind::Time, "Sends subscribers the statistics of each camera this often")
        .default_described("when a camera is lost or comes back")
        .flag("--status-interval", "TIME", heading::SOCKET)
        .only_run(),
];

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Each result.
    Lines(Format),
    /// Nothing.
    None,
}

/// What goes where, beside the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// What goes to standard output; where it is not said, results go there unless there is a socket.
    pub stdout: Option<Output>,
    /// How often subscribers get the statistics.
    pub status_interval: Option<Duration>,
}

impl Params {
    /// What `[output]` says.
    pub fn read(output: &Section) -> Self {
        Self { stdout: output.choice_if_set("stdout", &OUTPUTS), status_interval: output.get("status_interval") }
    }
}
