//! The engine prepares the next frame while the model runs, without changing its guarantees: no frame is lost without being counted,
//! the order is kept, and no frame is older than necessary.

use crate::common;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use glimpsed::channel::{Sent, counted_channel};
use glimpsed::engine::{self, Change, Classifier, Limit, Offer, Pending, Stream, StreamId};
use glimpsed::error::Result;
use glimpsed::event::{Event, Hub, Publisher};
use glimpsed::frame::{Frame, Picture, PixelFormat, Pixels};
use glimpsed::metrics::{Metrics, StreamMetrics};
use glimpsed::model::{Model, builtin};
use glimpsed::runtime::{Execution, Infer};
use glimpsed::tensor::{ElementType, Tensor};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A model that reports when it begins, and returns when the test lets it.
struct Gated {
    begins: Sender<()>,
    gate: Receiver<()>,
    execution: Execution,
}

impl Infer for Gated {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        // the test may have ended
        let (_, _) = (self.begins.send(()), self.gate.recv());
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

/// Pixels that report when they are released.
struct Grey(Vec<u8>, Sender<()>);

impl Pixels for Grey {
    fn plane(&self, _: usize) -> Option<(&[u8], usize)> {
        Some((&self.0, 8))
    }
}

impl Drop for Grey {
    fn drop(&mut self) {
        let _ = self.1.send(());
    }
}

/// Collects each result's frame number, its dropped count, and the model's name.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(u64, u64, String)>>>);

impl Publisher for Kept {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction: result, .. } = event else { return Ok(()) };
        self.0.lock().unwrap().push((result.info.number, result.dropped, result.model.to_string()));
        Ok(())
    }
}

/// The test's side: the camera's channel, the commands, and the reports of the model and of released pixels.
struct Rig {
    frames: glimpsed::channel::Sender<Frame>,
    camera: Arc<Metrics>,
    metrics: Arc<StreamMetrics>,
    begins: Receiver<()>,
    /// Ends the model's run that has begun, or else the next one; dropped, it ends all.
    gate: Sender<()>,
    changes: Sender<Offer>,
    stream: StreamId,
    released: Receiver<()>,
    release: Sender<()>,
    model: Model,
}

impl Rig {
    fn frame(&self, number: u64, live: bool) -> Frame {
        let picture = Picture::new(PixelFormat::Gray8, 8, 8);
        self.camera.captured();
        self.metrics.delivered();
        let mut frame = Frame::new(picture, Grey(vec![128; 64], self.release.clone())).unwrap();
        (frame.info.number, frame.info.live) = (number, live);
        frame
    }

    fn live(&mut self, number: u64) -> Sent {
        let frame = self.frame(number, true);
        self.frames.send_newest(frame)
    }

    fn file(&mut self, number: u64) -> Sent {
        let frame = self.frame(number, false);
        self.frames.send_all(frame)
    }

    fn offer(&self, change: Change) -> Pending {
        let (mut offers, pending) = engine::offer(vec![change], None);
        self.changes.send(offers.remove(0)).unwrap();
        pending
    }

    fn gated(&self, name: &str, gate: &Receiver<()>, begins: &Sender<()>) -> Classifier {
        let execution = Execution { provider: "CPU", detail: "a fake".into(), nodes: None };
        let model = Model { name: name.into(), ..self.model.clone() };
        common::classifier(&model, Box::new(Gated { begins: begins.clone(), gate: gate.clone(), execution }), 1)
    }
}

