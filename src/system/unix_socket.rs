//! Connections to a Unix socket that never wait.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Connects to the socket at `path`, and never waits: `WouldBlock` means that a program listens but accepts no connection at the moment.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::from(mio::net::UnixStream::connect(path)?);
    stream.set_nonblocking(false)?;
    Ok(stream)
}
