//! What the operating system wants of a daemon: signals, the service manager, the log, access to device nodes.

pub mod access;
pub mod logging;
pub mod systemd;
pub mod signals;
