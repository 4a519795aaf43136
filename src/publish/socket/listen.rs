//! The socket's file: a stale one is replaced, under a lock; a live one or another file never.

use super::lock::{self, Lock};
use crate::error::{Error, Result};
use crate::system::unix_socket::connect;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A listening socket, and its file where it is ours to remove.
pub struct Listening {
    /// Does not block.
    pub listener: UnixListener,
    own: Option<Own>,
}

/// A socket's file, and the lock that is held as long as it is there.
struct Own {
    path: PathBuf,
    inode: u64,
    _lock: Lock,
}

/// Whether systemd hands a socket in (`LISTEN_FDS`). Taking the socket unsets the variables, so they are read once.
pub fn is_handed_in() -> bool {
    static HANDED_IN: OnceLock<bool> = OnceLock::new();
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    *HANDED_IN
        .get_or_init(|| number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS").is_some_and(|count| count > 0))
}

/// Listens at `path`, for those whom `mode` and `group` let in; or on the socket that systemd hands in (`LISTEN_FDS`).
pub fn listen(path: &Path, mode: u32, group: Option<&str>) -> Result<Listening> {
    let cannot = |what: &str| Error::config(format!("cannot {what} the socket '{}'", path.display()));
    let handed_in = listenfd::ListenFd::from_env().take_unix_listener(0);
    if let Some(listener) = handed_in.map_err(|e| cannot("use what systemd hands in as").because(e))? {
        listener.set_nonblocking(true).map_err(|e| cannot("use").because(e))?;
        let at = listener.local_addr().ok().and_then(|address| Some(address.as_pathname()?.display().to_string()));
        tracing::info!("listens at '{}', which systemd made", at.unwrap_or_default());
        return Ok(Listening { listener, own: None });
    }
    let lock = Lock::take(path)?;
    make_room(path)?;
    let listener = UnixListener::bind(path).map_err(|e| {
        cannot("make").because(e).hint("Does its folder exist, and may you write there? systemd makes /run/glimpsed.")
    })?;
    let made = fs::symlink_metadata(path).map_err(|e| cannot("look at").because(e))?;
    let listening = Listening { listener, own: Some(Own { path: path.to_owned(), inode: made.ino(), _lock: lock }) };
    listening.listener.set_nonblocking(true).map_err(|e| cannot("use").because(e))?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|e| cannot("set the mode of").because(e))?;
    if let Some(group) = group {
        let known = nix::unistd::Group::from_name(group).ok().flatten();
        let known =
            known.ok_or_else(|| cannot("give").because(format!("there is no group '{group}'")).hint("getent group lists them."))?;
        let hint = "The program must be a member of the group, or root.";
        chown(path, None, Some(known.gid.as_raw())).map_err(|e| cannot("give a group to").because(e).hint(hint))?;
    }
    tracing::info!("listens at '{}'", path.display());
    Ok(listening)
}

/// Sees to it that so many `subscribers` can be connected at once: the usual limit of open files is 1024, for all that the process does.
pub fn make_places(subscribers: usize) {
    const OTHERS: u64 = 512;
    let wanted = subscribers as u64 + OTHERS;
    let Ok((current, most)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if current >= wanted {
        return;
    }
    let raised = setrlimit(Resource::RLIMIT_NOFILE, most.min(wanted), most);
    if raised.is_err() || most < wanted {
        tracing::warn!("the limit of open files (ulimit -n) leaves no room for {subscribers} subscribers");
    }
}

/// Removes the socket of a program that is gone. Anything else at `path` stays, and is an error.
fn make_room(path: &Path) -> Result<()> {
    let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
    if !there.file_type().is_socket() {
        return Err(Error::config(format!("'{}' is there, and is no socket", path.display()))
            .hint("It is left alone. Choose another path."));
    }
    match connect(path) {
        Ok(_) => Err(lock::taken(path)),
        // it takes no more connections just now, or is a socket of another type: alive in any case
        Err(e) if e.kind() == ErrorKind::WouldBlock || e.raw_os_error() == Some(Errno::EPROTOTYPE as i32) => Err(lock::taken(path)),
        Err(e) if e.kind() == ErrorKind::ConnectionRefused => {
            tracing::info!("'{}' was left behind by a program that is gone; replaced", path.display());
            fs::remove_file(path).map_err(|e| Error::config(format!("cannot replace the socket '{}'", path.display())).because(e))
        }
        Err(e) => Err(Error::config(format!("cannot tell whether somebody listens at '{}'", path.display())).because(e)),
    }
}

impl Drop for Listening {
    /// Removes the file, if it is still ours.
    fn drop(&mut self) {
        if let Some(own) = &self.own
            && fs::symlink_metadata(&own.path).is_ok_and(|there| there.ino() == own.inode)
        {
            // nobody is left to tell; a file that stays is replaced by the next one
            let _ = fs::remove_file(&own.path);
        }
    }
}
