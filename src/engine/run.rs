//! The engine's loop: take a frame, preprocess, infer, rank, publish, count.

use super::classifier::Classifier;
use super::limit::Limit;
use super::offer::Offer;
use super::prefetch::Prefetch;
use super::scheduler::{Next, PreparedFrame, Scheduler};
use super::stream::Stream;
use crate::error::{Kind, Result};
use crate::event::{Event, Hub};
use crate::runtime::Execution;
use crossbeam_channel::Receiver;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Classifies the frames of `streams`, in turn among those that have one, until there can be no more (all streams and `changes` have
/// ended), `limit` is reached, or `stop` is closed. `execution` is updated when the execution of the model changes.
pub fn run(
    streams: Vec<Stream>,
    classifier: Box<Classifier>,
    hub: &Hub,
    changes: &Receiver<Offer>,
    stop: &Receiver<()>,
    limit: &Limit,
    execution: &Mutex<Execution>,
) -> Result<()> {
    let scheduler = Scheduler::new(streams, &classifier);
    let mut engine = Engine { scheduler, classifier, prefetch: Prefetch::start()?, hub, execution, stop, limit };
    while !engine.limit.is_reached() {
        engine.scheduler.expire(Instant::now());
        engine.publish_changes()?;
        match engine.next(changes)? {
            Work::Frame(prepared) => {
                engine.prefetch_next();
                engine.classify(&prepared)?;
            }
            Work::Change(offer) => engine.change(offer)?,
            Work::StateEnded => {}
            Work::End => break,
        }
    }
    if let Some(prepared) = engine.prefetched()? {
        engine.scheduler.lose(&prepared);
    }
    Ok(())
}

/// The next action of the engine.
enum Work {
    /// A frame that is prepared in the classifier's slot.
    Frame(PreparedFrame),
    Change(Offer),
    /// A state has ended without a frame.
    StateEnded,
    End,
}

struct Engine<'a> {
    scheduler: Scheduler,
    classifier: Box<Classifier>,
    prefetch: Prefetch,
    hub: &'a Hub,
    execution: &'a Mutex<Execution>,
    stop: &'a Receiver<()>,
    limit: &'a Limit,
}

impl Engine<'_> {
    /// Changes take precedence, then the prefetched frame, then any stream with a frame.
    fn next(&mut self, changes: &Receiver<Offer>) -> Result<Work> {
        let stop = self.stop;
        let next = match self.scheduler.urgent(changes, stop) {
            Some(urgent) => urgent,
            None => match self.prefetched()? {
                None => self.scheduler.next(changes, stop),
                // a prefetched frame must not be older than one taken now
                Some(prepared) => match self.scheduler.overtake(&prepared) {
                    Some(newer) => Next::QueuedFrame(newer),
                    None => return Ok(Work::Frame(prepared)),
                },
            },
        };
        Ok(match next {
            Next::QueuedFrame(frame) => Work::Frame(frame.prepare(self.classifier.slot())),
            Next::Change(offer) => Work::Change(offer),
            Next::StateEnded => Work::StateEnded,
            Next::End => Work::End,
        })
    }

    /// Starts to prefetch the next frame, if one is waiting and wanted.
    fn prefetch_next(&mut self) {
        if self.limit.is_near() {
            return;
        }
        if let Some(slot) = self.classifier.spare() {
            match self.scheduler.take() {
                Some(frame) => self.prefetch.begin(frame, slot),
                None => self.classifier.keep(slot),
            }
        }
    }

    /// Classifies the prepared frame and publishes the result.
    fn classify(&mut self, prepared: &PreparedFrame) -> Result<()> {
        let Some(stream) = self.scheduler.finish(prepared) else { return Ok(()) };
        if let Some(why) = prepared.misfit {
            stream.misfit(why, prepared.dropped);
            return Ok(());
        }
        let classified = self.classifier.finish(stream.still.as_mut(), &mut stream.prediction);
        observe(&self.classifier, self.execution);
        match classified {
            Err(error) if error.kind() == Kind::Passing => {
                stream.fail(&error, prepared.dropped);
                return Ok(());
            }
            classified => classified?,
        }
        if !self.limit.take() {
            stream.lose();
            return Ok(());
        }
        stream.number(prepared.dropped);
        stream.settle(self.classifier.probabilities());
        stream.show();
        self.hub.send(&Event::result(&stream.prediction))?;
        stream.metrics.record(&stream.prediction);
        self.publish_changes()
    }

    /// Publishes the changes of states.
    fn publish_changes(&mut self) -> Result<()> {
        self.scheduler.changes().try_for_each(|change| self.hub.send(&Event::Change(&change)))
    }

    /// Applies a change, unless it is withdrawn. The prefetched frame is classified first: once the change is accepted, nothing may hang
    /// or fail that keeps this engine from applying it.
    fn change(&mut self, offer: Offer) -> Result<()> {
        if let Some(prepared) = self.prefetched()? {
            self.classify(&prepared)?;
        }
        let Some((change, taken)) = offer.take(self.stop) else { return Ok(()) };
        self.scheduler.remove(&change.remove);
        let replaced = change.classifier.map(|new| std::mem::replace(&mut self.classifier, new));
        if replaced.is_some() {
            self.scheduler.renew(&self.classifier);
        }
        self.publish_changes()?;
        for stream in change.add {
            self.scheduler.add(stream, &self.classifier);
        }
        taken.done(replaced, self.stop, |hello| self.hub.send(&Event::Hello(hello)))
    }

    /// Finishes the prefetch: its frame is in the classifier's front slot now.
    fn prefetched(&mut self) -> Result<Option<PreparedFrame>> {
        Ok(self.prefetch.finish()?.map(|(prepared, slot)| {
            self.classifier.swap(slot);
            prepared
        }))
    }
}

/// Tells what runs the model, if it has changed.
fn observe(classifier: &Classifier, execution: &Mutex<Execution>) {
    let mut known = execution.lock().unwrap_or_else(PoisonError::into_inner);
    if *known != *classifier.execution() {
        *known = classifier.execution().clone();
    }
}
