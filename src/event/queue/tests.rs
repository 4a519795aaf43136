//! A queued publisher: blocking and losses.

use super::*;
use crate::frame::{FrameInfo, Picture, PixelFormat};
use crate::prediction::Timing;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// Reports the number and `missed` of each result, and then waits for the test's permit.
struct Gated(Sender<(u64, u64)>, Receiver<()>);

impl Publisher for Gated {
    fn name(&self) -> &'static str {
        "a test"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        if let Event::Result { prediction, missed, .. } = event {
            self.0.send((prediction.seq, *missed)).unwrap();
            // once the gate is dropped, nothing blocks
            let _ = self.1.recv();
        }
        Ok(())
    }
}

fn result(seq: u64, live: bool) -> Prediction {
    Prediction {
        source: "front".into(),
        region: None,
        seq,
        info: FrameInfo { live, ..FrameInfo::new(Picture::new(PixelFormat::Gray8, 1, 1)) },
        model: "m".into(),
        execution_provider: "CPU",
        top: Vec::new(),
        stable: None,
        labels: crate::labels::Labels::numbered(1).into(),
        timing: Timing::default(),
        reused: false,
        dropped: 0,
    }
}

fn push(queue: &Queue, seq: u64, live: bool) {
    queue.push(&Event::Result { prediction: &result(seq, live), missed: 0 }).unwrap();
}

fn gated() -> (Queue, Receiver<(u64, u64)>, Sender<()>) {
    let ((tell, report), (gate, opened)) = (unbounded(), bounded(0));
    (Queue::start(Box::new(Gated(tell, opened))).unwrap(), report, gate)
}

#[test]
fn a_blocked_publisher_blocks_nothing_and_its_oldest_results_are_dropped_and_counted() {
    let (queue, report, gate) = gated();
    push(&queue, 0, true);
    assert_eq!(report.recv().unwrap(), (0, 0), "the publisher has it and is blocked");
    let last = CAPACITY as u64 + 10;
    (1..=last).for_each(|seq| push(&queue, seq, true));
    drop(gate);
    queue.end().unwrap();
    let rest: Vec<_> = report.try_iter().collect();
    assert_eq!(rest[0], (11, 10), "the ten oldest are missed, and the first result after the gap says so");
    assert!(rest[1..].iter().map(|(seq, missed)| (*seq, *missed)).eq((12..=last).map(|seq| (seq, 0))), "{rest:?}");
}

#[test]
fn a_result_of_a_film_waits_for_room_until_waiting_ends() {
    let (queue, report, gate) = gated();
    (0..=CAPACITY as u64).for_each(|seq| push(&queue, seq, false));
    let queue = Arc::new(queue);
    let (filling, filled) = (queue.clone(), bounded::<()>(0));
    let film = std::thread::spawn(move || {
        (65..70).for_each(|seq| push(&filling, seq, false));
        drop(filled.0);
    });
    gate.send(()).unwrap();
    gate.send(()).unwrap();
    assert_eq!((0..3).map(|_| report.recv().unwrap().0).collect::<Vec<_>>(), [0, 1, 2]);
    queue.stop_waiting();
    film.join().unwrap();
    drop(gate);
    queue.end().unwrap();
    let rest: Vec<_> = report.try_iter().collect();
    assert_eq!(rest.last().map(|(seq, _)| *seq), Some(69));
    let missed: u64 = rest.iter().map(|(_, missed)| missed).sum();
    assert_eq!(rest.len() as u64 + missed, 67, "published, or counted");
}

#[test]
fn the_error_of_a_publisher_is_returned_at_the_end() {
    struct Full;
    impl Publisher for Full {
        fn name(&self) -> &'static str {
            "a test"
        }

        fn handle(&mut self, _: &Event) -> Result<()> {
            Err(Error::failed("the disk is full"))
        }
    }
    let queue = Queue::start(Box::new(Full)).unwrap();
    push(&queue, 0, true);
    assert_eq!(queue.end().unwrap_err().to_string(), "the disk is full");
    assert!(queue.push(&Event::Result { prediction: &result(1, true), missed: 0 }).is_err());
}

#[test]
fn a_publisher_that_never_returns_does_not_delay_a_shutdown() {
    let (queue, report, _gate) = gated();
    push(&queue, 0, true);
    report.recv().unwrap();
    queue.stop_waiting();
    queue.end().unwrap();
    assert!(queue.fault().is_none());
}
