//! A run that takes too long is told to end. What does not listen (a hung driver) is told in the log; the service's watchdog does the rest.

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use ort::session::{NoSelectedOutputs, RunOptions};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Watches one session's runs.
pub struct Deadline {
    limit: Duration,
    shared: Arc<Shared>,
    begun: Sender<u64>,
    done: Sender<()>,
}

struct Shared {
    options: RunOptions<NoSelectedOutputs>,
    run: Mutex<Run>,
}

#[derive(Default)]
struct Run {
    number: u64,
    going: bool,
    /// It was told to end.
    over: bool,
}

impl Deadline {
    /// Lets no run take longer than `limit`.
    pub fn new(limit: Duration) -> Result<Self, String> {
        let options = RunOptions::new().map_err(|e| e.to_string())?;
        let shared = Arc::new(Shared { options, run: Mutex::default() });
        let (begun, begins) = bounded::<u64>(1);
        let (done, ends) = bounded::<()>(1);
        let watched = shared.clone();
        let watch = move || {
            // both ends go with the session
            while let Ok(number) = begins.recv() {
                if ends.recv_timeout(limit) != Err(RecvTimeoutError::Timeout) {
                    continue;
                }
                watched.end(number);
                if ends.recv_timeout(limit.max(Duration::from_secs(1))) == Err(RecvTimeoutError::Timeout) {
                    tracing::error!("an inference does not end: it was told to after {limit:.1?}");
                    // one that ends after all is as good as any
                    let _ = ends.recv();
                }
            }
        };
        thread::Builder::new().name("deadline".into()).spawn(watch).map_err(|e| e.to_string())?;
        Ok(Self { limit, shared, begun, done })
    }

    /// What the run is to be given.
    pub fn options(&self) -> &RunOptions<NoSelectedOutputs> {
        &self.shared.options
    }

    /// A run begins.
    pub fn begin(&self) {
        let mut run = self.shared.run();
        (run.number, run.going, run.over) = (run.number + 1, true, false);
        // the watcher lives as long as this
        let _ = self.begun.send(run.number);
    }

    /// It has ended; an error where it was told to.
    pub fn end(&self) -> Result<(), String> {
        let over = {
            let mut run = self.shared.run();
            run.going = false;
            run.over
        };
        let _ = self.done.send(());
        if over {
            self.shared.options.unterminate().map_err(|e| e.to_string())?;
            return Err(format!("it took longer than {:.1?}", self.limit));
        }
        Ok(())
    }
}

impl Shared {
    fn run(&self) -> std::sync::MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells run `number` to end, unless it has just done so: the next one must not suffer for it.
    fn end(&self, number: u64) {
        let mut run = self.run();
        if run.going && run.number == number && self.options.terminate().is_ok() {
            run.over = true;
        }
    }
}
