//! The lock of a socket file: only its holder may create the socket. Without it, two processes that find a stale file at the same time
//! could both replace it, and both would run.

use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How often a lock file that was removed meanwhile is created again.
const TRIES: usize = 100;

/// The lock of a socket. It is released when the process ends in any way; its file is removed on drop.
pub struct Lock {
    path: PathBuf,
    /// Kept open, because the lock belongs to the descriptor.
    _file: File,
}

impl Lock {
    /// Acquires the lock of the socket at `socket`: `socket.lock`. Does not block.
    pub fn take(socket: &Path) -> Result<Self> {
        let mut name = OsString::from(socket);
        name.push(".lock");
        let path = PathBuf::from(name);
        let cannot = |e: io::Error| {
            Error::config(format!("cannot make the socket '{}'", socket.display()))
                .because(format!("its lock '{}': {}", path.display(), e))
                .hint("Does its folder exist, and is it writable? systemd creates /run/glimpsed.")
        };
        for _ in 0..TRIES {
            // does not follow a link, and does not block on a FIFO
            let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
            let file = options.open(&path).map_err(|e| match e.raw_os_error().map(Errno::from_raw) {
                Some(Errno::ELOOP | Errno::EISDIR | Errno::ENXIO) => foreign(&path),
                _ => cannot(e),
            })?;
            let opened = file.metadata().map_err(cannot)?;
            if !opened.is_file() {
                return Err(foreign(&path));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(taken(socket)),
                Err(TryLockError::Error(e)) => return Err(cannot(e)),
            }
            // the previous holder may have removed the file: then this lock is on a deleted file
            if fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (opened.dev(), opened.ino())) {
                return Ok(Self { path, _file: file });
            }
        }
        Err(taken(socket))
    }
}

impl Drop for Lock {
    /// Removes the file while the lock is still held.
    fn drop(&mut self) {
        // a remaining file can be locked by the next process
        let _ = fs::remove_file(&self.path);
    }
}

/// The error if another program has the socket.
pub fn taken(socket: &Path) -> Error {
    Error::config(format!("another program listens at '{}'", socket.display()))
        .hint("Is glimpsed already running? `fuser` shows it. Two daemons need two sockets.")
}

fn foreign(path: &Path) -> Error {
    Error::config(format!("'{}' exists and is not a regular file", path.display()))
        .hint("glimpsed needs this path for the lock of its socket. Remove the file, or choose another path for the socket.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn one_process_holds_it_and_removes_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let first = Lock::take(&socket).unwrap();
        let second = Lock::take(&socket).err().unwrap();
        assert!(second.to_string().contains("another program listens"), "{second}");
        drop(first);
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        Lock::take(&socket).unwrap();
    }

    #[test]
    fn other_files_are_not_touched_and_do_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, lock) = (folder.path().join("s"), folder.path().join("s.lock"));
        let refused = || Lock::take(&socket).err().unwrap().to_string();
        fs::create_dir(&lock).unwrap();
        assert!(refused().contains("not a regular file"));
        fs::remove_dir(&lock).unwrap();
        nix::unistd::mkfifo(&lock, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(refused().contains("not a regular file"));
        fs::remove_file(&lock).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        symlink(&elsewhere, &lock).unwrap();
        assert!(refused().contains("not a regular file") && !elsewhere.exists());
        let nowhere = Lock::take(&folder.path().join("no/s")).err().unwrap();
        assert!(nowhere.to_string().contains("Does its folder exist"), "{nowhere}");
    }
}
