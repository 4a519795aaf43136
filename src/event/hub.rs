//! All publishers, behind one handle.

use super::events::{Event, Publisher};
use super::queue::Queue;
use crate::error::{Error, Kind, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Hands events to all publishers. Copies lead to the same publishers; it may be used from any thread.
#[derive(Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    places: Vec<Place>,
    ended: AtomicBool,
}

struct Place {
    name: &'static str,
    /// It takes no more events after an error.
    failed: AtomicBool,
    publisher: Kept,
}

enum Kept {
    Inline(Mutex<Box<dyn Publisher>>),
    Queued(Queue),
}

impl Hub {
    /// A hub without publishers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a publisher whose `handle` never waits; it runs on the thread of whoever sends an event. Call it before the hub is copied.
    pub fn inline(self, publisher: Box<dyn Publisher>) -> Self {
        self.with(publisher.name(), Kept::Inline(Mutex::new(publisher)))
    }

    /// Adds a publisher that may wait for its reader; it gets a thread and a bounded queue of its own. Call it before the hub is copied.
    pub fn queued(self, publisher: Box<dyn Publisher>) -> Result<Self> {
        let name = publisher.name();
        Ok(self.with(name, Kept::Queued(Queue::start(publisher)?)))
    }

    fn with(mut self, name: &'static str, publisher: Kept) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.places.push(Place { name, failed: AtomicBool::new(false), publisher });
        }
        self
    }

    /// Hands `event` to every publisher. A publisher that fails is left out from then on; an error is returned once the last one has
    /// failed, since nobody is left to work for.
    pub fn send(&self, event: &Event) -> Result<()> {
        if self.0.ended.load(Ordering::Acquire) {
            return Ok(());
        }
        self.each(|place| place.handle(event))
    }

    /// No publisher waits any longer for its reader; what does not fit is dropped and counted. Called when the program is asked to end.
    pub fn stop_waiting(&self) {
        for place in &self.0.places {
            if let Kept::Queued(queue) = &place.publisher {
                queue.stop_waiting();
            }
        }
    }

    /// The last event. Queued results are written first: without a limit of time, unless [`Hub::stop_waiting`] was called. An error is
    /// returned if all publishers have failed.
    pub fn end(&self) -> Result<()> {
        if self.0.ended.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.each(|place| match &place.publisher {
            Kept::Inline(_) => place.handle(&Event::End),
            Kept::Queued(queue) => queue.end(),
        })
    }

    /// Why a publisher cannot work any more, if a thread of its own has ended unexpectedly.
    pub fn fault(&self) -> Option<Error> {
        self.0.places.iter().find_map(|place| match &place.publisher {
            Kept::Inline(publisher) => publisher.lock().unwrap_or_else(PoisonError::into_inner).fault(),
            Kept::Queued(queue) => queue.fault(),
        })
    }

    fn each(&self, mut work: impl FnMut(&Place) -> Result<()>) -> Result<()> {
        let mut last: Option<Error> = None;
        for place in self.0.places.iter().filter(|place| !place.failed.load(Ordering::Acquire)) {
            let Err(error) = work(place) else { continue };
            place.failed.store(true, Ordering::Release);
            if error.kind() != Kind::NobodyReads {
                tracing::warn!("no more results go to {}: {error}", place.name);
            }
            last = Some(error);
        }
        let all_failed = || self.0.places.iter().all(|place| place.failed.load(Ordering::Acquire));
        match last {
            Some(error) if all_failed() => Err(error),
            _ => Ok(()),
        }
    }
}

impl Place {
    fn handle(&self, event: &Event) -> Result<()> {
        match &self.publisher {
            Kept::Inline(publisher) => publisher.lock().unwrap_or_else(PoisonError::into_inner).handle(event),
            Kept::Queued(queue) => queue.push(event),
        }
    }
}
