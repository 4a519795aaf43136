//! Where the socket is, and whom it serves.

use std::path::PathBuf;

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

impl Default for Params {
    /// The service's own.
    fn default() -> Self {
        Self { path: "/run/glimpsed/glimpsed.sock".into(), mode: 0o660, group: None, limit: 1024 }
    }
}
