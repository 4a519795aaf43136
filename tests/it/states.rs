//! The state of a stream through the whole program: what consumers of changes are told.

use crate::common;
use crate::common::socket::{ask, line, open, silent, temporary};
use crossbeam_channel::{bounded, unbounded};
use glimpsed::channel::counted_channel;
use glimpsed::engine::{self, Classifier, Limit, Stream};
use glimpsed::error::Result;
use glimpsed::event::{Event, Hub, Publisher};
use glimpsed::frame::{Frame, FrameInfo, OwnedPixels, Picture, PixelFormat};
use glimpsed::labels::Labels;
use glimpsed::metrics::Metrics;
use glimpsed::model::{Model, builtin};
use glimpsed::postprocess::label_state::{Params, StateClasses};
use glimpsed::prediction::StateChange;
use glimpsed::preprocess;
use glimpsed::runtime::{Execution, Infer};
use glimpsed::tensor::{ElementType, Scores, Tensor};
use serde_json::{Value, json};
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A model that is sure of class 0 in the runs that `is_sure` names, and of nothing in the others.
struct Scripted {
    run: u64,
    is_sure: fn(u64) -> bool,
    execution: Execution,
}

impl Infer for Scripted {
    fn infer(&mut self, _: &Tensor, output: &mut Tensor) -> Result<()> {
        let Tensor::F32(values) = output else { panic!("a float model") };
        let (is_sure, count) = ((self.is_sure)(self.run), values.len() as f32);
        values.fill(if is_sure { 0.1 / (count - 1.0) } else { 1.0 / count });
        if is_sure {
            values[0] = 0.9;
        }
        self.run += 1;
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

fn model() -> Model {
    let mut model = builtin().unwrap();
    let output = &mut model.output;
    (output.tensor.element, output.tensor.quantization) = (ElementType::F32, None);
    (output.scores, output.certain, output.divisor) = (Scores::Probabilities, true, 1.0);
    model
}

fn classifier(params: Params, is_sure: fn(u64) -> bool) -> Classifier {
    let execution = Execution { provider: "CPU", detail: "a fake".into(), nodes: None };
    let (model, fake) = (model(), Scripted { run: 0, is_sure, execution });
    let labels = Labels::numbered(model.output.classes);
    let classes = StateClasses::new(&labels, false, params);
    Classifier::new(&model, labels, Box::new(fake), &preprocess::Params::default(), 1).with_state(classes)
}

/// A film of 10 s at 15 frames a second.
const FILM: &str = "videotestsrc num-buffers=150 ! video/x-raw,width=64,height=48,framerate=15/1 ! appsink name=frames";

/// It shows class 0 for 3 s, nothing for 4 s, and class 0 for 3 s.
fn is_shown(frame: u64) -> bool {
    !(45..105).contains(&frame)
}

#[test]
fn a_film_makes_three_changes_with_the_times_of_the_film() {
    let (_folder, path) = temporary();
    let socket = open(&path);
    let mut reader = silent(&path);
    line(&mut reader);
    let answer = ask(&mut reader, r#"{"subscribe":{"events":["change"]}}"#);
    assert_eq!((&answer["events"], &answer["states"]), (&json!(["change"]), &json!([])));
    let cameras = vec![common::camera("front", FILM)];
    let statuses = common::run_daemon(
        classifier(Params { enter: 0.5, leave: 0.2, ..Params::default() }, is_shown),
        Box::new(socket),
        cameras,
        None,
    );
    assert_eq!(statuses[0].results, 150);
    let changes: Vec<Value> = reader.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(changes.iter().all(|change| change["type"] == "change" && change["source"] == "front"), "{changes:?}");
    let label = |class: &Value| class["label"].as_str().map(str::to_owned);
    let it = || Some("class 0".to_owned());
    let seen: Vec<_> = changes.iter().map(|change| (label(&change["from"]), label(&change["to"]))).collect();
    assert_eq!(seen, [(None, it()), (it(), None), (None, it())]);
    let times = |field: &str| changes.iter().map(|change| change[field].as_u64().unwrap() / 1_000_000).collect::<Vec<_>>();
    assert_eq!(times("since_pts_ns"), [0, 3_333, 7_133], "as soon as the average said so");
    assert_eq!(times("pts_ns"), [533, 3_866, 7_666], "half a second later, at the next frame");
    let lasted: Vec<_> = changes.iter().map(|change| change["lasted_ms"].as_f64().unwrap().round()).collect();
    assert_eq!(lasted, [0.0, 3_333.0, 3_800.0]);
    assert_eq!(changes.iter().map(|change| &change["frame"]).collect::<Vec<_>>(), [8, 58, 115]);
}

/// Keeps what was published.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Published>>);

#[derive(Default)]
struct Published {
    results: usize,
    /// Each with the number of results before it.
    changes: Vec<(usize, StateChange)>,
}

impl Publisher for Kept {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let mut kept = self.0.lock().unwrap();
        match event {
            Event::Result { .. } => kept.results += 1,
            Event::Change(change) => {
                let results = kept.results;
                kept.changes.push((results, (*change).clone()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The changes of a camera that gives one bright picture, taken `age` before now, and nothing else.
fn one_picture(live: bool, age: Duration) -> Vec<(usize, StateChange)> {
    let metrics = Metrics::new("front").stream(None, &"testcard".into());
    let (mut frames, receiver) = counted_channel(1, metrics.dropped_counter());
    let mut frame = live_picture();
    frame.info = FrameInfo { live, ..frame.info.taken_before(age) };
    frames.send_all(frame);
    drop(frames);
    let (kept, classifier) = (Kept::default(), classifier(Params { hold: Duration::ZERO, ..Params::default() }, |_| true));
    let (hub, (_open, stop)) = (Hub::new().inline(Box::new(kept.clone())), bounded(0));
    let execution = Mutex::new(classifier.execution().clone());
    let changed = unbounded().1;
    let stream = Stream::new(receiver, metrics);
    engine::run(vec![stream], Box::new(classifier), &hub, &changed, &stop, &Limit::default(), &execution).unwrap();
    let kept = kept.0.lock().unwrap();
    kept.changes.clone()
}

#[test]
fn a_camera_that_gives_no_more_frames_shows_nothing_after_two_seconds() {
    let changes = one_picture(true, Duration::from_secs(10));
    assert_eq!(changes.iter().map(|(results, change)| (*results, change.frame)).collect::<Vec<_>>(), [(1, Some(0)), (1, None)]);
    let [(_, begins), (_, ends)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((&begins.to, &ends.to, ends.lasted), (&ends.from, &None, Duration::from_secs(2)));
    assert_eq!(ends.known.timestamp.duration_since(begins.known.timestamp).unwrap(), Duration::from_secs(2));
}

#[test]
fn the_end_of_a_camera_ends_its_state_and_the_end_of_a_film_does_not() {
    for (live, count) in [(true, 2), (false, 1)] {
        let changes = one_picture(live, Duration::ZERO);
        assert_eq!(changes.len(), count, "{changes:?}");
        assert!(changes.get(1).is_none_or(|(_, change)| change.to.is_none() && change.lasted.is_zero()));
    }
}

/// A live picture of 8x8 pixels.
fn live_picture() -> Frame {
    let pixels = OwnedPixels(vec![(vec![255; 64], 8)]);
    let mut frame = Frame::new(Picture::new(PixelFormat::Gray8, 8, 8), pixels).unwrap();
    frame.info.live = true;
    frame
}

#[test]
fn a_reload_that_removes_a_stream_ends_its_state_and_its_successor_goes_on_counting() {
    let camera = Metrics::new("front");
    let metrics = camera.stream(Some(&"door".into()), &"testcard".into());
    let stream = || {
        let (frames, receiver) = counted_channel(1, metrics.dropped_counter());
        (frames, Stream::new(receiver, metrics.clone()))
    };
    let ((mut frames, first), (mut later_frames, second)) = (stream(), stream());
    let (kept, classifier) = (Kept::default(), classifier(Params { hold: Duration::ZERO, ..Params::default() }, |_| true));
    let (hub, (_open, stop), (offers, changed)) = (Hub::new().inline(Box::new(kept.clone())), bounded(0), unbounded());
    let (removed, execution) = (first.id(), Mutex::new(classifier.execution().clone()));
    frames.send_all(live_picture());
    std::thread::scope(|scope| {
        scope.spawn(|| engine::run(vec![first], Box::new(classifier), &hub, &changed, &stop, &Limit::default(), &execution));
        while metrics.results() == 0 {
            std::thread::yield_now();
        }
        metrics.misfit("its region is too large");
        let change = engine::Change { remove: vec![removed], add: vec![second], ..engine::Change::default() };
        let (parts, pending) = engine::offer(vec![change], None);
        parts.into_iter().for_each(|part| offers.send(part).unwrap());
        pending.answer().recv().unwrap();
        assert_eq!(camera.status().reason, None, "what was wrong with the removed stream is not told any more");
        later_frames.send_all(live_picture());
        drop((later_frames, offers));
    });
    let kept = kept.0.lock().unwrap();
    let seen: Vec<_> =
        kept.changes.iter().map(|(results, change)| (*results, change.to.is_some(), change.stable.changes)).collect();
    assert_eq!(seen, [(1, true, 1), (1, false, 2), (2, true, 3), (2, false, 4)]);
    assert_eq!(metrics.changes(), 4);
}

/// `count` copies of the picture at `png` in 224 x 224 RGB, with noise of 15 % (normal to a good approximation) of each pixel.
fn noisy_copies(png: &std::path::Path, count: usize) -> Vec<u8> {
    let line = format!("filesrc location={} ! pngdec ! videoconvert ! videoscale", png.display());
    let picture =
        common::frames_of(&format!("{line} ! video/x-raw,format=RGB,width=224,height=224 ! appsink name=frames")).remove(0);
    let pixels: Vec<u8> = (0..224).flat_map(|row| picture.plane(0).row(row)[..3 * 224].to_vec()).collect();
    // xorshift64
    let mut bits = 88_172_645_463_325_252u64;
    let mut uniform = || {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        (bits >> 40) as f32 / (1u32 << 24) as f32
    };
    // the sum of four uniform numbers has a standard deviation of sqrt(4 / 12)
    let mut noise = || ((0..4).map(|_| uniform()).sum::<f32>() - 2.0) * 3f32.sqrt() * 0.15 * 255.0;
    (0..count).flat_map(|_| pixels.iter().map(|pixel| (f32::from(*pixel) + noise()) as u8).collect::<Vec<_>>()).collect()
}

#[test]
fn a_still_photo_with_noise_makes_one_change_where_the_best_class_makes_many() {
    let Some(testdata) = common::testdata() else { return };
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.rgb");
    std::fs::write(&film, noisy_copies(&testdata.join("png/n01677366_common_iguana.png"), 180)).unwrap();
    let source = format!("filesrc location={} ! rawvideoparse format=rgb width=224 height=224 framerate=18/1", film.display());
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--model"]).arg(testdata.join("models/squeezenet1_1_w8a8.onnx"));
    command
        .arg("--labels")
        .arg(testdata.join("SqueezeNet-1.1_labels.txt"))
        .arg("--")
        .arg(format!("{source} ! appsink name=frames"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let results = common::json_lines(&output);
    let best: Vec<_> = results.iter().map(|result| &result["classifications"][0]["label"]).collect();
    let (iguanas, changes) =
        (best.iter().filter(|label| **label == "common iguana").count(), best.windows(2).filter(|two| two[0] != two[1]).count());
    assert!(results.len() == 180 && iguanas > 120 && changes > 10, "{iguanas} of {}, {changes} changes", results.len());
    let begun: Vec<_> = results.iter().filter(|result| result["stable"]["changed"] == true).collect();
    let labels: Vec<_> = begun.iter().map(|result| &result["stable"]["label"]).collect();
    assert_eq!(labels, [&Value::Null, &json!("common iguana")]);
    assert!(begun[1]["pts_ns"].as_u64().unwrap() < 2_000_000_000, "{}", begun[1]["pts_ns"]);
}
