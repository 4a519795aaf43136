//! `on_stuck`: a command that may recover a camera (a restart of the camera server, a power cycle of the USB port).
//!
//! It has its own thread, so that retries of the camera continue meanwhile, and its own process group, so that its children are
//! terminated with it. It is terminated with the camera and with the program.

use crate::system::signals::Stop;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(30);

/// How long a command may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// The interval of checks whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// How many bytes of its standard error are shown.
const SHOWN: usize = 2048;

/// Runs the commands of one camera, one at a time.
pub struct Hook {
    camera: Arc<str>,
    /// Closed at the end of the camera.
    stop: Stop,
    /// Kept so that waiting for the end of the camera includes its command.
    alive: Sender<()>,
    running: Arc<AtomicBool>,
}

impl Hook {
    /// The hook of `camera`; its commands end with `stop`, and a clone of `alive` exists while one is running.
    pub fn new(camera: Arc<str>, stop: Stop, alive: Sender<()>) -> Self {
        Self { camera, stop, alive, running: Arc::default() }
    }

    /// Starts `command` with `sh`, unless one is running.
    pub fn start(&self, command: &str) {
        let camera = self.camera.clone();
        if self.running.swap(true, Ordering::AcqRel) {
            return tracing::warn!("{camera}: the command of on_stuck is still running");
        }
        let (command, stop) = (command.to_owned(), self.stop.clone());
        let (alive, running) = (self.alive.clone(), self.running.clone());
        let work = move || {
            tell(&camera, run(&camera, &command, LONGEST, stop.receiver()));
            running.store(false, Ordering::Release);
            drop(alive);
        };
        if let Err(e) = thread::Builder::new().name("on_stuck".into()).spawn(work) {
            self.running.store(false, Ordering::Release);
            tracing::warn!("{}: cannot start a thread for the command of on_stuck: {e}", self.camera);
        }
    }
}

/// The outcome of a command, and its standard error.
#[derive(Debug)]
enum Outcome {
    Ended(ExitStatus, String),
    TooLong(String),
    Stopped,
}

fn tell(camera: &str, outcome: io::Result<Outcome>) {
    let shown = |text: String| text.lines().map(|line| format!("\n  {line}")).collect::<String>();
    match outcome {
        Ok(Outcome::Ended(status, text)) if status.success() => {
            tracing::info!("{camera}: the command of on_stuck is done{}", shown(text));
        }
        Ok(Outcome::Ended(status, text)) => tracing::warn!("{camera}: the command of on_stuck failed: {status}{}", shown(text)),
        Ok(Outcome::TooLong(text)) => {
            let limit = LONGEST.as_secs();
            tracing::warn!("{camera}: the command of on_stuck did not end within {limit} s, and was stopped{}", shown(text));
        }
        Ok(Outcome::Stopped) => tracing::debug!("{camera}: the command of on_stuck was ended with the camera"),
        Err(e) => tracing::warn!("{camera}: cannot run the command of on_stuck: {e}"),
    }
}

/// Runs `command` for at most `limit`, or until `stop` is closed. Afterwards its process group is empty.
fn run(camera: &str, command: &str, limit: Duration, stop: &Receiver<()>) -> io::Result<Outcome> {
    // Signals are blocked in this program's threads, and children inherit that, so SIGTERM would not reach them. This thread does not
    // use the NPU, so it may receive signals.
    SigSet::all().thread_unblock()?;
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("GLIMPSED_CAMERA", camera).process_group(0);
    let mut child = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut output = Output { from: child.stderr.take(), text: Vec::new() };
    let deadline = Instant::now() + limit;
    let (mut stopped, mut ended) = (false, false);
    while !(ended || stopped || Instant::now() >= deadline) {
        stopped = output.wait(stop);
        ended = has_ended(&child);
    }
    end_group(&child);
    // all writers have ended, or have left the group
    output.take_rest();
    let (status, text) = (child.wait()?, String::from_utf8_lossy(&output.text).into_owned());
    Ok(match (ended, stopped) {
        (true, _) => Outcome::Ended(status, text),
        (_, true) => Outcome::Stopped,
        _ => Outcome::TooLong(text),
    })
}

