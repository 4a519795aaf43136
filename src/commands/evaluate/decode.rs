//! Pictures become inputs on other threads while the model works.

use super::dataset::Labelled;
use crate::capture::Turn;
use crate::commands::picture;
use crate::error::{Error, Result};
use crate::preprocess::{self, Preprocessor};
use crate::system::signals::Stop;
use crate::tensor::{InputSpec, Tensor};
use crossbeam_channel::bounded;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The most threads that decode: more than one reader gains little from a disk.
const THREADS: usize = 8;

/// Pictures that wait for the model, for each thread.
const WAITING: usize = 2;

/// How a picture becomes inputs of a model.
pub struct Inputs<'a> {
    /// The model's input.
    pub spec: &'a InputSpec,
    /// How pixels become it: one input for each.
    pub recipes: &'a [preprocess::Params],
    /// How pictures are made upright.
    pub turn: Turn,
}

impl Inputs<'_> {
    /// Calls `work` with the number of each of `pictures`, and its inputs or why it has none. The order is roughly that of `pictures`.
    pub fn each(
        &self,
        pictures: &[Labelled],
        stop: &Stop,
        mut work: impl FnMut(usize, Result<Vec<Tensor>>) -> Result<()>,
    ) -> Result<()> {
        // as many as there are cores: they wait while the model is behind, and it leaves a core to them while they are
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(THREADS).min(pictures.len());
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            // dropped at the end of this closure, also after an error: then the threads end
            let (sender, receiver) = bounded(WAITING * threads);
            for _ in 0..threads {
                let (sender, next) = (sender.clone(), &next);
                let decode = move || {
                    let mut preprocessors: Vec<_> =
                        self.recipes.iter().map(|params| Preprocessor::new(self.spec, params)).collect();
                    while !stop.requested() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(picture) = pictures.get(number) else { break };
                        let inputs = picture::first(&picture.path, self.turn, stop).map(|frame| {
                            let input = |preprocessor: &mut Preprocessor| {
                                let mut input = Tensor::zeros(&self.spec.tensor);
                                preprocessor.run(&frame, &mut input);
                                input
                            };
                            preprocessors.iter_mut().map(input).collect()
                        });
                        if sender.send((number, inputs)).is_err() {
                            break;
                        }
                    }
                };
                let started = thread::Builder::new().name("decode".into()).spawn_scoped(scope, decode);
                started.map_err(|e| Error::failed("cannot start the thread 'decode'").because(e))?;
            }
            drop(sender);
            for (number, inputs) in receiver {
                if stop.requested() {
                    break;
                }
                work(number, inputs)?;
            }
            Ok(())
        })
    }
}
