//! All publishers, behind one handle.

use super::events::{Event, Publisher};
use super::queue::Queue;
use crate::error::{Error, Kind, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Passes events to all publishers. Clones share the publishers; it may be used from any thread.
#[derive(Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    places: Vec<Place>,
    ended: AtomicBool,
}

struct Place {
    name: &'static str,
    /// After an error it gets no more events.
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

    /// Adds a publisher whose `handle` never blocks; it runs on the thread that sends the event. Call it before the hub is cloned.
    pub fn inline(self, publisher: Box<dyn Publisher>) -> Self {
        self.with(publisher.name(), Kept::Inline(Mutex::new(publisher)))
    }

    /// Adds a publisher that may block on its reader; it gets its own thread and bounded queue. Call it before the hub is cloned.
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

    /// Passes `event` to every publisher. A publisher that fails gets no more events; once the last one has failed, its error is
    /// returned.
    pub fn send(&self, event: &Event) -> Result<()> {
        if self.0.ended.load(Ordering::Acquire) {
            return Ok(());
        }
        self.each(|place| place.handle(event))
    }

    /// From now on no publisher waits for its reader; results that do not fit are dropped and counted. Called on shutdown.
    pub fn stop_waiting(&self) {
        for place in &self.0.places {
            if let Kept::Queued(queue) = &place.publisher {
                queue.stop_waiting();
            }
        }
    }

    /// Sends the last event. Queued results are written first: without a time limit, unless [`Hub::stop_waiting`] was called. An error
    /// is returned if all publishers have failed.
    pub fn end(&self) -> Result<()> {
        if self.0.ended.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.each(|place| match &place.publisher {
            Kept::Inline(_) => place.handle(&Event::End),
            Kept::Queued(queue) => queue.end(),
        })
    }

    /// The reason, if a publisher can no longer work because one of its threads has ended unexpectedly.
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
