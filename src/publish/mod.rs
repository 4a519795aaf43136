//! Where results go. A new place is one file and one line here.

mod live;
mod overlay;
pub mod screen;
pub mod socket;
mod stdout;

pub use live::Live;
pub use overlay::Overlay;
pub use stdout::{Format, Stdout, claim_stdout, write_all, write_text};

use crate::error::{Error, Kind, Result};
use crate::prediction::Prediction;

/// A place where results go.
pub trait Publish: Send {
    /// What messages call it.
    fn name(&self) -> &'static str;

    /// Takes one result; what it costs must not depend on who reads.
    fn publish(&mut self, prediction: &Prediction) -> Result<()>;
}

/// All places of one line. One that fails is left out from then on; the line goes on while there is another.
#[derive(Default)]
pub struct Publishers {
    places: Vec<Box<dyn Publish>>,
}

impl Publishers {
    /// Publishes to `places`.
    pub fn new(places: Vec<Box<dyn Publish>>) -> Self {
        Self { places }
    }

    /// Gives `prediction` to every place. An error comes back when the last place has failed: there is nobody left to work for.
    pub fn publish(&mut self, prediction: &Prediction) -> Result<()> {
        let mut last: Option<Error> = None;
        self.places.retain_mut(|place| match place.publish(prediction) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != Kind::NobodyReads {
                    tracing::warn!("no more results go to {}: {error}", place.name());
                }
                last = Some(error);
                false
            }
        });
        match last {
            Some(error) if self.places.is_empty() => Err(error),
            _ => Ok(()),
        }
    }
}
