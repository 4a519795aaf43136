//! The queue of log messages. One thread writes them, and may block on the reader; all others only append here.
//!
//! If a paused pager or a hung journal stops reading, the pipe is soon full. A thread that blocked on it would delay a frame or a
//! signal. So the queue is bounded, messages that do not fit are dropped, and their number is logged later in their place.
//! (The non-blocking writer of tracing-appender was considered: it does not report losses, and writes to standard output if it is full
//! at the end.)

use super::style::Style;
use crate::repeats::Repeats;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tracing::Level;

/// How often repeated messages and losses are reported while nothing else is logged.
const LOOK: Duration = Duration::from_secs(1);

enum Item {
    /// A message, and the number of messages lost before it.
    Lines(String, u64),
    /// Dropped once everything before it is written.
    Flush(Sender<()>),
}

/// The sending side.
pub struct Queue {
    items: Sender<Item>,
    shared: Arc<Shared>,
}

struct Shared {
    style: Style,
    /// Messages lost since the last one that was queued.
    lost: AtomicU64,
    repeats: Mutex<Repeats<Level>>,
    /// The latest warning or error.
    warning: Mutex<Option<String>>,
}

impl Queue {
    /// A queue for at most `limit` messages, which its own thread writes to `out`. While `is_covered` returns true, they are kept: a view
    /// covers the terminal.
    pub fn start(limit: usize, style: Style, out: impl Write + Send + 'static, is_covered: fn() -> bool) -> io::Result<Self> {
        let (items, waiting) = bounded(limit);
        let shared = Arc::new(Shared { style, lost: AtomicU64::new(0), repeats: Mutex::default(), warning: Mutex::default() });
        let mut writer = Writer { out, shared: shared.clone(), is_covered, covered: VecDeque::new(), left_out: 0, limit };
        thread::Builder::new().name("log".into()).spawn(move || writer.run(&waiting))?;
        Ok(Self { items, shared })
    }

    /// Queues a message, or counts it as lost; never blocks. A repeated text of the same `source` is only counted.
    pub fn say(&self, level: Level, source: Option<&str>, text: &str) {
        if let Some(source) = source
            && !self.shared.repeats().is_new(source, text, level, Instant::now())
        {
            return;
        }
        if level <= Level::WARN {
            let line = Style::Plain.lines(level, text).lines().next().map(|line| line.trim_start().to_owned());
            *self.shared.warning.lock().unwrap_or_else(PoisonError::into_inner) = line;
        }
        let lost = self.shared.lost.swap(0, Ordering::Relaxed);
        if self.items.try_send(Item::Lines(self.shared.style.lines(level, text), lost)).is_err() {
            self.shared.lost.fetch_add(lost + 1, Ordering::Relaxed);
        }
    }

    /// The latest warning or error, on one line.
    pub fn latest_warning(&self) -> Option<String> {
        self.shared.warning.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until everything is written, for at most `within`. Whether it was.
    pub fn flush(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let (done, written) = bounded(0);
        self.items.send_deadline(Item::Flush(done), deadline).is_ok()
            && written.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
    }
}

impl Shared {
    fn repeats(&self) -> std::sync::MutexGuard<'_, Repeats<Level>> {
        self.repeats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer<W> {
    out: W,
    shared: Arc<Shared>,
    is_covered: fn() -> bool,
    /// Lines that are written once nothing covers the terminal: the newest `limit`.
    covered: VecDeque<String>,
    /// The number of older ones.
    left_out: u64,
    limit: usize,
}

impl<W: Write> Writer<W> {
    fn run(&mut self, waiting: &Receiver<Item>) {
        let mut looked = Instant::now();
        loop {
            let flushed = match waiting.recv_timeout(LOOK) {
                Ok(Item::Lines(lines, lost)) => {
                    self.report_lost(lost);
                    self.write(&lines);
                    None
                }
                Ok(Item::Flush(done)) => Some(done),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if !self.covered.is_empty() && !(self.is_covered)() {
                self.uncover();
            }
            if flushed.is_some() || looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.report(flushed.is_some(), waiting.is_empty());
            }
        }
    }

    /// Reports repetitions, and losses if `last`: otherwise the next message in the queue reports them.
    fn report(&mut self, end: bool, last: bool) {
        let due = self.shared.repeats().due(Instant::now(), end);
        for (level, text) in due {
            self.write(&self.shared.style.lines(level, &text));
        }
        if last {
            let lost = self.shared.lost.swap(0, Ordering::Relaxed);
            self.report_lost(lost);
        }
    }

