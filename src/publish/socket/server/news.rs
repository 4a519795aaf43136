//! What the daemon has to tell: each message is passed on to all who want it.

use super::super::lines::{line, rendered};
use super::super::notice::Notice;
use super::super::snapshot::Snapshot;
use super::super::subscriber::{Over, Subscriber};
use super::{FLUSH_TIME, Server};
use crate::message::{Change, EventKind};
use crate::prediction::Prediction;
use crate::threads::panic_text;
use crossbeam_channel::TryRecvError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// Messages that are taken before the subscribers have their turn.
const MESSAGES: usize = 64;

impl Server {
    /// Takes messages that wait.
    pub(super) fn take_messages(&mut self, now: Instant) {
        for _ in 0..MESSAGES {
            match self.messages.try_recv() {
                Ok(Notice::End) | Err(TryRecvError::Disconnected) => return self.begin_the_end(now),
                Err(TryRecvError::Empty) => return,
                Ok(message) => {
                    let handled = catch_unwind(AssertUnwindSafe(|| self.pass_on(message, now)));
                    if let Err(panic) = handled {
                        tracing::error!("passing a message to the subscribers panicked, and it is lost: {}", panic_text(&*panic));
                    }
                }
            }
        }
    }

    /// From now on nothing is read; what waits is written. Those who made no request yet get what there is.
    fn begin_the_end(&mut self, now: Instant) {
        let greeted: Vec<_> = self.subscribers.iter().filter(|(_, one)| one.is_greeted()).map(|(id, _)| *id).collect();
        for id in greeted {
            self.guarded(id, |server| server.serve(id, now));
            if self.subscribers.get(&id).is_some_and(Subscriber::is_greeted) {
                self.serve_defaults(id, now);
            }
        }
        self.end = Some(now + FLUSH_TIME);
    }

    fn pass_on(&mut self, message: Notice, now: Instant) {
        match message {
            Notice::Result(prediction) => self.publish(prediction, now),
            Notice::Change(change) => {
                let line = line(&Change::from(&*change));
                self.for_each(|subscriber, _| match subscriber.wants_event(&change.stream.camera, EventKind::Change) {
                    true => subscriber.push(line.clone()),
                    false => Ok(()),
                });
                self.snapshot.change(*change);
            }
            Notice::Status { camera, flowing, line } => {
                self.for_each(|subscriber, _| match subscriber.wants_event(&camera, EventKind::Status) {
                    true => subscriber.push(line.clone()),
                    false => Ok(()),
                });
                if flowing {
                    self.snapshot.troubled.remove(&camera);
                } else if self.snapshot.knows(&camera) {
                    self.snapshot.troubled.insert(camera, line);
                }
            }
            Notice::Hello(hello) => {
                self.snapshot.renew(&hello);
                self.for_each(|subscriber, snapshot| {
                    subscriber.greet(snapshot.hello.clone(), |choice| snapshot.subscribed(choice))
                });
            }
            Notice::End => {}
        }
    }

    /// Queues a result for all who want it, each form of it made once.
    fn publish(&mut self, prediction: Arc<Prediction>, now: Instant) {
        let overrun = self.overrun.take();
        let mut forms = std::mem::take(&mut self.forms);
        self.for_each(|subscriber, _| {
            let missed = overrun
                .iter()
                .flatten()
                .filter(|(camera, _)| subscriber.wants_event(camera, EventKind::Classification))
                .map(|(_, count)| count)
                .sum();
            subscriber.miss(missed);
            if !subscriber.wants(&prediction, now) {
                return Ok(());
            }
            let view = subscriber.view();
            if !forms.iter().any(|(known, _)| *known == view) {
                forms.extend(rendered(&prediction, view).map(|form| (view, form)));
            }
            match forms.iter().find(|(known, _)| *known == view) {
                Some((_, form)) => subscriber.push(form.clone()),
                None => Ok(()),
            }
        });
        forms.clear();
        self.forms = forms;
        self.snapshot.latest.insert(prediction.stream(), prediction);
    }

    /// Does `work` for each subscriber, and then writes to each, as much as its connection takes.
    fn for_each(&mut self, mut work: impl FnMut(&mut Subscriber, &Snapshot) -> Result<(), Over>) {
        let mut meant = std::mem::take(&mut self.meant);
        meant.extend(self.subscribers.keys());
        for id in meant.drain(..) {
            self.guarded(id, |server| {
                let Some(subscriber) = server.subscribers.get_mut(&id) else { return Ok(()) };
                work(subscriber, &server.snapshot)?;
                subscriber.write()
            });
            self.follow_up(id);
        }
        self.meant = meant;
    }
}
