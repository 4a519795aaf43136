//! The way to the broker: connects, and connects again after a pause, forever.

use super::credentials::Credentials;
use super::outbox::Outbox;
use super::session::{News, Session};
use super::settings::Params;
use super::transport::Transport;
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use nix::poll::PollFd;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The bounds of a pause between attempts: it is random up to a bound that doubles from the first to the second one ("full jitter"), so
/// that thousands of boards do not come back to a broker at the same moment.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// After a connection that lasted this long, pauses are short again.
const SETTLED: Duration = Duration::from_secs(60);

/// What has happened on the way to the broker.
#[derive(Debug)]
pub enum Change {
    /// News of the connection.
    News(News),
    /// There is no connection, why, and when the next attempt is made.
    Failed(Error, Duration),
}

/// The way to one broker.
pub struct Link {
    params: Params,
    client: String,
    /// The topic of the will.
    will: String,
    /// Systemd's credentials.
    passed: Option<PathBuf>,
    backoff: Backoff,
    state: State,
}

enum State {
    Waiting(Instant),
    /// A thread resolves the broker's name and connects.
    Connecting(Receiver<Result<(Transport, Credentials)>>),
    Open(Box<Session>, Instant),
}

impl Link {
    /// To the broker of `params`, as `client`, with a will for the topic `will`. Passwords are read when they are needed.
    pub fn new(params: &Params, client: &str, will: &str, passed: Option<&Path>, now: Instant) -> Self {
        let [first, most] = PAUSES;
        let (params, client, will, passed) = (params.clone(), client.to_owned(), will.to_owned(), passed.map(Path::to_owned));
        Self { params, client, will, passed, backoff: Backoff::new(first, most, SETTLED), state: State::Waiting(now) }
    }

    /// Goes on as far as it can without waiting.
    pub fn turn(&mut self, outbox: &mut Outbox, now: Instant) -> Vec<Change> {
        match &mut self.state {
            State::Waiting(until) if now >= *until => match self.connect() {
                Ok(connecting) => self.state = State::Connecting(connecting),
                Err(error) => return self.failed(error, Duration::ZERO, now),
            },
            State::Waiting(_) => {}
            State::Connecting(connecting) => match connecting.try_recv() {
                Ok(Ok((transport, credentials))) => {
                    let session = Session::new(transport, &self.params, &self.client, &credentials, &self.will, now);
                    self.state = State::Open(Box::new(session), now);
                }
                Ok(Err(error)) => return self.failed(error, Duration::ZERO, now),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => {
                    return self.failed(Error::failed("the thread 'connect' panicked"), Duration::ZERO, now);
                }
            },
            State::Open(session, since) => match session.turn(outbox, now) {
                Ok(news) => return news.into_iter().map(Change::News).collect(),
                Err(error) => {
                    let worked = if session.is_connected() { now.saturating_duration_since(*since) } else { Duration::ZERO };
                    return self.failed(error, worked, now);
                }
            },
        }
        Vec::new()
    }

    /// The connection, if the broker has accepted it.
    pub fn session(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Open(session, _) if session.is_connected() => Some(session),
            _ => None,
        }
    }

    /// What to wait for; `None` while there is no connection.
    pub fn descriptor(&self) -> Option<PollFd<'_>> {
        match &self.state {
            State::Open(session, _) => Some(PollFd::new(session.as_fd(), session.interest())),
            _ => None,
        }
    }

    /// Takes leave of the broker, so that it does not publish the will.
    pub fn disconnect(self) {
        if let State::Open(session, _) = self.state {
            session.disconnect();
        }
    }

    fn connect(&self) -> Result<Receiver<Result<(Transport, Credentials)>>> {
        let (done, connecting) = bounded(1);
        let (params, passed) = (self.params.clone(), self.passed.clone());
        let work = move || {
            let credentials = Credentials::read(&params, passed.as_deref());
            // nobody waits for it any more when the program ends
            let _ = done.send(credentials.and_then(|credentials| Ok((Transport::open(&params)?, credentials))));
        };
        let started = thread::Builder::new().name("connect".into()).spawn(work);
        started.map_err(|e| Error::failed("cannot start the thread 'connect'").because(e))?;
        Ok(connecting)
    }

    fn failed(&mut self, error: Error, worked: Duration, now: Instant) -> Vec<Change> {
        let pause = jitter(self.backoff.pause(worked), RandomState::new().build_hasher().finish());
        self.state = State::Waiting(now + pause);
        vec![Change::Failed(error, pause)]
    }
}

/// A part of `pause`, as `random` says.
fn jitter(pause: Duration, random: u64) -> Duration {
    pause.mul_f64(random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread_over_the_whole_time() {
        let pause = Duration::from_secs(60);
        assert_eq!([jitter(pause, 0), jitter(pause, u64::MAX)], [Duration::ZERO, pause]);
        let mut random: Vec<_> = (0..200).map(|_| jitter(pause, RandomState::new().build_hasher().finish())).collect();
        random.sort();
        assert!(random[0] < pause / 4 && random[199] > pause * 3 / 4, "{random:?}");
        random.dedup();
        assert!(random.len() > 190, "{random:?}");
    }
}