/// Whether the shell has ended; it stays a zombie, so that its process group id is not reused.
fn has_ended(child: &Child) -> bool {
    let options = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    // a process that cannot be waited for is not ours any more
    waitid(Id::Pid(pid(child)), options) != Ok(WaitStatus::StillAlive)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn end_group(child: &Child) {
    let group = pid(child);
    // a group without processes has ended
    let _ = killpg(group, Signal::SIGTERM);
    let deadline = Instant::now() + GRACE;
    while !has_ended(child) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = killpg(group, Signal::SIGKILL);
}

/// The command's standard error: the first part is kept, the rest is read and discarded.
struct Output {
    from: Option<ChildStderr>,
    text: Vec<u8>,
}

impl Output {
    /// Waits shortly for something to read or for `stop`; whether `stop` is closed.
    fn wait(&mut self, stop: &Receiver<()>) -> bool {
        if self.from.is_none() {
            return stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Disconnected);
        }
        self.read(LOOK);
        matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected))
    }

    fn take_rest(&mut self) {
        let deadline = Instant::now() + LOOK;
        while self.from.is_some() && Instant::now() < deadline && self.read(Duration::ZERO) {}
    }

    /// Reads what is available, or arrives within `time`. Whether there was something.
    fn read(&mut self, time: Duration) -> bool {
        let Some(from) = &mut self.from else { return false };
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        if poll(&mut [PollFd::new(from.as_fd(), PollFlags::POLLIN)], time) == Ok(0) {
            return false;
        }
        let mut bytes = [0; 1024];
        match from.read(&mut bytes) {
            Ok(0) | Err(_) => self.from = None,
            Ok(read) => self.text.extend_from_slice(&bytes[..read.min(SHOWN - self.text.len())]),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;
    use std::fs;
    use std::path::Path;

    /// A deadline that is not reached.
    const LONG: Duration = Duration::from_secs(60);

    fn wait_for(path: &Path) -> String {
        let deadline = Instant::now() + LONG;
        while Instant::now() < deadline {
            if let Ok(text) = fs::read_to_string(path)
                && text.ends_with('\n')
            {
                return text.trim().to_owned();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("'{}' does not appear", path.display());
    }

    /// Whether a process exists and is not a zombie.
    fn lives(pid: &str) -> bool {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.rsplit(')').next().unwrap().starts_with(" Z"))
    }

    /// Waits for the end of a process that was killed: the kernel may take a moment.
    fn dies(pid: &str) -> bool {
        let deadline = Instant::now() + LONG;
        while lives(pid) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        !lives(pid)
    }

    #[test]
    fn a_command_ends_with_its_children_when_the_camera_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        // both the shell and its child ignore SIGTERM
        let command = format!("trap '' TERM; sleep 1000 & echo $! > {}; wait", file.display());
        let stop = Stop::default();
        let (alive, ended) = bounded::<()>(0);
        let hook = Hook::new("front".into(), stop.clone(), alive);
        hook.start(&command);
        let pid = wait_for(&file);
        fs::remove_file(&file).unwrap();
        hook.start(&command);
        assert!(lives(&pid));
        stop.request();
        drop(hook);
        assert_eq!(ended.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "its thread has ended");
        assert!(dies(&pid));
        assert!(!file.exists(), "one at a time: the second was not started");
    }

    #[test]
    fn a_command_that_takes_too_long_is_terminated_with_its_children_and_logged() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let command = format!("echo so far >&2; sleep 1000 & echo $! > {}; wait", file.display());
        let (_open, stop) = bounded::<()>(0);
        let outcome = run("front", &command, Duration::from_millis(500), &stop).unwrap();
        assert!(matches!(&outcome, Outcome::TooLong(text) if text == "so far\n"), "{outcome:?}");
        assert!(!file.exists() || dies(&wait_for(&file)));
    }

    #[test]
    fn a_command_has_no_signals_blocked_and_its_output_is_bounded() {
        let block = SigSet::all();
        block.thread_block().unwrap();
        let (_open, stop) = bounded::<()>(0);
        let outcome = run("front", "grep SigBlk /proc/self/status >&2; echo $GLIMPSED_CAMERA >&2; exit 3", LONG, &stop).unwrap();
        let Outcome::Ended(status, text) = outcome else { panic!("{outcome:?}") };
        assert_eq!((status.code(), text.as_str()), (Some(3), "SigBlk:\t0000000000000000\nfront\n"));
        let outcome = run("front", "head -c 100000 /dev/zero >&2", LONG, &stop).unwrap();
        assert!(matches!(&outcome, Outcome::Ended(status, text) if status.success() && text.len() == SHOWN), "{outcome:?}");
    }
}
