//! Recovery from NPU failures: the session is dropped and reopened with exponential back-off, while the cameras keep running.
//!
//! When an NPU restarts (ENGINE_ERROR), all its sessions are lost, and the frame that was being processed with them.
//! After several failures in a row the CPU takes over, if that is allowed, and the NPU is retried in the background at a low rate.

use super::infer::{Execution, Infer};
use crate::backoff::Backoff;
use crate::error::{Error, Kind, Result};
use crate::tensor::Tensor;
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Opens a session.
pub type Open = Arc<dyn Fn() -> Result<Box<dyn Infer>> + Send + Sync>;

/// The retry policy of a failed NPU session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The pause before the first attempt; each further one is twice as long...
    pub first: Duration,
    /// ...up to this.
    pub most: Duration,
    /// After this many failures in a row the CPU takes over, or the session fails.
    pub failures: u32,
    /// How often the NPU is retried while the CPU runs the model.
    pub background: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), most: Duration::from_secs(8), failures: 5, background: Duration::from_secs(60) }
    }
}

/// A session that is reopened when it fails.
pub struct Recovering {
    session: Option<Box<dyn Infer>>,
    open: Open,
    /// Opens the session that takes over if the NPU does not recover.
    instead: Option<Open>,
    patience: Patience,
    execution: Execution,
    failures: u32,
    backoff: Backoff,
    next_try: Instant,
    /// Delivers the NPU's new session; set while the CPU runs the model.
    returning: Option<Receiver<Box<dyn Infer>>>,
    /// The background thread ends when this is dropped.
    alive: Arc<()>,
}

impl Recovering {
    /// Starts with `session`, which `open` reopens; `instead` takes over after too many failures.
    pub fn new(session: Box<dyn Infer>, open: Open, instead: Option<Open>, patience: Patience) -> Self {
        let execution = session.execution().clone();
        Self {
            session: Some(session),
            open,
            instead,
            patience,
            execution,
            failures: 0,
            backoff: Backoff::new(patience.first, patience.most, Duration::MAX),
            next_try: Instant::now(),
            returning: None,
            alive: Arc::new(()),
        }
    }

    /// The current session; a transient error if there is none yet.
    fn session(&mut self) -> Result<&mut Box<dyn Infer>> {
        match self.returning.as_ref().map(Receiver::try_recv) {
            Some(Ok(session)) => {
                tracing::info!("the NPU is back: {}", session.execution().detail);
                self.returning = None;
                self.worked();
                self.install(session);
            }
            Some(Err(TryRecvError::Disconnected)) if Instant::now() >= self.next_try => {
                self.next_try = Instant::now() + self.patience.background;
                tracing::error!("the thread 'npu', which retries the NPU, has panicked; it is restarted");
                self.returning = Some(self.await_return());
            }
            Some(Err(_)) | None => {}
        }
        if self.session.is_none() {
            if Instant::now() < self.next_try {
                return Err(passing("the NPU has failed; its session will be reopened"));
            }
            match (self.open)() {
                Ok(session) => {
                    tracing::info!("the NPU has a new session: {}", session.execution().detail);
                    self.install(session);
                }
                Err(error) => self.failed(&error)?,
            }
        }
        self.session.as_mut().ok_or_else(|| passing("the NPU has failed; its session is not open yet"))
    }

    /// Resets the count of failures after a success.
    fn worked(&mut self) {
        self.failures = 0;
        self.backoff.reset();
    }

    fn install(&mut self, session: Box<dyn Infer>) {
        self.execution = session.execution().clone();
        self.session = Some(session);
    }

    /// Handles a failure; an error once the retries are exhausted.
    fn failed(&mut self, why: &Error) -> Result<()> {
        self.session = None;
        self.failures += 1;
        let pause = self.backoff.pause(Duration::ZERO);
        self.next_try = Instant::now() + pause;
        if self.failures < self.patience.failures {
            tracing::warn!("the NPU failed; its session is reopened in {pause:.1?}: {why}");
            return Ok(());
        }
        let gives_up = format!("the NPU failed {} times in a row", self.failures);
        let Some(instead) = &self.instead else {
            return Err(Error::failed(gives_up)
                .because(why.clone())
                .hint("systemd restarts the service; --provider auto continues on the CPU."));
        };
        let session = instead()?;
        tracing::warn!("{gives_up}; {} takes over, the NPU is retried in the background: {why}", session.execution().detail);
        self.install(session);
        self.returning = Some(self.await_return());
        Ok(())
    }

    fn await_return(&self) -> Receiver<Box<dyn Infer>> {
        await_return(self.open.clone(), self.patience.background, Arc::downgrade(&self.alive))
    }
}

/// Tries to open a session every `pause`, on its own thread, until it succeeds or `wanted` is dropped.
fn await_return(open: Open, pause: Duration, wanted: Weak<()>) -> Receiver<Box<dyn Infer>> {
    let (give, returning) = bounded(0);
    let tried = thread::Builder::new().name("npu".into()).spawn(move || {
        while wanted.strong_count() > 0 {
            thread::sleep(pause);
            match open() {
                // if the receiver is gone, the session is dropped here
                Ok(session) => return drop(give.send(session)),
                Err(error) => tracing::debug!("the NPU is not back yet: {error}"),
            }
        }
    });
    if let Err(e) = tried {
        tracing::error!("cannot retry the NPU: {e}");
    }
    returning
}

