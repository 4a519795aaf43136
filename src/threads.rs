//! Long-lived threads, each started so that its end can be seen: what it came to, or the text of its panic.
//!
//! A thread that ends unnoticed leaves a program that looks alive and does half of its work.

use crate::error::{Error, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

/// A thread that was started. Copies see the same end.
pub struct Watched<T> {
    ended: Receiver<()>,
    outcome: Arc<OnceLock<Result<T>>>,
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self { ended: self.ended.clone(), outcome: self.outcome.clone() }
    }
}

/// Starts a thread called `name` that does `work`. If `work` panics, the log says so, and the outcome is an error.
pub fn spawn<T: Send + Sync + 'static>(name: &'static str, work: impl FnOnce() -> T + Send + 'static) -> Result<Watched<T>> {
    let (alive, ended) = bounded::<()>(0);
    let outcome = Arc::new(OnceLock::new());
    let result = outcome.clone();
    let watched = move || {
        // all that `work` owns is gone after a panic, so that nobody sees it half changed
        let done = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
            let error = Error::failed(format!("the thread '{name}' panicked")).because(panic_text(&*panic));
            tracing::error!("{error}");
            error
        });
        // nobody else sets it
        let _ = result.set(done);
        drop(alive);
    };
    let started = thread::Builder::new().name(name.into()).spawn(watched);
    started.map_err(|e| Error::failed(format!("cannot start the thread '{name}'")).because(e))?;
    Ok(Watched { ended, outcome })
}

impl<T> Watched<T> {
    /// Disconnected from the end of the thread on; nothing is ever sent.
    pub fn ended(&self) -> &Receiver<()> {
        &self.ended
    }

    /// What the thread came to, once it has ended; the error says what its panic said.
    pub fn outcome(&self) -> Option<&Result<T>> {
        self.outcome.get()
    }

    /// Waits for its end, until `deadline` at the latest; whether it has ended.
    pub fn wait(&self, deadline: Instant) -> bool {
        self.ended.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn its_end_is_seen_with_what_it_came_to() {
        let (go, wait) = bounded::<()>(0);
        let thread = spawn("test", move || wait.recv().is_err()).unwrap();
        assert!(!thread.wait(Instant::now()) && thread.outcome().is_none());
        drop(go);
        assert!(thread.clone().wait(Instant::now() + LONG));
        assert_eq!(thread.outcome().unwrap().as_ref().ok(), Some(&true));
    }

    #[test]
    fn a_panic_is_an_error_with_its_name_and_text() {
        let number = 7;
        let thread = spawn("test", move || assert!(number == 0, "number {number}")).unwrap();
        assert!(thread.wait(Instant::now() + LONG));
        let error = thread.outcome().unwrap().as_ref().unwrap_err();
        assert_eq!(error.to_string(), "the thread 'test' panicked: number 7");
    }
}
