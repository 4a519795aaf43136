//! What a live view needs of a command.

use crate::publish::live::Hooks;
use crate::system::logging;
use crate::system::signals::Stop;

/// A view whose user ends the program.
pub fn hooks(stop: &Stop) -> Hooks {
    let stop = stop.clone();
    Hooks { quit: Box::new(move || stop.request()), warning: Box::new(logging::latest_warning), truth: None }
}
