//! Opens and reads files that a user names: only regular ones, up to a size limit.
//!
//! A FIFO or a device instead of a file would block the thread that opens or reads it forever.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// The maximum size of a configuration or `.launch` file: about a hundred times that of a large one.
pub const SETTINGS: u64 = 1 << 20;

/// Opens the file at `path` for reading; an error if it is not a regular file (links are followed).
pub fn open(path: &Path) -> Result<File> {
    // checked first: opening a device may have side effects
    regular(fs::metadata(path)?.file_type())?;
    // and again afterwards, because it may have been replaced; O_NONBLOCK prevents waiting until then
    let file = OpenOptions::new().read(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(path)?;
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// The bytes of the file at `path`; an error if there are more than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    let too_large = || Error::new(ErrorKind::FileTooLarge, format!("it exceeds the limit of {limit} bytes"));
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size as usize)?;
    // it may be growing
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// The same as text.
pub fn read_text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|e| Error::new(ErrorKind::InvalidData, format!("it is not UTF-8: {}", e.utf8_error())))
}

/// An error that says what it is, if it is not a regular file.
pub fn regular(kind: FileType) -> Result<()> {
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "a special file",
    };
    Err(Error::new(ErrorKind::InvalidInput, format!("it is {what}, not a file")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_a_regular_file_is_opened_and_nothing_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        let _socket = UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink(at("fifo"), at("link")).unwrap();
        for (path, what) in [
            (at("fifo"), "a FIFO"),
            (at("link"), "a FIFO"),
            (at("socket"), "a socket"),
            (at("."), "a folder"),
            ("/dev/zero".into(), "a device"),
        ] {
            let error = read(&path, 10).unwrap_err().to_string();
            assert_eq!(error, format!("it is {what}, not a file"), "{}", path.display());
        }
        std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
        assert!(read(&at("loop"), 10).is_err());
    }

    #[test]
    fn a_file_may_have_exactly_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).unwrap_err().to_string().contains("exceeds the limit of 4 bytes"));
    }
}
