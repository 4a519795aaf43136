//! Where results go. A new place is one file and one line here.

mod live;
pub mod socket;
mod stdout;

pub use live::Live;
pub use stdout::{Format, Stdout, claim_stdout, write_all};

use crate::error::{Error, Kind, Result};
use crate::prediction::Prediction;

/// A place where results go.
pub trait Publish {
    /// What messages call it.
    fn name(&self) -> &'static str;

    /// Takes one result; what it costs must not depend on who reads.
    fn publish(&mut self, prediction: &Prediction) -> Result<()>;
}

/// All places of one line. One that fails is left out from then on; the line goes on while there is another.
#[derive(Default)]
pub struct Publishers {
    places: Vec<Box<dyn Publish>>,
    witness: Option<Box<dyn Publish>>,
}

impl Publishers {
    /// Publishes to `places`.
    pub fn new(places: Vec<Box<dyn Publish>>) -> Self {
        Self { places, witness: None }
    }

    /// The same with somebody who sees every result, and counts for nobody: the line ends without places all the same.
    pub fn with_witness(self, witness: Box<dyn Publish>) -> Self {
        Self { witness: Some(witness), ..self }
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
        if let Some(witness) = &mut self.witness {
            witness.publish(prediction)?;
        }
        match last {
            Some(error) if self.places.is_empty() => Err(error),
            _ => Ok(()),
        }
    }
}