/// Runs the engine on one camera whose channel holds two frames: `before` fills it, `during` is called while the model runs on the first
/// frame, and the gate is open afterwards. Returns the results; frames without one must be counted as dropped.
fn run(before: impl FnOnce(&mut Rig), during: impl FnOnce(&mut Rig, Classifier), limit: Option<u64>) -> Vec<(u64, u64, String)> {
    let ((begins, begun), (gate, opened), (changes, changed)) = (unbounded(), unbounded(), unbounded());
    let (release, released) = unbounded();
    let camera = Metrics::new("camera");
    let metrics = camera.stream(None, &"a".into());
    let (frames, receiver) = counted_channel(2, metrics.dropped_counter());
    let stream = Stream::new(receiver, metrics.clone());
    let model = builtin().unwrap();
    let mut rig = Rig { frames, camera, metrics, begins: begun, gate, changes, stream: stream.id(), released, release, model };
    let (first, second) = (rig.gated("first", &opened, &begins), rig.gated("second", &opened, &begins));
    before(&mut rig);
    let (kept, camera) = (Kept::default(), rig.camera.clone());
    let execution = Mutex::new(first.execution().clone());
    thread::scope(|scope| {
        let work = scope.spawn(|| {
            let hub = Hub::new().inline(Box::new(kept.clone()));
            let (_stop, stop) = bounded(0);
            engine::run(vec![stream], Box::new(first), &hub, &changed, &stop, &Limit::new(limit), &execution).unwrap();
        });
        rig.begins.recv().unwrap();
        during(&mut rig, second);
        drop(rig);
        work.join().unwrap();
    });
    let results = std::mem::take(&mut *kept.0.lock().unwrap());
    let (counts, status) = (camera.counts(), camera.status());
    assert_eq!(counts.captured, counts.dropped + status.results, "each frame has a result or is counted");
    assert_eq!(status.results, results.len() as u64);
    results
}

fn first(number: u64, dropped: u64) -> (u64, u64, String) {
    (number, dropped, "first".into())
}

#[test]
fn the_next_frame_is_prepared_and_released_while_the_model_runs() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.file(n), Sent::Queued));
    let during = |rig: &mut Rig, _| {
        rig.released.recv().unwrap();
        rig.released.recv_timeout(Duration::from_secs(30)).expect("the model has the first, and the second is released");
        assert_eq!([rig.file(3), rig.file(4)], [Sent::Queued; 2], "there is room for two again");
    };
    assert_eq!(run(before, during, None), [first(1, 0), first(2, 0), first(3, 0), first(4, 0)]);
}

#[test]
fn a_newer_live_frame_replaces_the_prepared_one() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.live(n), Sent::Queued));
    let during = |rig: &mut Rig, _| assert_eq!(rig.live(3), Sent::Queued);
    assert_eq!(run(before, during, None), [first(1, 0), first(3, 1)]);
}

#[test]
fn dropped_counts_add_up_in_the_frame_that_is_used() {
    let before = |rig: &mut Rig| (1..=3).for_each(|n| assert_ne!(rig.live(n), Sent::Closed));
    let during = |rig: &mut Rig, _| (4..=6).for_each(|n| assert_ne!(rig.live(n), Sent::Closed));
    // there is room for two: 3 replaces 1; 3 is prefetched while 2 runs, 6 replaces 4, and 5 replaces 3
    assert_eq!(run(before, during, None), [first(2, 0), first(5, 2), first(6, 1)]);
}

#[test]
fn a_limit_prefetches_no_frame_beyond_it() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.live(n), Sent::Queued));
    let during = |rig: &mut Rig, _| assert_eq!([3, 4].map(|n| rig.live(n)), [Sent::Queued, Sent::Replaced(1)], "2 still waits");
    assert_eq!(run(before, during, Some(1)), [first(1, 0)]);
}

#[test]
fn a_removed_camera_gets_no_result_after_its_prepared_frame() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.live(n), Sent::Queued));
    let during = |rig: &mut Rig, _| {
        assert_eq!(rig.live(3), Sent::Queued);
        let _pending = rig.offer(Change { remove: vec![rig.stream], ..Change::default() });
    };
    assert_eq!(run(before, during, None), [first(1, 0), first(2, 0)]);
}

#[test]
fn a_change_can_be_withdrawn_while_the_model_hangs_in_the_prepared_frame() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.file(n), Sent::Queued));
    let during = |rig: &mut Rig, second| {
        let pending = rig.offer(Change { classifier: Some(Box::new(second)), ..Change::default() });
        rig.gate.send(()).unwrap();
        rig.begins.recv_timeout(Duration::from_secs(30)).expect("the prepared frame is classified before the change");
        assert_eq!(rig.file(3), Sent::Queued);
        assert!(pending.withdraw().is_some(), "nothing has been accepted");
    };
    assert_eq!(run(before, during, None), [1, 2, 3].map(|n| first(n, 0)));
}

