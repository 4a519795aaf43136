//! Whether this process may open a device, and what permission is missing otherwise.

use nix::unistd::{AccessFlags, Gid, Group, Uid, User, access, getegid, geteuid, getgroups};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whether this process may read and write a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It does not exist.
    Absent,
    /// It may.
    Open,
    /// It may not; the reason, and what to do.
    Locked(String),
}

/// Whether this process may read and write `path`.
pub fn to(path: &Path) -> Access {
    let Ok(meta) = std::fs::metadata(path) else { return Access::Absent };
    match access(path, AccessFlags::R_OK | AccessFlags::W_OK) {
        Ok(()) => Access::Open,
        Err(_) => Access::Locked(why_locked(path, &meta)),
    }
}

fn why_locked(path: &Path, meta: &Metadata) -> String {
    let group =
        Group::from_gid(Gid::from_raw(meta.gid())).ok().flatten().map_or_else(|| meta.gid().to_string(), |group| group.name);
    let owner = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten().map_or_else(|| meta.uid().to_string(), |user| user.name);
    let user = User::from_uid(geteuid()).ok().flatten().map_or_else(|| geteuid().to_string(), |user| user.name);
    let mode = meta.mode() & 0o777;
    let ours =
        getegid().as_raw() == meta.gid() || getgroups().is_ok_and(|groups| groups.iter().any(|known| known.as_raw() == meta.gid()));
    let remedy = match (ours, mode & 0o060) {
        (true, 0o060) => "the user is in that group: a container or the service's DeviceAllow denies access".to_owned(),
        (_, 0o060) => format!(
            "{user} is not in that group: sudo usermod -aG {group} {user}, then log in again; for the service: SupplementaryGroups={group}"
        ),
        _ => "only the owner has access; a udev rule can give it to a group".to_owned(),
    };
    format!("'{}' belongs to {owner} and the group '{group}' (mode {mode:o}); {remedy}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_accessible_and_denied_files_are_told_apart() {
        assert_eq!(to(Path::new("/nowhere")), Access::Absent);
        assert_eq!(to(Path::new("/dev/null")), Access::Open);
        let meta = std::fs::metadata("/dev/null").unwrap();
        let why = why_locked(Path::new("/dev/null"), &meta);
        assert!(why.starts_with("'/dev/null' belongs to root and the group 'root' (mode 666)"), "{why}");
    }
}
