//! Closes descriptors that GStreamer's V4L2 source leaks. Each pipeline whose camera stalled leaves one descriptor of the device open
//! (seen with 1.22.0, in the pool of mapped buffers; not if frames arrived until the end). While a device is open, its driver cannot
//! release it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// How many running pipelines of this process may have a device open, by device number.
static IN_USE: Mutex<BTreeMap<u64, usize>> = Mutex::new(BTreeMap::new());

/// The devices that one pipeline may have open.
#[derive(Default)]
pub struct Devices(Vec<u64>);

impl Devices {
    /// The devices at `paths`; call it before they are opened.
    pub fn about_to_open(paths: &[impl AsRef<Path>]) -> Self {
        let numbers: Vec<_> = paths.iter().filter_map(|path| number(path.as_ref())).collect();
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.iter().for_each(|device| *in_use.entry(*device).or_default() += 1);
        Self(numbers)
    }

    /// Call it after the pipeline is freed: releases descriptors that are still open, of devices that no other pipeline of this process
    /// uses, and returns their number.
    pub fn release(&self) -> usize {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        for device in &self.0 {
            let users = in_use.entry(*device).or_default();
            *users = users.saturating_sub(1);
            if *users == 0 {
                in_use.remove(device);
                count += open_on(*device).into_iter().filter(|fd| redirect(*fd).is_ok()).count();
            }
        }
        count
    }
}

/// The number of the device at `path`.
fn number(path: &Path) -> Option<u64> {
    let meta = fs::metadata(path).ok()?;
    meta.file_type().is_char_device().then(|| meta.rdev())
}

/// Our descriptors of `device`.
fn open_on(device: u64) -> Vec<RawFd> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let ours = entries.filter(|entry| number(&entry.path()) == Some(device));
    ours.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Points `fd` at /dev/null. It stays open: if its owner still closes it, that must not close another file.
fn redirect(fd: RawFd) -> std::io::Result<()> {
    let null = File::open("/dev/null")?;
    // SAFETY: `fd` was found open just now, on a device that no running pipeline uses. `into_raw_fd` below releases it, still open, so
    // that nothing is closed here.
    #[allow(unsafe_code)]
    let mut left = unsafe { OwnedFd::from_raw_fd(fd) };
    let redirected = nix::unistd::dup2(&null, &mut left);
    let _ = left.into_raw_fd();
    Ok(redirected?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    #[test]
    fn descriptors_left_open_are_released_with_the_last_user() {
        // a device that nothing else in this process has open
        let path = Path::new("/dev/full");
        let (first, second) = (Devices::about_to_open(&[path]), Devices::about_to_open(&[path]));
        let mut left = File::open(path).unwrap();
        let device = number(path).unwrap();
        assert_eq!(open_on(device), [left.as_raw_fd()]);
        assert_eq!(first.release(), 0, "another pipeline uses it");
        assert_eq!((second.release(), open_on(device)), (1, vec![]));
        assert_eq!(left.read(&mut [0; 4]).unwrap(), 0, "the descriptor points at /dev/null");
        assert_eq!(Devices::about_to_open(&["/nowhere", "/etc/hostname"]).release(), 0);
    }
}
