//! One subscriber's turn: a bounded piece of what it says is read, its requests are answered, a bounded piece of what waits is written.

use super::super::lines::{error, rendered};
use super::super::subscriber::{Over, Subscriber};
use super::Server;
use crate::message::Subscribe;
use crate::threads::panic_text;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

impl Server {
    /// Does `work` for one subscriber, and ends its connection where it is over. If `work` panics, that subscriber is cut off and the
    /// others are served on.
    pub(super) fn guarded(&mut self, id: usize, work: impl FnOnce(&mut Self) -> Result<(), Over>) {
        // what a panic leaves half done is this subscriber's own, and goes with it
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(())) => {}
            Ok(Err(Over)) => self.remove(id),
            Err(panic) => {
                tracing::error!("serving a subscriber panicked, and it is cut off: {}", panic_text(&*panic));
                self.remove(id);
            }
        }
    }

    /// The poll has news of a subscriber.
    pub(super) fn wake(&mut self, id: usize, readable: bool, writable: bool) {
        if let Some(subscriber) = self.subscribers.get_mut(&id) {
            subscriber.wake(readable, writable);
        }
        self.follow_up(id);
    }

    /// Sees to it that a subscriber has its turn, and is thought of when its time is over.
    pub(super) fn follow_up(&mut self, id: usize) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if !subscriber.scheduled && subscriber.wants_a_turn(self.end.is_some()) {
            subscriber.scheduled = true;
            self.ready.push_back(id);
        }
        self.timers.extend(subscriber.due.map(|due| (due, id)));
    }

    /// One subscriber's turn: a bounded piece is read and written.
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

    /// Answers each request, and brings the subscriber up to date with the last one.
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
            if subscriber.follows(camera) {
                subscriber.push(line.clone())?;
            }
        }
        Ok(())
    }

    /// Gives the defaults to those who made no request, and closes those whose last line was not read.
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

    /// Writes what a subscriber takes; a writable event tells when it takes more.
    fn flush(&mut self, id: usize) -> Result<(), Over> {
        self.subscribers.get_mut(&id).map_or(Ok(()), Subscriber::write)
    }
}
