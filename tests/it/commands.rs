//! The commands as a user calls them.

use crate::common;
use glimpsed::commands::demo::PATTERNS;
use glimpsed::model::builtin;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_label_changes_with_the_demos_picture() {
    // the first picture, and the change to the second
    let results = common::json_lines(&common::run(&["demo", "--json", "--frames", "90"]));
    assert_eq!(results.len(), 90);
    let best = |result: &Value| result["classifications"][0]["label"].as_str().unwrap().to_owned();
    let seen: BTreeSet<_> = results.iter().map(best).collect();
    assert_eq!(seen, BTreeSet::from(["SMPTE color bars".to_owned(), "snow".to_owned()]), "the first two of {PATTERNS:?}");
    let turn = results.iter().position(|result| best(result) == "snow").unwrap();
    assert!(results[turn]["pts_ns"].as_u64().unwrap().abs_diff(2_500_000_000) < 200_000_000, "{}", results[turn]);
    assert!(results[turn..].iter().all(|result| best(result) == "snow"));
}

#[test]
fn the_built_in_model_knows_every_picture_at_a_size_not_used_in_training() {
    let labels: BTreeSet<_> = {
        let labels = builtin().unwrap().labels(None).unwrap();
        (0..labels.len()).map(|index| labels.name(index).to_owned()).collect()
    };
    let mut seen = BTreeSet::new();
    for pattern in PATTERNS {
        let mut command = common::glimpsed();
        command.args(["run", "--json", "--model", "testcard", "--"]);
        let source = format!(
            "videotestsrc pattern={pattern} num-buffers=12 kx2=20 ky2=20 kt=1 ! video/x-raw,format=I420,width=880,height=496 ! appsink name=frames"
        );
        let results = common::json_lines(&command.args(source.split(' ')).output().unwrap());
        let answers: BTreeSet<_> =
            results.iter().map(|result| result["classifications"][0]["label"].as_str().unwrap().to_owned()).collect();
        assert_eq!((results.len(), answers.len()), (12, 1), "{pattern}: {answers:?}");
        seen.extend(answers);
    }
    assert_eq!(seen, labels, "each of the {} pictures is a separate class", PATTERNS.len());
}

#[test]
fn classify_repeats_and_prints_percentiles() {
    let Some(testdata) = common::testdata() else { return };
    let mut command = common::glimpsed();
    command
        .args(["classify", "--json", "--repeat", "7", "--top", "3", "--model"])
        .arg(testdata.join("models/squeezenet1_1_w8a8_u8weights.onnx"));
    command.arg("--labels").arg(testdata.join("synset_words.txt")).arg(testdata.join("png/n01440764_tench.png"));
    let result = &common::json_lines(&command.output().unwrap())[0];
    let inference = &result["inference"];
    assert_eq!((&inference["runs"], result["classifications"].as_array().unwrap().len()), (&7.into(), 3));
    let ms = |name: &str| inference[name].as_f64().unwrap();
    assert!(0.0 < ms("p50_ms") && ms("p50_ms") <= ms("p99_ms") && ms("mean_ms") > 0.0, "{inference}");

    command.arg("--text");
    let mut text = common::glimpsed();
    text.args(["classify", "--text", "--repeat", "3", "--model", "testcard"]).arg(testdata.join("png/n01440764_tench.png"));
    let text = String::from_utf8(text.output().unwrap().stdout).unwrap();
    assert!(text.lines().count() == 7 && text.contains("3 runs: mean"), "{text}");
}

#[test]
fn classify_continues_after_a_file_that_fails_and_says_so_at_the_end() {
    let Some(testdata) = common::testdata() else { return };
    let png = testdata.join("png/n01440764_tench.png");
    let mut command = common::glimpsed();
    command.args(["classify", "--json", "--model", "testcard", "/nowhere.png"]).arg(&png).arg("Cargo.toml").arg(&png);
    let output = command.current_dir(common::project()).output().unwrap();
    assert_eq!((common::json_lines(&output).len(), output.status.code()), (2, Some(1)));
    let log = common::stderr(&output);
    assert!(log.contains("'/nowhere.png'") && log.contains("'Cargo.toml'") && log.contains("2 of 4 files"), "{log}");
}

#[test]
fn classify_classifies_each_frame_of_a_film() {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film with a space.avi");
    let make = format!(
        "videotestsrc num-buffers=5 pattern=pinwheel ! video/x-raw,width=320,height=240 ! jpegenc ! avimux ! filesink location=\"{}\"",
        film.display()
    );
    let made = std::process::Command::new("gst-launch-1.0").arg("-q").args(shell_words(&make)).status().unwrap();
    assert!(made.success());
    let mut command = common::glimpsed();
    let output = command.args(["classify", "--json", "--model", "testcard"]).arg(&film).output().unwrap();
    let results = common::json_lines(&output);
    for number in ["seq", "frame"] {
        assert_eq!(results.iter().map(|result| result[number].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4], "{number}");
    }
    assert!(
        results
            .iter()
            .all(|result| result["classifications"][0]["label"] == "pinwheel" && result["source"] == *film.display().to_string())
    );
}

