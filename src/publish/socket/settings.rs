//! What the user can set of the socket: the section `[socket]`.

use super::listen::is_handed_in;
use crate::settings::{Key, Kind, Origin, Section, defaults, heading};
use std::path::PathBuf;

/// The service's socket.
pub const SERVICE: &str = "/run/glimpsed/glimpsed.sock";

/// The keys.
pub const KEYS: [Key; 4] = [
    Key::new(
        "path",
        Kind::Path,
        "Serves results on this Unix socket; standard output then carries them only with --json or --text",
    )
    .flag("--socket", "PATH", heading::SOCKET),
    Key::new("mode", Kind::Mode, "Who may connect, in octal")
        .default("660")
        .flag("--socket-mode", "MODE", heading::SOCKET)
        .only_run(),
    Key::new("group", Kind::Text, "The group of the socket")
        .default_described("the user's own")
        .flag("--socket-group", "GROUP", heading::SOCKET)
        .only_run(),
    // each subscriber is an open file, and has a queue of its own
    Key::new("limit", Kind::Whole(|| 1..=65_536, ""), "Maximum number of subscribers, up to 65536")
        .default("1024")
        .flag("--socket-limit", "N", heading::SOCKET)
        .only_run(),
];

/// Where to listen, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// The socket's file.
    pub path: PathBuf,
    /// Its permissions, as in `0o660`.
    pub mode: u32,
    /// Its group; else the program's own.
    pub group: Option<String>,
    /// Subscribers at the most.
    pub limit: usize,
}

impl Params {
    /// What `[socket]` says; `None` where there is to be no socket. One that systemd hands in is served without a path.
    pub fn read(socket: &Section) -> Option<Self> {
        let path: Option<PathBuf> = socket.get("path");
        if path.is_none() && !socket.has("path") {
            if socket.origin != Origin::Nowhere {
                let text = format!("[socket] says no path; the service's is path = \"{SERVICE}\"");
                socket.fault_at(socket.origin, text);
            } else if !is_handed_in() {
                for key in KEYS {
                    socket.ignored(key.name, ("a socket", "path"), "path", "--socket PATH makes one.");
                }
            }
        }
        let is_served = path.is_some() || (socket.origin == Origin::Nowhere && is_handed_in());
        is_served.then(|| Self::at(path.unwrap_or_else(|| SERVICE.into()), socket))
    }

    fn at(path: PathBuf, socket: &Section) -> Self {
        Self { path, mode: socket.get("mode"), group: socket.get("group"), limit: socket.get("limit") }
    }
}

impl Default for Params {
    /// The service's own.
    fn default() -> Self {
        defaults(&[&KEYS], |socket| Self::at(SERVICE.into(), socket))
    }
}
