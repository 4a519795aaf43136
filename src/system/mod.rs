//! Interfaces to the operating system: signals, the service manager, the log, access to device nodes.

pub mod access;
pub mod logging;
pub mod systemd;
pub mod signals;
