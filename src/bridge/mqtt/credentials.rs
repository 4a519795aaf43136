//! User name and password, from files. They stand neither in the command line nor in the log.

use super::settings::Params;
use crate::error::{Error, Result};
use crate::files;
use std::fmt;
use std::path::{Path, PathBuf};

/// The longest password; the format of MQTT allows no longer one.
const LONGEST: u64 = 65_535;

/// User name and password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Vec<u8>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Credentials {
    /// What the settings name, else what systemd has passed in `folder` (`CREDENTIALS_DIRECTORY`): `mqtt-username` and `mqtt-password`.
    pub fn read(params: &Params, folder: Option<&Path>) -> Result<Self> {
        let passed = |name| folder.map(|folder| folder.join(name)).filter(|path: &PathBuf| path.exists());
        let user = match (&params.username, passed("mqtt-username")) {
            (Some(user), _) => Some(user.clone()),
            (None, Some(path)) => {
                Some(String::from_utf8(line(&path)?).map_err(|_| Error::config(format!("'{}' is not UTF-8", path.display())))?)
            }
            (None, None) => None,
        };
        let user = user.filter(|user| !user.is_empty());
        let password = params.password_file.clone().or_else(|| passed("mqtt-password")).map(|path| line(&path)).transpose()?;
        // the service's unit passes an empty one where there is none
        let password = password.filter(|password| !password.is_empty());
        if password.is_some() && user.is_none() {
            return Err(Error::config("there is a password for the broker, but no user").hint("--username NAME says whose it is."));
        }
        Ok(Self { user, password })
    }
}

/// The content of a file without the end of its line.
fn line(path: &Path) -> Result<Vec<u8>> {
    let cannot = |e| Error::config(format!("cannot read '{}'", path.display())).because(e);
    let mut bytes = files::read(path, LONGEST).map_err(cannot)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::mqtt::settings::tests::params;

    #[test]
    fn credentials_are_read_from_files_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let read = |text: &str| Credentials::read(&params(text), Some(folder.path()));
        assert_eq!(read("").unwrap(), Credentials::default());
        write("mqtt-password", "hunter2\n");
        assert!(read("").unwrap_err().to_string().contains("but no user"));
        write("mqtt-username", "\n");
        assert!(read("").unwrap_err().to_string().contains("but no user"));
        write("mqtt-username", "me\r\n");
        let found = read("").unwrap();
        assert_eq!((found.user.as_deref(), found.password.as_deref()), (Some("me"), Some(&b"hunter2"[..])));
        assert!(!format!("{found:?}").contains("hunter2"));
        // the settings come first
        write("other", "two words ");
        let text = format!("username = 'you'\npassword_file = '{}'", folder.path().join("other").display());
        let found = read(&text).unwrap();
        assert_eq!((found.user.as_deref(), found.password.as_deref()), (Some("you"), Some(&b"two words "[..])));
        assert!(read("username = 'you'\npassword_file = '/nowhere'").unwrap_err().to_string().contains("cannot read '/nowhere'"));
    }
}
