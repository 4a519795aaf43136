//! Interfaces to the operating system: signals, the service manager, the log, access to device nodes, Unix sockets.

pub mod access;
pub mod logging;
pub mod systemd;
pub mod signals;
pub mod unix_socket;
