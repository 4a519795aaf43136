//! Every shipped pipeline parses, has an appsink named frames, and explains its variables in a comment.

use crate::common;
use glimpsed::capture::{Pipeline, launch};
use std::cell::RefCell;
use std::collections::BTreeSet;

#[test]
fn every_shipped_pipeline_parses() {
    let files = common::files_of(&common::project().join("pipelines"));
    assert!(files.len() >= 7 && files.iter().all(|file| file.extension().unwrap() == "launch"));
    for file in files {
        let asked = RefCell::new(BTreeSet::new());
        // variables without a default get a value that is valid for all of them
        let text = std::fs::read_to_string(&file).unwrap();
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            text.contains(&format!("${{{name}}}")).then(|| "value".into())
        };
        let pipeline = launch::read(&file, &lookup).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let comment: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
        for name in asked.borrow().iter().filter(|name| text.contains(&format!("${{{name}}}"))) {
            assert!(comment.iter().any(|line| line.contains(name.as_str())), "{} does not explain {name}", file.display());
        }
        match Pipeline::build(&pipeline) {
            Ok(_) => {}
            Err(e) => {
                // a missing element is named with its package; any other error is a bug
                let message = e.to_string();
                assert!(message.contains("no element") && message.contains("is in the package"), "{}: {message}", file.display());
                eprintln!("{}: not built here: {message}", file.display());
            }
        }
    }
}

#[test]
fn the_test_picture_runs() {
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--model", "testcard", "--frames", "3", "--var", "PATTERN=pinwheel", "--pipeline"]);
    let output = command.arg(common::project().join("pipelines/testcard.launch")).output().unwrap();
    let results = common::json_lines(&output);
    assert_eq!(results.len(), 3, "{}", common::stderr(&output));
    assert!(results.iter().all(|result| result["classifications"][0]["label"] == "pinwheel" && result["width"] == 1280));
}

#[test]
fn a_queue_that_accumulates_old_frames_in_front_of_the_appsink_is_reported() {
    let hoards = |text: &str| Pipeline::build(text).unwrap().hoarding_queues();
    assert_eq!(hoards("videotestsrc ! queue name=old ! videoconvert ! appsink name=frames"), ["old"]);
    assert_eq!(hoards("videotestsrc ! queue2 name=older ! queue name=old ! appsink name=frames"), ["old", "older"]);
    assert!(hoards("videotestsrc ! queue leaky=downstream ! appsink name=frames").is_empty());
    assert!(hoards("videotestsrc ! queue max-size-buffers=1 ! appsink name=frames").is_empty());
    assert!(hoards("videotestsrc ! tee name=t  t. ! queue ! fakesink  t. ! appsink name=frames").is_empty());
    let output = common::run(&[
        "run",
        "--text",
        "--model",
        "testcard",
        "--frames",
        "1",
        "--",
        "videotestsrc",
        "is-live=true",
        "!",
        "queue",
        "name=old",
        "!",
        "appsink",
        "name=frames",
    ]);
    let log = common::stderr(&output);
    assert!(log.contains("'old' in front of the appsink keeps up to 200 frames") && log.contains("leaky=downstream"), "{log}");
}
