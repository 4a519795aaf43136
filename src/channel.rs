//! The frame channel: at most `capacity` frames wait, and in a live stream a new frame replaces the oldest.
//!
//! A live classifier that is too slow must not classify old frames. So the newest frame is always accepted, and the frames that it
//! replaces are counted: in the frame itself ([`Taken::dropped`]), and in total in [`Sender::dropped`].
//! Blocking the sender would stall the camera's buffer pool instead. A source that is not live can wait, and then nothing
//! is dropped: [`Sender::send_all`].

pub use crossbeam_channel::TryRecvError;

use crossbeam_channel::{Receiver as Queue, Select, Sender as QueueSender, TrySendError, bounded, select};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A channel for at most `capacity` waiting frames, at least 1.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    counted_channel(capacity, Arc::default())
}

/// Like [`channel`], with dropped frames counted in `dropped`.
pub fn counted_channel<T>(capacity: usize, dropped: Arc<AtomicU64>) -> (Sender<T>, Receiver<T>) {
    let (queue_in, queue_out) = bounded(capacity.max(1));
    let (alive, closed) = bounded(0);
    let sender = Sender { queue: queue_in, oldest: queue_out.clone(), closed, dropped: dropped.clone() };
    (sender, Receiver { queue: queue_out, dropped, _alive: alive })
}

/// The outcome of sending a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is queued.
    Queued,
    /// It is queued, and this many older frames were dropped.
    Replaced(u64),
    /// The receiver is gone; the frame counts as dropped.
    Closed,
}

/// A frame, and how many were dropped since the last one taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken<T> {
    /// The frame.
    pub frame: T,
    /// The number of frames dropped before it.
    pub dropped: u64,
}

/// The camera's side; there is one.
pub struct Sender<T> {
    queue: QueueSender<Taken<T>>,
    /// The receiving end of the same queue, to remove the oldest frame when it is full.
    oldest: Queue<Taken<T>>,
    /// Disconnected once the receiver is dropped. (The queue does not show that: `oldest` keeps it open.)
    closed: Queue<()>,
    dropped: Arc<AtomicU64>,
}

impl<T> Sender<T> {
    /// Queues `frame` without blocking; drops the oldest waiting frame if there is no room.
    pub fn send_newest(&mut self, frame: T) -> Sent {
        let mut waiting = Taken { frame, dropped: 0 };
        loop {
            if self.is_closed() {
                return self.lost();
            }
            match self.queue.try_send(waiting) {
                Ok(()) if self.is_closed() => return self.lost_in_queue(),
                Ok(()) => return Sent::Queued,
                Err(TrySendError::Disconnected(_)) => return self.lost(),
                Err(TrySendError::Full(back)) => waiting = back,
            }
            if let Ok(oldest) = self.oldest.try_recv() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                waiting.dropped += oldest.dropped + 1;
                match self.queue.try_send(waiting) {
                    Ok(()) if self.is_closed() => return self.lost_in_queue(),
                    Ok(()) => return Sent::Replaced(1),
                    Err(TrySendError::Disconnected(_)) => return self.lost(),
                    // unreachable: this is the only sender, and it has just made room
                    Err(TrySendError::Full(back)) => waiting = back,
                }
            }
        }
    }

    /// Waits until there is room for `frame`: nothing is dropped while the receiver exists.
    pub fn send_all(&mut self, frame: T) -> Sent {
        let waiting = Taken { frame, dropped: 0 };
        select! {
            send(self.queue, waiting) -> sent => match sent {
                Ok(()) if self.is_closed() => self.lost_in_queue(),
                Ok(()) => Sent::Queued,
                Err(_) => self.lost(),
            },
            recv(self.closed) -> _ => self.lost(),
        }
    }

    /// How many frames have been dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn is_closed(&self) -> bool {
        self.closed.try_recv() == Err(TryRecvError::Disconnected)
    }

    fn lost(&self) -> Sent {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.lost_in_queue()
    }

    /// Called once the receiver is gone: counts the frames that were queued during its drop.
    fn lost_in_queue(&self) -> Sent {
        self.dropped.fetch_add(self.oldest.try_iter().count() as u64, Ordering::Relaxed);
        Sent::Closed
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.is_closed() {
            self.lost_in_queue();
        }
    }
}

/// The engine's side; there is one. On drop, frames still in the queue count as dropped.
pub struct Receiver<T> {
    queue: Queue<Taken<T>>,
    dropped: Arc<AtomicU64>,
    _alive: QueueSender<()>,
}

