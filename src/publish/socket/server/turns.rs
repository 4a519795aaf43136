//! Serves one subscriber: reads a bounded number of bytes, answers requests, and writes a bounded number of bytes.

use super::super::lines::{error, rendered};
use super::super::subscriber::{Over, Subscriber};
use super::Server;
use crate::message::{EventKind, Subscribe};
use crate::threads::panic_text;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

impl Server {
    /// Runs `work` for one subscriber, and closes its connection if it has ended. If `work` panics, that subscriber is disconnected and
    /// the others are served.
    pub(super) fn guarded(&mut self, id: usize, work: impl FnOnce(&mut Self) -> Result<(), Over>) {
        // unwind safe: the state of this subscriber is dropped after a panic
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(())) => {}
            Ok(Err(Over)) => self.remove(id),
            Err(panic) => {
                tracing::error!("serving a subscriber panicked, and it is disconnected: {}", panic_text(&*panic));
                self.remove(id);
            }
        }
    }

    /// Handles a readiness event of a subscriber.
    pub(super) fn wake(&mut self, id: usize, readable: bool, writable: bool) {
        if let Some(subscriber) = self.subscribers.get_mut(&id) {
            subscriber.wake(readable, writable);
        }
        self.follow_up(id);
    }

    /// Schedules a subscriber and its time limit.
    pub(super) fn follow_up(&mut self, id: usize) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if !subscriber.scheduled && subscriber.wants_a_turn(self.end.is_some()) {
            subscriber.scheduled = true;
            self.ready.push_back(id);
        }
        self.timers.extend(subscriber.due.map(|due| (due, id)));
    }

    /// Serves one subscriber: reads and writes a bounded number of bytes.
    pub(super) fn serve(&mut self, id: usize, now: Instant) -> Result<(), Over> {
        let ending = self.end.is_some();
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return Ok(()) };
        subscriber.scheduled = false;
        if !ending && subscriber.is_readable() {
            match subscriber.read(now) {
                Ok(requests) => self.answer(id, requests, now)?,
                Err(why) => subscriber.refuse(error(&why), now)?,
            }
        }
        self.flush(id)?;
        self.follow_up(id);
        Ok(())
    }

    /// Answers each request, and sends the latest messages for the last one.
    fn answer(&mut self, id: usize, requests: Vec<Subscribe>, now: Instant) -> Result<(), Over> {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return Ok(()) };
        if requests.is_empty() {
            return Ok(());
        }
        for choice in requests {
            let subscribed = self.snapshot.subscribed(&choice);
            subscriber.serve(choice, subscribed)?;
        }
        for prediction in self.snapshot.latest.values() {
            if subscriber.wants(prediction, now)
                && let Some(line) = rendered(prediction, subscriber.view())
            {
                subscriber.push(line)?;
            }
            if subscriber.is_filling() {
                subscriber.write()?;
            }
        }
        for (camera, line) in &self.snapshot.troubled {
            if subscriber.wants_event(camera, EventKind::Status) {
                subscriber.push(line.clone())?;
            }
        }
        Ok(())
    }

    /// Applies the defaults to subscribers without a request, and closes those whose last line was not read.
    pub(super) fn keep_time(&mut self, now: Instant) {
        while let Some((due, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, id));
            let Some(subscriber) = self.subscribers.get(&id).filter(|subscriber| subscriber.due == Some(due)) else { continue };
            if subscriber.is_greeted() {
                self.serve_defaults(id, now);
            } else {
                self.remove(id);
            }
        }
    }

    pub(super) fn serve_defaults(&mut self, id: usize, now: Instant) {
        self.guarded(id, |server| {
            server.answer(id, vec![Subscribe::default()], now)?;
            server.flush(id)
        });
        self.follow_up(id);
    }

    /// Writes as much as a subscriber's connection accepts; a writable event continues later.
    fn flush(&mut self, id: usize) -> Result<(), Over> {
        self.subscribers.get_mut(&id).map_or(Ok(()), Subscriber::write)
    }
}
