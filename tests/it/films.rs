//! Films and pictures of all kinds and with unusual names.

use crate::common;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The output of `classify` for the file at `path`.
fn classify(path: &Path) -> std::process::Output {
    common::glimpsed().args(["classify", "--json", "--model", "testcard", "--provider", "cpu"]).arg(path).output().unwrap()
}

const SNOW: &str = "videotestsrc num-buffers=3 pattern=snow ! video/x-raw,width=320,height=240,framerate=25/1";

#[test]
fn every_codec_with_an_installed_decoder_works_with_sound_or_a_second_stream() {
    let folder = tempfile::tempdir().unwrap();
    let sound = "audiotestsrc num-buffers=5 ! vorbisenc ! mux.";
    for (name, encoder, decoder) in [
        ("vp8", "vp8enc deadline=1", "vp8dec"),
        ("theora", "theoraenc", "theoradec"),
        ("mjpeg", "jpegenc", "jpegdec"),
        // libav's decoders also offer other kinds of memory
        ("h264", "x264enc speed-preset=ultrafast ! h264parse", "avdec_h264"),
        ("h265", "x265enc speed-preset=ultrafast ! h265parse", "avdec_h265"),
        ("mpeg4", "avenc_mpeg4", "avdec_mpeg4"),
    ] {
        gstreamer::init().unwrap();
        let needed = encoder.split(" ! ").map(|part| part.split(' ').next().unwrap()).chain([decoder]);
        if let Some(absent) = needed.into_iter().find(|element| gstreamer::ElementFactory::find(element).is_none()) {
            eprintln!("SKIPPED {name}: there is no {absent} on this machine");
            continue;
        }
        for (what, also) in [("alone", ""), ("sound", sound), ("second", "videotestsrc num-buffers=3 ! vp8enc deadline=1 ! mux.")] {
            let path = folder.path().join(format!("{name} {what}.mkv"));
            let convert = if encoder.starts_with("avenc") || encoder.starts_with('x') { "! videoconvert " } else { "" };
            common::make_file(&format!("{SNOW} {convert}! {encoder} ! matroskamux name=mux ! filesink name=file {also}"), &path);
            let output = classify(&path);
            let results = common::json_lines(&output);
            assert_eq!(results.len(), 3, "{name}, {what}: {}", common::stderr(&output));
        }
    }
}

#[test]
fn any_file_name_works() {
    let folder = tempfile::tempdir().unwrap();
    let picture = |path: &Path| {
        common::make_file(
            "videotestsrc num-buffers=1 pattern=snow ! video/x-raw,width=320,height=240 ! pngenc ! filesink name=file",
            path,
        );
    };
    let latin = folder.path().join(OsStr::from_bytes(b"caf\xe9.png"));
    picture(&latin);
    let output = classify(&latin);
    assert_eq!(common::json_lines(&output)[0]["classifications"][0]["label"], "snow", "{}", common::stderr(&output));
    for name in ["my holiday film.png", "\"quoted\" it's ! fakesink.png"] {
        let path = folder.path().join(name);
        picture(&path);
        let mut command = common::glimpsed();
        command.args(["run", "--json", "--model", "testcard", "--pipeline"]).arg(common::project().join("pipelines/file.launch"));
        let output = command.arg("--var").arg(format!("FILE={}", path.display())).output().unwrap();
        assert_eq!(common::json_lines(&output).len(), 1, "{name}: {}", common::stderr(&output));
    }
}

#[test]
fn anything_but_a_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("empty.png"), "").unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    let cases = [
        (at("empty.png"), "it is empty"),
        (at("fifo"), "no file but a pipe"),
        ("/dev/zero".into(), "a device"),
        (folder.path().to_owned(), "it is a directory"),
    ];
    for (path, said) in cases {
        let output = classify(&path);
        let log = common::stderr(&output);
        assert!(output.status.code() == Some(1) && log.contains(said), "{}: {log}", path.display());
    }
    let fifo = at("fifo");
    let output = common::run(&["compare", "testcard", fifo.to_str().unwrap()]);
    assert!(!output.status.success() && common::stderr(&output).contains("no file but a pipe"), "{}", common::stderr(&output));
}
