//! Results as text on the video: visible and legible on light and dark pictures, for any label.

use crate::common;
use glimpsed::caption::Caption;
use glimpsed::capture::Pipeline;
use glimpsed::frame::Frame;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// Runs the shipped pipeline for JPEG stills on a test picture; returns the last still but one, and the log.
fn still(folder: &Path, pattern: &str, labels: &Path) -> (Frame, Output) {
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--model", "testcard", "--frames", "45", "--labels"]).arg(labels);
    command.arg("--pipeline").arg(common::project().join("pipelines/overlay-jpeg.launch"));
    let size = "video/x-raw,format=NV12,width=640,height=360,framerate=30/1";
    command.args(["--var", "RATE=30", "--var", &format!("FOLDER={}", folder.display())]);
    command.args(["--var", &format!("SOURCE=videotestsrc is-live=true pattern={pattern} ! {size}")]);
    let output = command.output().unwrap();
    // the last one may be incomplete
    let files = common::files_of(folder);
    let file = files.iter().rev().nth(1).unwrap_or_else(|| panic!("no stills: {}", common::stderr(&output)));
    let frame = common::picture(file, "jpegdec ! videoconvert ! video/x-raw,format=GRAY8");
    (frame, output)
}

/// The darkest and the brightest pixel in the area of the text, and in the upper half of the picture.
fn extremes(frame: &Frame) -> [(u8, u8); 2] {
    let (plane, width) = (frame.plane(0), frame.info.picture.width as usize);
    let of = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        let pixels = rows.flat_map(|row| plane.row(row)[columns.clone()].iter().copied());
        pixels.fold((255, 0), |(low, high), pixel| (low.min(pixel), high.max(pixel)))
    };
    let height = frame.info.picture.height as usize;
    [of(height - 60..height, 0..width / 2), of(0..height / 2, 0..width)]
}

#[test]
fn the_label_is_on_the_picture_and_legible_on_light_and_dark() {
    let folder = tempfile::tempdir().unwrap();
    let labels = common::project().join("models/testcard/labels.txt");
    for pattern in ["white", "black", "red"] {
        let stills = folder.path().join(pattern);
        std::fs::create_dir(&stills).unwrap();
        let (frame, output) = still(&stills, pattern, &labels);
        assert!(common::json_lines(&output).iter().all(|result| result["classifications"][0]["label"] == pattern));
        let [text, rest] = extremes(&frame);
        assert!(rest.1 - rest.0 < 30, "{pattern}: the rest of the picture has one colour, {rest:?}");
        assert!(text.0 < 60 && text.1 > 190, "{pattern}: bright letters on a dark background, {text:?}");
    }
}

#[test]
fn labels_that_look_like_markup_or_are_too_long_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (stills, labels) = (folder.path().join("stills"), folder.path().join("labels.txt"));
    std::fs::create_dir(&stills).unwrap();
    let names = std::fs::read_to_string(common::project().join("models/testcard/labels.txt")).unwrap();
    let wild = "white & <b>wild</span> \u{1F600} and of a length that no picture has room for";
    std::fs::write(&labels, names.replace("\nwhite\n", &format!("\n{wild}\n"))).unwrap();
    let (frame, output) = still(&stills, "white", &labels);
    assert!(common::json_lines(&output).iter().all(|result| result["classifications"][0]["label"] == wild));
    let [text, rest] = extremes(&frame);
    assert!(text.0 < 60 && rest.0 > 200, "{text:?} {rest:?}");
    let log = common::stderr(&output).to_lowercase();
    assert!(!log.contains("pango") && !log.contains("markup"), "{log}");
}

#[test]
fn a_text_that_is_not_renewed_is_removed() {
    let caption = Caption::default();
    let showing = caption.clone();
    let text = "videotestsrc num-buffers=2 pattern=black ! video/x-raw,format=GRAY8,width=640,height=360 ! \
                textoverlay name=labels valignment=bottom halignment=left ! appsink name=frames";
    // set `ago` milliseconds before it is drawn
    let drawn = move |ago: u64| {
        showing.set("cat", Instant::now() - Duration::from_millis(ago));
        let caption = showing.clone();
        let frames = common::frames_of_prepared(text, move |pipeline: &Pipeline| pipeline.show(&caption));
        extremes(&frames[1])[0].1
    };
    assert!(drawn(0) > 190, "a fresh text is drawn");
    assert!(drawn(1100) < 60, "an old one is not");
    assert!(caption.is_wanted());
}