#[test]
fn a_frame_prepared_for_one_model_is_not_used_with_the_next() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.file(n), Sent::Queued));
    let during = |rig: &mut Rig, second| {
        assert_eq!(rig.file(3), Sent::Queued);
        let _pending = rig.offer(Change { classifier: Some(Box::new(second)), ..Change::default() });
    };
    assert_eq!(run(before, during, None), [first(1, 0), first(2, 0), (3, 0, "second".into())]);
}

#[test]
fn a_change_withdrawn_in_time_has_no_effect() {
    let before = |rig: &mut Rig| (1..=2).for_each(|n| assert_eq!(rig.file(n), Sent::Queued));
    let during = |rig: &mut Rig, second| {
        let change = Change { classifier: Some(Box::new(second)), remove: vec![rig.stream], ..Change::default() };
        let pending = rig.offer(change);
        assert!(pending.withdraw().is_some(), "the engine is busy with the first frame, and has not taken it");
    };
    assert_eq!(run(before, during, None), [first(1, 0), first(2, 0)]);
}

#[test]
fn one_frame_serves_two_engines_without_a_copy_and_is_released_by_the_last() {
    let model = builtin().unwrap();
    let (release, released) = unbounded();
    let camera = Metrics::new("camera");
    let frame = Frame::new(Picture::new(PixelFormat::Gray8, 8, 8), Grey(vec![128; 64], release)).unwrap();
    let pixels = |frame: &Frame| frame.plane(0).row(0).as_ptr();
    let (shared, number) = (pixels(&frame), camera.captured());
    let kept = Kept::default();
    let hub = Hub::new().inline(Box::new(kept.clone()));
    let mut streams: Vec<_> = (0..2)
        .map(|engine| {
            let metrics = camera.stream(None, &engine.to_string().into());
            let (mut sender, receiver) = counted_channel(1, metrics.dropped_counter());
            let mut copy = frame.clone();
            assert_eq!(pixels(&copy), shared, "no copy");
            copy.info.number = number;
            metrics.delivered();
            assert_eq!(sender.send_all(copy), Sent::Queued);
            Stream::new(receiver, metrics)
        })
        .collect();
    drop(frame);
    let (_stop, stop) = bounded(0);
    for (name, left) in [("second", 1), ("first", 0)] {
        assert!(released.try_recv().is_err(), "an engine still has it");
        let (begins, opened) = (unbounded().0, bounded(0).1);
        let fake = Gated { begins, gate: opened, execution: Execution { provider: "CPU", detail: "a fake".into(), nodes: None } };
        let classifier = common::classifier(&Model { name: name.into(), ..model.clone() }, Box::new(fake), 1);
        let execution = Mutex::new(classifier.execution().clone());
        let changed = unbounded().1;
        engine::run(vec![streams.pop().unwrap()], Box::new(classifier), &hub, &changed, &stop, &Limit::default(), &execution)
            .unwrap();
        assert_eq!(streams.len(), left);
    }
    released.try_recv().expect("the last one has let go of it");
    assert_eq!(*kept.0.lock().unwrap(), [(0, 0, "second".to_owned()), (0, 0, "first".to_owned())]);
}

/// A model whose every other output is NaN.
struct Faulty {
    runs: u32,
    execution: Execution,
}

impl Infer for Faulty {
    fn infer(&mut self, _: &Tensor, output: &mut Tensor) -> Result<()> {
        let Tensor::F32(values) = output else { panic!("a float model") };
        values.fill(if self.runs.is_multiple_of(2) { f32::NAN } else { 0.5 });
        self.runs += 1;
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

#[test]
fn a_nan_output_costs_its_frame_and_is_counted_as_failed() {
    let mut model = builtin().unwrap();
    (model.output.tensor.element, model.output.tensor.quantization) = (ElementType::F32, None);
    let execution = Execution { provider: "CPU", detail: "a fake".into(), nodes: None };
    let classifier = common::classifier(&model, Box::new(Faulty { runs: 0, execution }), usize::MAX);
    let camera = common::camera("front", "videotestsrc num-buffers=10 ! video/x-raw,width=64,height=48 ! appsink name=frames");
    let kept = Kept::default();
    let statuses = common::run_daemon(classifier, Box::new(kept.clone()), vec![camera], None);
    assert_eq!((statuses[0].counts.captured, statuses[0].results, statuses[0].failed), (10, 5, 5));
    assert_eq!(kept.0.lock().unwrap().len(), 5);
}
