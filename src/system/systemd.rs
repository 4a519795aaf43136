//! Notifications to systemd (`Type=notify`): READY, STATUS, WATCHDOG, RELOADING, STOPPING. Without a service manager nothing is sent.
//!
//! The watchdog is fed only on progress, which the caller of [`Service::tell`] reports. If an engine hangs, the watchdog is not fed, and
//! systemd acts.
//!
//! Nothing here blocks. If the service manager's socket is full, a STATUS is dropped, as the next one follows soon; READY, RELOADING and
//! STOPPING are queued in order and sent again with the next message.

use crate::{printable, secrets};
use sd_notify::NotifyState;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The minimum interval between STATUS and WATCHDOG messages.
const EVERY: Duration = Duration::from_secs(1);

/// A longer STATUS is truncated: systemd ignores messages of more than 4096 bytes altogether.
const STATUS: usize = 2048;

/// The maximum number of messages queued for a full socket; further ones are dropped.
const KEPT: usize = 16;

/// The connection to the service manager.
pub struct Service {
    /// Its socket: `NOTIFY_SOCKET`.
    address: Option<OsString>,
    every: Duration,
    stopping: bool,
    said: Option<(String, Instant)>,
    /// Messages that must be delivered and are not sent yet.
    kept: VecDeque<String>,
}

impl Default for Service {
    /// The service manager given by the environment (`NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    fn default() -> Self {
        // a quarter of the watchdog's time: one late message must not trigger it
        let every = sd_notify::watchdog_enabled().map_or(EVERY, |watchdog| (watchdog / 4).min(EVERY));
        Self::new(std::env::var_os("NOTIFY_SOCKET"), every)
    }
}

impl Service {
    fn new(address: Option<OsString>, every: Duration) -> Self {
        Self { address, every, stopping: false, said: None, kept: VecDeque::new() }
    }

    /// The interval at which to notify it.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Sends READY: after startup, and after each reload.
    pub fn ready(&mut self) {
        self.keep(&[NotifyState::Ready]);
    }

    /// Sends RELOADING; [`Service::ready`] ends the reload.
    pub fn reloading(&mut self) {
        let mut states = vec![NotifyState::Reloading];
        states.extend(NotifyState::monotonic_usec_now().ok());
        self.keep(&states);
    }

    /// Sends STATUS, and WATCHDOG if `alive` (there was progress). An unchanged status is not repeated within the interval.
    pub fn tell(&mut self, status: &str, alive: bool) {
        let now = Instant::now();
        let news = self.said.as_ref().is_none_or(|(said, at)| said != status || now - *at >= self.every);
        if self.stopping || !(alive || news) {
            return;
        }
        self.send_kept();
        let shown = one_line(status);
        let sent = match alive {
            true => self.send(&message(&[NotifyState::Watchdog, NotifyState::Status(&shown)])),
            false => self.send(&message(&[NotifyState::Status(&shown)])),
        };
        if sent {
            self.said = Some((status.to_owned(), now));
        }
    }

    /// Sends STOPPING, once.
    pub fn stopping(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            self.keep(&[NotifyState::Stopping, NotifyState::Status("shutting down")]);
        }
    }

    /// Sends the queued messages. Whether all of them were sent.
    pub fn send_kept(&mut self) -> bool {
        while let Some(message) = self.kept.pop_front() {
            if !self.send(&message) {
                self.kept.push_front(message);
                return false;
            }
        }
        true
    }

    fn keep(&mut self, states: &[NotifyState]) {
        if self.address.is_some() && self.kept.len() < KEPT {
            self.kept.push_back(message(states));
        }
        self.send_kept();
    }

    /// Sends `message`; `false` if the socket is full. Other errors are not retried.
    fn send(&self, message: &str) -> bool {
        let Some(address) = &self.address else { return true };
        let sent = || -> io::Result<()> {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            let address = match address.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
                _ => SocketAddr::from_pathname(address)?,
            };
            socket.send_to_addr(message.as_bytes(), &address).map(drop)
        };
        match sent() {
            Ok(()) => true,
            Err(e) if e.kind() == ErrorKind::WouldBlock => false,
            Err(e) => {
                tracing::debug!("cannot notify systemd: {e}");
                true
            }
        }
    }
}

fn message(states: &[NotifyState]) -> String {
    states.iter().map(|state| format!("{state}\n")).collect()
}

/// `status` on one line, because systemd would read a further line as another assignment; without passwords.
fn one_line(status: &str) -> String {
    let safe = secrets::redact(status);
    let mut line = printable::line(&safe).into_owned();
    if line.len() > STATUS {
        line.truncate(line.floor_char_boundary(STATUS));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(notify: &UnixDatagram) -> Vec<String> {
        notify.set_nonblocking(true).unwrap();
        let mut bytes = [0; 8192];
        std::iter::from_fn(|| notify.recv(&mut bytes).ok().map(|len| String::from_utf8_lossy(&bytes[..len]).into_owned())).collect()
    }

    #[test]
    fn a_full_socket_does_not_block_and_queued_messages_are_sent_later() {
        // an abstract address, as containers use them
        let name = format!("glimpsed-test-{}", std::process::id());
        let notify = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let mut service = Service::new(Some(format!("@{name}").into()), Duration::ZERO);
        // nothing reads: this fills the socket, and returns
        (0..5000).for_each(|n| service.tell(&n.to_string(), true));
        service.reloading();
        service.ready();
        assert!(!service.send_kept());
        assert!(received(&notify).iter().all(|text| text.starts_with("WATCHDOG=1\nSTATUS=")));
        service.tell("front: cat", true);
        service.stopping();
        let heard = received(&notify);
        assert!(heard[0].starts_with("RELOADING=1\nMONOTONIC_USEC="), "{heard:?}");
        assert_eq!(heard[1..], ["READY=1\n", "WATCHDOG=1\nSTATUS=front: cat\n", "STOPPING=1\nSTATUS=shutting down\n"]);
    }

    #[test]
    fn a_status_is_one_short_line_without_passwords() {
        let text = one_line("front is lost: bad\nMAINPID=1\nWATCHDOG=1 rtsp://me:pw@cam");
        assert_eq!(text, "front is lost: bad\\nMAINPID=1\\nWATCHDOG=1 rtsp://me:***@cam");
        assert!(one_line(&"é".repeat(5000)).len() < STATUS + 4);
    }
}