/// An error that costs one frame.
fn passing(what: &str) -> Error {
    Error::new(Kind::Passing, what)
}

impl Infer for Recovering {
    fn infer(&mut self, input: &Tensor, output: &mut Tensor) -> Result<()> {
        let on_npu = self.returning.is_none();
        match self.session()?.infer(input, output) {
            Ok(()) => {
                self.worked();
                Ok(())
            }
            // failures of the CPU are not retried
            Err(error) if !on_npu => Err(error),
            Err(error) => {
                self.failed(&error)?;
                Err(passing("the NPU failed on this frame").because(error))
            }
        }
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Succeeds `lives` times, then fails.
    struct Mortal {
        lives: usize,
        execution: Execution,
    }

    impl Infer for Mortal {
        fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
            self.lives = self.lives.checked_sub(1).ok_or_else(|| Error::failed("ENGINE_ERROR"))?;
            Ok(())
        }

        fn execution(&self) -> &Execution {
            &self.execution
        }
    }

    fn session(provider: &'static str, lives: usize) -> Box<dyn Infer> {
        Box::new(Mortal { lives, execution: Execution { provider, detail: format!("a fake {provider}"), nodes: None } })
    }

    /// Opens sessions with the given numbers of lives in turn; `None` fails to open. Counts the attempts.
    fn opening(lives: Vec<Option<usize>>) -> (Open, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let (left, count) = (Mutex::new(lives.into_iter()), asked.clone());
        let open = move || {
            count.fetch_add(1, Ordering::SeqCst);
            left.lock().unwrap().next().flatten().map(|lives| session("QNN", lives)).ok_or_else(|| Error::failed("no NPU"))
        };
        (Arc::new(open), asked)
    }

    const HASTY: Patience =
        Patience { first: Duration::ZERO, most: Duration::ZERO, failures: 3, background: Duration::from_millis(1) };

    /// Runs `count` frames; the kind of error of each.
    fn frames(recovering: &mut Recovering, count: usize) -> Vec<std::result::Result<(), Kind>> {
        let (input, mut output) = (Tensor::U8(vec![0]), Tensor::U8(vec![0]));
        (0..count).map(|_| recovering.infer(&input, &mut output).map_err(|error| error.kind())).collect()
    }

    #[test]
    fn a_failure_costs_one_frame_and_the_next_has_a_new_session() {
        let (open, asked) = opening(vec![Some(2), Some(9)]);
        let mut recovering = Recovering::new(session("QNN", 1), open, None, HASTY);
        let lost = Err(Kind::Passing);
        assert_eq!(frames(&mut recovering, 6), [Ok(()), lost, Ok(()), Ok(()), lost, Ok(())]);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn there_is_a_pause_before_the_next_attempt() {
        let (open, asked) = opening(vec![Some(9)]);
        let patience = Patience { first: Duration::from_secs(3600), most: Duration::from_secs(3600), ..HASTY };
        let mut recovering = Recovering::new(session("QNN", 0), open, None, patience);
        assert_eq!(frames(&mut recovering, 3), [Err(Kind::Passing); 3]);
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn without_a_substitute_too_many_failures_end_the_session() {
        let (open, _) = opening(vec![Some(0), None, None]);
        let mut recovering = Recovering::new(session("QNN", 0), open, None, HASTY);
        assert_eq!(frames(&mut recovering, 3), [Err(Kind::Passing), Err(Kind::Passing), Err(Kind::Failed)]);
    }

    #[test]
    fn the_cpu_takes_over_until_the_npu_comes_back() {
        let (open, _) = opening(vec![None, None, None, Some(1000)]);
        let cpu: Open = Arc::new(|| Ok(session("CPU", usize::MAX)));
        let mut recovering = Recovering::new(session("QNN", 1), open, Some(cpu), HASTY);
        let lost = Err(Kind::Passing);
        assert_eq!(frames(&mut recovering, 4), [Ok(()), lost, lost, Ok(())]);
        assert_eq!(recovering.execution().provider, "CPU");
        // in the background the third attempt fails, and the fourth opens a session
        while recovering.execution().provider == "CPU" {
            assert_eq!(frames(&mut recovering, 1), [Ok(())]);
        }
        assert_eq!(frames(&mut recovering, 1), [Ok(())]);
    }
    #[test]
    fn a_panic_in_the_background_does_not_end_the_retries() {
        let count = AtomicUsize::new(0);
        let open: Open = Arc::new(move || match count.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(Error::failed("no NPU")),
            2 => panic!("a bug in opening a session"),
            _ => Ok(session("QNN", 1000)),
        });
        let cpu: Open = Arc::new(|| Ok(session("CPU", usize::MAX)));
        let mut recovering = Recovering::new(session("QNN", 0), open, Some(cpu), HASTY);
        assert_eq!(frames(&mut recovering, 3), [Err(Kind::Passing), Err(Kind::Passing), Ok(())]);
        while recovering.execution().provider == "CPU" {
            assert_eq!(frames(&mut recovering, 1), [Ok(())]);
        }
    }
}
