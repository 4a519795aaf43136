//! One source and its worker, wired together: capture → channel → worker.

use crate::capture::{self, Change};
use crate::channel::{Receiver, Sent, channel};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::shutdown::Stop;
use crate::stats::Counts;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// One frame waits while one is worked on: with more, a live worker that is behind would see older frames.
const WAITING: usize = 1;

/// Runs the source of `params`, called `name`, on a thread of its own, and `work` on this one with the frames that it gives, until
/// either ends; `changed` hears of each change of the source's state, as the log does. Gives what became of the frames, and what
/// `work` gives.
pub fn run<T>(
    name: &str,
    params: &capture::Params,
    stop: &Stop,
    changed: &(dyn Fn(&Change) + Sync),
    work: impl FnOnce(&Receiver<Frame>) -> Result<T>,
) -> Result<(Counts, T)> {
    let (mut sender, receiver) = channel(WAITING);
    let captured = Arc::new(AtomicU64::new(0));
    let counter = captured.clone();
    let deliver = move |frame, live| {
        counter.fetch_add(1, Ordering::Relaxed);
        match if live { sender.send_newest(frame) } else { sender.send_all(frame) } {
            Sent::Closed => ControlFlow::Break(()),
            Sent::Queued | Sent::Replaced(_) => ControlFlow::Continue(()),
        }
    };
    let dropped = receiver.dropped_counter();
    let done = Stop::default();
    thread::scope(|scope| {
        let source = thread::Builder::new().name("capture".into()).spawn_scoped(scope, || {
            let mut state = State::new(name);
            capture::run(
                params,
                [stop.receiver(), done.receiver()],
                &mut |change| {
                    changed(&change);
                    state.tell(change);
                },
                deliver,
            )
        });
        let source = source.map_err(|e| Error::failed("cannot start the capture thread").because(e))?;
        let worked = work(&receiver);
        drop(receiver);
        done.request();
        let ended = source.join().unwrap_or_else(|_| Err(Error::failed("the capture thread panicked")));
        let (worked, ended) = (worked?, ended?);
        tracing::debug!("the source has ended: {ended:?}");
        let counts = Counts { captured: captured.load(Ordering::Relaxed), dropped: dropped.load(Ordering::Relaxed) };
        Ok((counts, worked))
    })
}

/// What is known of a source; the log hears of each change once.
struct State<'a> {
    name: &'a str,
    lost: Option<(Instant, String)>,
}

impl<'a> State<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, lost: None }
    }

    fn tell(&mut self, change: Change) {
        let name = self.name;
        match (change, self.lost.take()) {
            (Change::Flows { live }, None) => tracing::debug!("{name}: frames flow, {}", if live { "live" } else { "not live" }),
            (Change::Flows { .. }, Some((since, _))) => tracing::info!("{name}: frames again, after {:.1?}", since.elapsed()),
            (Change::Lost { why, pause }, before) => {
                let why = why.to_string();
                let (since, known) = before.unwrap_or((Instant::now(), String::new()));
                if why == known {
                    tracing::debug!("{name}: still lost; next try in {pause:.1?}");
                } else {
                    tracing::warn!("{name} is lost, and tried again until it is back: {why}");
                }
                self.lost = Some((since, why));
            }
        }
    }
}