impl<T> Receiver<T> {
    /// Waits for the next frame; `None` once the sender is gone and the queue is empty.
    pub fn recv(&self) -> Option<Taken<T>> {
        self.queue.recv().ok()
    }

    /// The next frame, if one is waiting.
    pub fn try_recv(&self) -> Result<Taken<T>, TryRecvError> {
        self.queue.try_recv()
    }

    /// A newer waiting frame to replace one already taken, if there is one; `dropped` is the count of the older one.
    pub fn newer(&self, dropped: u64) -> Option<Taken<T>> {
        let mut newer = self.queue.try_recv().ok()?;
        newer.dropped += dropped + 1;
        self.dropped.fetch_add(1, Ordering::Relaxed);
        Some(newer)
    }

    /// Counts a frame that was taken and gets no result.
    pub fn lose(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// For `select`: ready when a frame is waiting, or when there will be no more.
    pub fn wake<'a>(&'a self, select: &mut Select<'a>) {
        select.recv(&self.queue);
    }

    /// The counter of dropped frames; final once both sides are dropped.
    pub fn dropped_counter(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.dropped.fetch_add(self.queue.try_iter().count() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn taken<T>(frame: T, dropped: u64) -> Option<Taken<T>> {
        Some(Taken { frame, dropped })
    }

    #[test]
    fn the_newest_frame_wins_and_carries_the_count() {
        let (mut sender, receiver) = channel(1);
        assert_eq!(sender.send_newest('a'), Sent::Queued);
        assert_eq!(sender.send_newest('b'), Sent::Replaced(1));
        assert_eq!(sender.send_newest('c'), Sent::Replaced(1));
        assert_eq!(receiver.recv(), taken('c', 2));
        assert_eq!(sender.send_newest('d'), Sent::Queued);
        assert_eq!(receiver.recv(), taken('d', 0));
        assert_eq!(sender.dropped(), 2);
    }

    #[test]
    fn a_frame_already_taken_can_still_be_replaced() {
        let (mut sender, receiver) = channel(1);
        sender.send_newest('a');
        sender.send_newest('b');
        let early = receiver.recv().unwrap();
        assert_eq!((early.frame, early.dropped, receiver.newer(early.dropped)), ('b', 1, None));
        sender.send_newest('c');
        assert_eq!(receiver.newer(early.dropped), taken('c', 2));
        assert_eq!(sender.dropped(), 2);
    }

    #[test]
    fn waiting_frames_are_delivered_after_the_sender_is_dropped() {
        let (mut sender, receiver) = channel(2);
        sender.send_newest('a');
        sender.send_newest('b');
        drop(sender);
        assert_eq!([receiver.recv(), receiver.recv(), receiver.recv()], [taken('a', 0), taken('b', 0), None]);
    }

    #[test]
    fn a_waiting_sender_loses_nothing_and_keeps_the_order() {
        let (mut sender, receiver) = channel(2);
        let source = thread::spawn(move || (0..1000).all(|n| sender.send_all(n) == Sent::Queued));
        let frames: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
        assert!(source.join().unwrap());
        assert_eq!(frames, (0..1000).map(|frame| Taken { frame, dropped: 0 }).collect::<Vec<_>>());
    }

    #[test]
    fn a_waiting_sender_wakes_when_the_receiver_is_dropped() {
        let (mut sender, receiver) = channel(1);
        assert_eq!(sender.send_all('a'), Sent::Queued);
        let source = thread::spawn(move || (sender.send_all('b'), sender.dropped()));
        drop(receiver);
        assert_eq!(source.join().unwrap(), (Sent::Closed, 2));
    }

    #[test]
    fn every_frame_is_taken_or_counted_in_any_race() {
        for _ in 0..50 {
            let (mut sender, receiver) = channel(1);
            let source = thread::spawn(move || {
                let mut sent = 0u64;
                loop {
                    sent += 1;
                    if sender.send_newest(sent) == Sent::Closed {
                        break (sent, sender.dropped());
                    }
                }
            });
            let (mut results, mut carried) = (0, 0);
            for _ in 0..100 {
                let taken = receiver.recv().unwrap();
                results += 1;
                carried += taken.dropped;
                assert_eq!(results + carried, taken.frame, "a frame's count is of the frames before it");
            }
            drop(receiver);
            let (captured, dropped) = source.join().unwrap();
            assert_eq!(captured, results + dropped);
        }
    }
}
