//! Long-lived threads whose end can be observed: their outcome, or the message of their panic.
//!
//! If a thread ended unnoticed, the program would look alive but do only part of its work.

use crate::error::{Error, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

/// A started thread. All clones observe the same end.
pub struct Watched<T> {
    ended: Receiver<()>,
    outcome: Arc<OnceLock<Result<T>>>,
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self { ended: self.ended.clone(), outcome: self.outcome.clone() }
    }
}

/// Starts a thread called `name` that runs `work`. If `work` panics, that is logged, and the outcome is an error.
pub fn spawn<T: Send + Sync + 'static>(name: &'static str, work: impl FnOnce() -> T + Send + 'static) -> Result<Watched<T>> {
    let (alive, ended) = bounded::<()>(0);
    let outcome = Arc::new(OnceLock::new());
    let result = outcome.clone();
    let watched = move || {
        // unwind safe: everything that `work` owns is dropped after a panic
        let done = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
            let error = Error::failed(format!("the thread '{name}' panicked")).because(panic_text(&*panic));
            tracing::error!("{error}");
            error
        });
        // it is set only here
        let _ = result.set(done);
        drop(alive);
    };
    let started = thread::Builder::new().name(name.into()).spawn(watched);
    started.map_err(|e| Error::failed(format!("cannot start the thread '{name}'")).because(e))?;
    Ok(Watched { ended, outcome })
}

impl<T> Watched<T> {
    /// Disconnected once the thread ends; nothing is ever sent.
    pub fn ended(&self) -> &Receiver<()> {
        &self.ended
    }

    /// The outcome of the thread, once it has ended; after a panic, an error with its message.
    pub fn outcome(&self) -> Option<&Result<T>> {
        self.outcome.get()
    }

    /// Waits for its end, at most until `deadline`; whether it has ended.
    pub fn wait(&self, deadline: Instant) -> bool {
        self.ended.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
    }
}

/// The message of a panic.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn its_end_is_observed_with_its_outcome() {
        let (go, wait) = bounded::<()>(0);
        let thread = spawn("test", move || wait.recv().is_err()).unwrap();
        assert!(!thread.wait(Instant::now()) && thread.outcome().is_none());
        drop(go);
        assert!(thread.clone().wait(Instant::now() + LONG));
        assert_eq!(thread.outcome().unwrap().as_ref().ok(), Some(&true));
    }

    #[test]
    fn a_panic_is_an_error_with_the_threads_name_and_the_message() {
        let number = 7;
        let thread = spawn("test", move || assert!(number == 0, "number {number}")).unwrap();
        assert!(thread.wait(Instant::now() + LONG));
        let error = thread.outcome().unwrap().as_ref().unwrap_err();
        assert_eq!(error.to_string(), "the thread 'test' panicked: number 7");
    }
}
