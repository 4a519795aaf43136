//! What a start opens: the model's file, once by glimpsed and once for each session by ONNX Runtime, which reads it itself. The
//! kernel counts (inotify), so that it makes no difference who opens a file, and how.

use crate::common;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

/// How often the files `names` in `folder` are opened until `command` has ended.
fn opens<const N: usize>(folder: &Path, names: [&str; N], command: &mut Command) -> [usize; N] {
    let watch = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
    // an event that equals the one before it is dropped: with the closing in between, no opening is
    watch.add_watch(folder, AddWatchFlags::IN_OPEN | AddWatchFlags::IN_CLOSE).unwrap();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", common::stderr(&output));
    let mut counts = [0; N];
    while let Ok(events) = watch.read_events() {
        assert!(events.iter().all(|event| !event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW)));
        for event in events.iter().filter(|event| event.mask.contains(AddWatchFlags::IN_OPEN)) {
            let named = names.iter().position(|name| event.name.as_deref() == Some(OsStr::new(name)));
            named.into_iter().for_each(|name| counts[name] += 1);
        }
    }
    counts
}

#[test]
fn each_of_several_models_is_opened_once_and_by_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path());
    fs::copy(&model, folder.path().join("other.onnx")).unwrap();
    fs::copy(&model, folder.path().join("unused.onnx")).unwrap();
    let config = folder.path().join("c.toml");
    let models = ["testcard", "other", "unused"].map(|name| format!("[[model]]\nname = '{name}'\nfile = '{name}.onnx'\n"));
    let camera = "[[camera]]\nlaunch = 'videotestsrc num-buffers=3 ! appsink name=frames'\nmodels = ['other', 'testcard']\n";
    fs::write(&config, models.concat() + camera).unwrap();
    for (command, sessions) in [("check", 0), ("run", 1), ("doctor", 1)] {
        let mut line = common::glimpsed();
        let opened =
            opens(folder.path(), ["testcard.onnx", "other.onnx", "unused.onnx"], line.arg(command).arg("--config").arg(&config));
        assert_eq!(opened, [1 + sessions, 1 + sessions, 0], "glimpsed {command}");
    }
}

/// The built-in model as a file in `folder`, with its labels.
fn model(folder: &Path) -> String {
    for name in ["testcard.onnx", "labels.txt"] {
        fs::copy(common::project().join("models/testcard").join(name), folder.join(name)).unwrap();
    }
    folder.join("testcard.onnx").display().to_string()
}

const SOURCE: &str = "-- videotestsrc num-buffers=3 ! appsink name=frames";

#[test]
fn the_model_is_opened_once_and_by_each_session() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path());
    let config = folder.path().join("c.toml");
    let text = format!("[model]\nfile = '{model}'\n[[camera]]\nlaunch = 'videotestsrc num-buffers=3 ! appsink name=frames'\n");
    fs::write(&config, text).unwrap();
    let config = config.display();
    let picture = folder.path().join("p.png");
    let make = format!("videotestsrc num-buffers=1 ! pngenc snapshot=true ! filesink location={}", picture.display());
    assert!(Command::new("gst-launch-1.0").arg("-q").args(make.split(' ')).status().unwrap().success());
    for (line, sessions) in [
        (format!("check --model {model} {SOURCE}"), 0),
        (format!("check --config {config}"), 0),
        (format!("inspect {model}"), 0),
        (format!("run --model {model} {SOURCE}"), 1),
        (format!("run --config {config}"), 1),
        (format!("classify --model {model} {}", picture.display()), 1),
        (format!("doctor --model {model} {SOURCE}"), 1),
        (format!("bench --model {model} --time 1s --frame-size 64x48"), 3),
    ] {
        let mut command = common::glimpsed();
        let opened = opens(folder.path(), ["testcard.onnx", "labels.txt"], command.args(line.split_whitespace()));
        assert_eq!(opened, [1 + sessions, 1], "glimpsed {line}");
    }
}
