//! Why there are no settings.

use crate::error::Error;
use crate::settings::Faults;

/// Why there are no settings.
#[derive(Debug, Clone)]
pub enum Refused {
    /// The file could not be read, or the command line makes no sense.
    Unread(Error),
    /// The file of that name (`None`: the command line) was read, and has these faults.
    Faulty(Option<String>, Faults),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unread(error) => error,
            Refused::Faulty(origin, faults) => faults.error(origin.as_deref()),
        }
    }
}
