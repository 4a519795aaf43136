//! For a live source the newest frame wins, and all are counted; a source that is not live loses none.

use crate::common;
use glimpsed::config::Camera;
use glimpsed::error::Result;
use glimpsed::event::{Event, Publisher};
use glimpsed::model::builtin;
use glimpsed::prediction::Prediction;
use glimpsed::runtime::{Execution, Infer};
use glimpsed::stats::Counts;
use glimpsed::tensor::Tensor;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(common::project().join("schema/message.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn number_before(text: &str, word: &str) -> u64 {
    text.split(word).next().unwrap().split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
fn thirty_frames_a_second_in_720p_are_valid_lines_without_gaps_and_all_accounted_for() {
    let source = "videotestsrc is-live=true ! video/x-raw,format=NV12,width=1280,height=720,framerate=30/1 ! appsink name=frames";
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--name", "front", "--model", "testcard", "--frames", "90", "--"]).args(source.split(' '));
    let output = command.output().unwrap();
    let log = common::stderr(&output);
    assert!(output.status.success(), "{log}");
    let (schema, results) = (schema(), common::json_lines(&output));
    for (n, result) in results.iter().enumerate() {
        assert!(schema.is_valid(result), "{result}\n{:?}", schema.iter_errors(result).map(|e| e.to_string()).collect::<Vec<_>>());
        assert_eq!((&result["seq"], &result["source"]), (&Value::from(n), &"front".into()));
        assert_eq!((&result["width"], &result["height"]), (&1280.into(), &720.into()));
    }
    let (captured, dropped) = (number_before(&log, " frames,"), number_before(&log, " dropped"));
    assert_eq!(results.len(), 90);
    assert!(captured < 300, "the source continued after the limit: {log}");
    assert_eq!(captured, results.len() as u64 + dropped, "{log}");
    let counted: u64 = results.iter().map(|result| result["dropped"].as_u64().unwrap()).sum();
    assert!(counted <= dropped, "{counted} of {dropped}: those after the last result are in no message");
}

#[test]
fn the_schema_refuses_invalid_messages() {
    let schema = schema();
    for wrong in [
        r#"{"type":"classification","version":1}"#,
        r#"{"type":"classification"}"#,
        r#"{"version":1}"#,
        "[]",
        r#"{"type":"hello","version":2}"#,
    ] {
        assert!(!schema.is_valid(&serde_json::from_str(wrong).unwrap()), "{wrong}");
    }
    assert!(schema.is_valid(&serde_json::from_str(r#"{"type":"something later","version":1,"x":1}"#).unwrap()));
}

/// A model that takes 100 ms and always says class 3.
struct Slow(Execution);

impl Infer for Slow {
    fn infer(&mut self, _: &Tensor, output: &mut Tensor) -> Result<()> {
        std::thread::sleep(Duration::from_millis(100));
        let Tensor::U8(logits) = output else { unreachable!("the built-in model gives uint8") };
        logits.fill(0);
        logits[3] = 255;
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.0
    }
}

/// Collects the published results.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Prediction>>>);

impl Publisher for Kept {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn handle(&mut self, event: &Event) -> Result<()> {
        let Event::Result { prediction, .. } = event else { return Ok(()) };
        self.0.lock().unwrap().push((*prediction).clone());
        Ok(())
    }
}

/// Runs `pipeline` with the slow model; returns the counts, the number of results, and the results.
fn with_slow_model(pipeline: &str, limit: Option<u64>) -> (Counts, u64, Vec<Prediction>) {
    let slow = Box::new(Slow(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
    let classifier = common::classifier(&builtin().unwrap(), slow, 1);
    let kept = Kept::default();
    let done = common::run_daemon(classifier, Box::new(kept.clone()), vec![common::camera("camera", pipeline)], limit);
    let results = kept.0.lock().unwrap().clone();
    (done[0].counts, done[0].results, results)
}

#[test]
fn a_slow_model_sees_the_newest_frame_and_nothing_grows() {
    let source = "videotestsrc is-live=true ! video/x-raw,format=NV12,width=1280,height=720,framerate=30/1 ! appsink name=frames";
    let (counts, worked, results) = with_slow_model(source, Some(20));
    assert_eq!((worked, counts.captured), (20, worked + counts.dropped));
    assert!(counts.dropped >= 20, "{counts:?}: at 30 frames per second two of three are replaced");
    assert!(results.iter().all(|result| result.top[0].index == 3));
    // A frame is 100 ms old when its result is published, and has waited less than 33 ms, when the next one would have replaced it. This
    // holds for the median; single results may be late on a busy machine.
    let mut ages: Vec<_> = results.iter().map(|result| result.timing.age).collect();
    ages.sort();
    assert!(ages[ages.len() / 2] < Duration::from_millis(150), "{ages:?}");
    // if frames were queued, the last results would be the oldest
    let late = results.last().unwrap().timing.age;
    assert!(late < Duration::from_millis(500), "{late:?}");
}

#[test]
fn a_source_that_is_not_live_loses_nothing_with_a_slow_model() {
    let source = "videotestsrc num-buffers=7 ! video/x-raw,format=NV12,width=320,height=240,framerate=30/1 ! appsink name=frames";
    let (counts, worked, results) = with_slow_model(source, None);
    assert_eq!((counts.captured, counts.dropped, worked), (7, 0, 7));
    let times: Vec<_> = results.iter().map(|result| result.info.pts.unwrap().as_millis()).collect();
    assert_eq!(times, [0, 33, 66, 100, 133, 166, 200]);
    assert!(results.iter().map(|result| result.info.number).eq(0..7));
}

#[test]
fn a_still_film_is_run_once_and_each_frame_has_its_result() {
    let film = "videotestsrc num-buffers=7 pattern=blue ! video/x-raw,format=NV12,width=320,height=240,framerate=30/1 ! appsink name=frames";
    let slow = Box::new(Slow(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
    let classifier = common::classifier(&builtin().unwrap(), slow, 1);
    let (kept, still) = (Kept::default(), Camera { unchanged: Some(0.01), ..common::camera("camera", film) });
    let done = common::run_daemon(classifier, Box::new(kept.clone()), vec![still], None);
    assert_eq!((done[0].results, done[0].reused, done[0].message().reused), (7, 6, 6));
    assert!(done[0].to_string().contains("7 results, 0 dropped, 6 reused;"), "{}", done[0]);
    let results = kept.0.lock().unwrap().clone();
    assert!(results.iter().map(|result| (result.seq, result.reused, result.top[0].index)).eq((0..7).map(|n| (n, n > 0, 3))));
}

#[test]
fn a_limit_ends_the_source_too() {
    let source = "videotestsrc is-live=true ! video/x-raw,format=NV12,width=320,height=240,framerate=30/1 ! appsink name=frames";
    let (counts, worked, _) = with_slow_model(source, Some(3));
    assert_eq!((worked, counts.captured), (3, 3 + counts.dropped));
}

#[test]
fn two_runs_over_the_same_frames_give_the_same_bytes_except_for_times() {
    let run = || {
        let source =
            "videotestsrc num-buffers=20 pattern=ball ! video/x-raw,format=I420,width=512,height=384 ! appsink name=frames";
        let mut command = common::glimpsed();
        command.args(["run", "--json", "--model", "testcard", "--"]).args(source.split(' '));
        common::json_lines(&command.output().unwrap()).into_iter().map(common::without_times).collect::<Vec<_>>()
    };
    let first = run();
    assert_eq!(first.len(), 20);
    assert_eq!(first, run());
}