    fn report_lost(&mut self, lost: u64) {
        let text = match lost {
            0 => return,
            1 => "1 log message was lost: standard error was not read".to_owned(),
            lost => format!("{lost} log messages were lost: standard error was not read"),
        };
        self.write(&self.shared.style.lines(Level::WARN, &text));
    }

    fn uncover(&mut self) {
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            let text = format!("{left_out} earlier log messages are left out");
            let _ = self.out.write_all(self.shared.style.lines(Level::WARN, &text).as_bytes());
        }
        for lines in std::mem::take(&mut self.covered) {
            let _ = self.out.write_all(lines.as_bytes());
        }
    }

    fn write(&mut self, lines: &str) {
        if (self.is_covered)() {
            if self.covered.len() == self.limit {
                self.covered.pop_front();
                self.left_out += 1;
            }
            return self.covered.push_back(lines.to_owned());
        }
        self.uncover();
        // if standard error is closed, no log is wanted
        let _ = self.out.write_all(lines.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    /// A reader under the test's control: each write waits for a permit, and its text is then received.
    struct Slow(Receiver<()>, Sender<String>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // once the test stops reading, writes succeed at once
            let _ = self.0.recv();
            let _ = self.1.send(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_paused_reader_blocks_nothing_and_losses_are_reported() {
        let (read, reads) = bounded(100);
        let (heard, log) = bounded(100);
        let queue = Queue::start(3, Style::Plain, Slow(reads, heard), || false).unwrap();
        queue.say(Level::INFO, None, "0");
        // the writer has taken the first one, and is blocked
        while !queue.items.is_empty() {
            thread::yield_now();
        }
        (1..346).for_each(|n| queue.say(Level::INFO, None, &n.to_string()));
        assert!(!queue.flush(Duration::from_millis(10)), "nothing reads");
        (0..4).for_each(|_| read.send(()).unwrap());
        assert_eq!((0..4).map(|_| log.recv().unwrap()).collect::<String>(), " INFO 0\n INFO 1\n INFO 2\n INFO 3\n");
        queue.say(Level::INFO, None, "again");
        drop(read);
        assert!(queue.flush(Duration::from_secs(20)));
        let rest: String = log.try_iter().collect();
        assert_eq!(rest, " WARN 342 log messages were lost: standard error was not read\n INFO again\n");
    }

    #[test]
    fn lines_under_a_view_are_written_when_it_is_closed() {
        static COVERED: AtomicBool = AtomicBool::new(true);
        let (heard, log) = bounded(100);
        let (_, reads) = bounded(0);
        let queue = Queue::start(3, Style::Plain, Slow(reads, heard), || COVERED.load(Ordering::Relaxed)).unwrap();
        for n in 0..4 {
            queue.say(Level::INFO, None, &n.to_string());
            assert!(queue.flush(Duration::from_secs(20)));
        }
        queue.say(Level::WARN, None, "bad\n  because");
        assert_eq!(queue.latest_warning().as_deref(), Some("WARN bad"));
        assert!(queue.flush(Duration::from_secs(20)) && log.is_empty());
        COVERED.store(false, Ordering::Relaxed);
        assert!(queue.flush(Duration::from_secs(20)));
        let all: String = log.try_iter().collect();
        assert_eq!(all, " WARN 2 earlier log messages are left out\n INFO 2\n INFO 3\n WARN bad\n  because\n");
    }

    #[test]
    fn repetitions_of_a_source_are_counted_and_reported_at_the_end() {
        let (heard, log) = bounded(100);
        let (_, reads) = bounded(0);
        let queue = Queue::start(100, Style::Journal, Slow(reads, heard), || false).unwrap();
        (0..10).for_each(|n| queue.say(Level::WARN, Some("front"), &format!("front: frame {n} is bad")));
        queue.say(Level::WARN, None, "twice");
        queue.say(Level::WARN, None, "twice");
        assert!(queue.flush(Duration::from_secs(20)));
        let all: String = log.try_iter().collect();
        assert_eq!(all, "<4>front: frame 0 is bad\n<4>twice\n<4>twice\n<4>front: frame 0 is bad (9 times more in the last 1 s)\n");
    }
}