/// A film with rotation metadata, like a phone's.
#[test]
fn classify_rotates_films_and_photos_upright() {
    let folder = tempfile::tempdir().unwrap();
    let lying =
        "videotestsrc num-buffers=2 pattern=smpte ! video/x-raw,width=320,height=240 ! videoflip video-direction=90l ! jpegenc";
    let film = folder.path().join("turned.mp4");
    let make = format!("{lying} ! qtmux ! filesink location={}", film.display());
    let made = std::process::Command::new("gst-launch-1.0").arg("-q").args(shell_words(&make)).status().unwrap();
    assert!(made.success());
    // the matrix of the track header, ISO 14496-12: a rotation by 90 degrees clockwise (16.16 fixed point: 0 1 0, -1 0 0)
    let mut bytes = std::fs::read(&film).unwrap();
    let matrix = bytes.windows(4).position(|kind| kind == b"tkhd").unwrap() + 4 + 40;
    bytes[matrix..matrix + 20].copy_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);
    std::fs::write(&film, bytes).unwrap();
    let classify = |flags: &[&str], file: &std::path::Path| {
        let mut command = common::glimpsed();
        let output = command.args(["classify", "--json", "--model", "testcard"]).args(flags).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        let result = common::json_lines(&output).remove(0);
        (result["width"].as_u64().unwrap(), result["height"].as_u64().unwrap(), result["classifications"][0]["label"].clone())
    };
    let upright = classify(&[], &film);
    assert_eq!((upright.0, upright.1, upright.2), (320, 240, "SMPTE color bars".into()));
    let stored = classify(&["--rotate", "0"], &film);
    assert!((stored.0, stored.1) == (240, 320) && stored.2 != "SMPTE color bars", "{stored:?}");
    assert_eq!(classify(&["--rotate", "90"], &film).2, "SMPTE color bars");

    // the same as a photo, with an EXIF orientation: TIFF, big-endian, one entry, tag 0x0112 of one SHORT, 6
    let photo = folder.path().join("turned.jpg");
    let make = format!("{} ! filesink location={}", lying.replace("num-buffers=2", "num-buffers=1"), photo.display());
    let made = std::process::Command::new("gst-launch-1.0").arg("-q").args(shell_words(&make)).status().unwrap();
    assert!(made.success());
    assert_eq!((classify(&[], &photo).0, classify(&[], &photo).1), (240, 320));
    let bytes = std::fs::read(&photo).unwrap();
    let app1 = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    std::fs::write(&photo, [&bytes[..2], app1, &bytes[2..]].concat()).unwrap();
    assert_eq!(classify(&[], &photo), (320, 240, "SMPTE color bars".into()));
}

#[test]
fn classify_says_why_a_damaged_picture_has_no_label() {
    let folder = tempfile::tempdir().unwrap();
    for (end, encoder, reason) in [("jpg", "jpegenc", "Premature end of JPEG file"), ("png", "pngenc", "the PNG is damaged")] {
        let file = folder.path().join(format!("cut.{end}"));
        let make =
            format!("videotestsrc num-buffers=1 pattern=smpte ! {encoder} snapshot=true ! filesink location={}", file.display());
        let made = std::process::Command::new("gst-launch-1.0").arg("-q").args(shell_words(&make)).status().unwrap();
        assert!(made.success());
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let mut command = common::glimpsed();
        let output = command.args(["classify", "--json", "--model", "testcard"]).arg(&file).output().unwrap();
        let log = common::stderr(&output);
        assert!(output.stdout.is_empty() && output.status.code() == Some(1) && log.contains(reason), "{log}");
    }
}

/// Splits `text` into words; quotes protect spaces and are kept.
fn shell_words(text: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        quoted ^= c == '"';
        match c {
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

#[test]
fn inspect_shows_the_contents_of_the_file() {
    let output = common::run(&["inspect", "testcard", "--json"]);
    let model = &common::json_lines(&output)[0];
    assert_eq!(model["input"]["shape"], serde_json::json!([1, 3, 224, 224]));
    assert_eq!(
        (&model["input"]["type"], &model["input"]["layout"], &model["classes"]),
        (&"uint8".into(), &"NCHW".into(), &18.into())
    );
    assert_eq!((&model["quantized"], &model["npu_obstacle"]), (&true.into(), &Value::Null));
    let text = String::from_utf8(common::run(&["inspect", "testcard"]).stdout).unwrap();
    assert!(text.contains("image: uint8 [1, 3, 224, 224], scale 0.003921569, zero point 0, NCHW, 224 x 224 pixels"), "{text}");
}

#[test]
fn every_command_has_useful_help() {
    for (args, taught) in [
        (&["--help"][..], "glimpsed demo"),
        (&["run", "--help"], "appsink name=frames"),
        (&["demo", "--help"], "--for"),
        (&["classify", "--help"], "--repeat"),
        (&["inspect", "--help"], "ONNX file"),
    ] {
        let output = common::run(args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains(taught), "{args:?}: {text}");
    }
}

#[test]
fn an_interrupted_classify_says_how_many_files_remain() {
    use std::io::{BufRead, BufReader, Read};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bars.png");
    let make = format!("videotestsrc num-buffers=1 ! pngenc snapshot=true ! filesink location={}", file.display());
    assert!(std::process::Command::new("gst-launch-1.0").arg("-q").args(shell_words(&make)).status().unwrap().success());
    let mut classify = common::glimpsed();
    classify.args(["classify", "--model", "testcard", "--json"]).args(std::iter::repeat_n(&file, 5000));
    let (out, err) = (std::process::Stdio::piped(), std::process::Stdio::piped());
    let mut child = classify.stdout(out).stderr(err).spawn().unwrap();
    let mut results = BufReader::new(child.stdout.take().unwrap());
    assert!(results.read_line(&mut String::new()).unwrap() > 0, "it has begun");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM).unwrap();
    results.read_to_end(&mut Vec::new()).unwrap();
    let output = child.wait_with_output().unwrap();
    let log = common::stderr(&output);
    assert!(output.status.code() == Some(1) && log.contains("of 5000 files were not classified"), "{:?}: {log}", output.status);
}
