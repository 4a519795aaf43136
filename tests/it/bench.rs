//! `glimpsed bench`: its measurements and its report.

use crate::common;
use serde_json::Value;

/// The report of a short `glimpsed bench` with a small picture.
fn bench(flags: &[&str]) -> String {
    let output = common::run(&[&["bench", "--model", "testcard", "--time", "300ms"][..], flags].concat());
    assert!(output.status.success(), "{}", common::stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn bench_report(flags: &[&str]) -> Value {
    serde_json::from_str(&bench(&[&["--json"][..], flags].concat())).unwrap()
}

#[test]
fn bench_measures_the_floor_each_stage_and_the_line() {
    let report = bench_report(&["--frame-size", "320x240", "--cameras", "2"]);
    for path in [
        "/session_open_ms",
        "/first_result_ms",
        "/peak_rss_mib",
        "/inference_floor/ms/p50",
        "/inference_floor/cpu_ms",
        "/stages/preprocess_ms/p99",
        "/stages/publish_ms/p99",
        "/full_speed/timing/age_ms/p50",
        "/full_speed/share_of_floor",
        "/live/timing/inference_ms/p95",
        "/live/timing/beyond_inference_ms/p50",
        "/live/cpu/total_ms",
        "/live/cpu/source_ms",
        "/machine/cores",
        "/settings/threads",
    ] {
        assert!(report.pointer(path).and_then(Value::as_f64) > Some(0.0), "{path}: {report}");
    }
    let (live, versions) = (&report["live"], &report["versions"]);
    assert!(live["counts"]["captured"].as_u64() > Some(2) && versions["onnxruntime"].is_string(), "{report}");
    let [total, inference, source, own] =
        ["total_ms", "inference_ms", "source_ms", "own_ms"].map(|whose| live["cpu"][whose].as_f64().unwrap());
    assert!((total - inference - source - own).abs() < 1e-9, "the parts add up: {live}");
    assert_eq!((&report["settings"]["filter"], &report["settings"]["provider"]), (&"bicubic".into(), &"cpu".into()));
}

#[test]
fn bench_simulates_a_model_and_prints_a_table() {
    let text = bench(&["--frame-size", "320x240", "--simulate-inference", "2ms"]);
    for part in
        ["nothing: 2ms of sleep", "inference (the floor)", "the whole line at full speed, ", "the whole line live, 1 camera, "]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn bench_uses_a_given_source_and_the_model_of_a_configuration() {
    const SMALL: &str = "video/x-raw,format=NV12,width=320,height=240,framerate=100/1 ! appsink name=frames";
    let live = format!("videotestsrc is-live=true ! {SMALL}");
    let report = bench_report(&[&["--"][..], &live.split(' ').collect::<Vec<_>>()].concat());
    assert!(report["live"].is_object() && report["full_speed"].is_null(), "{report}");
    let film = format!("videotestsrc num-buffers=10 ! {SMALL}");
    let report = bench_report(&[&["--"][..], &film.split(' ').collect::<Vec<_>>()].concat());
    assert_eq!(report["full_speed"]["counts"]["results"], 10, "{report}");
    assert!(report["live"].is_null() && report["settings"]["source"] == film, "{report}");

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("glimpsed.toml");
    let camera = "[[camera]]\nname = 'a'\nlaunch = 'v4l2src device=/dev/video77 ! appsink name=frames'\n";
    std::fs::write(&config, format!("[model]\nfile = 'testcard'\nfilter = 'nearest'\n{camera}")).unwrap();
    let output =
        common::run(&["bench", "--config", config.to_str().unwrap(), "--time", "300ms", "--frame-size", "64x48", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", common::stderr(&output)));
    assert_eq!((&report["settings"]["filter"], &report["model"]), (&"nearest".into(), &"testcard".into()), "{report}");
}

#[test]
fn bench_says_why_there_is_nothing_to_measure() {
    let gone = common::run(&[
        "bench",
        "--model",
        "testcard",
        "--time",
        "300ms",
        "--",
        "v4l2src",
        "device=/dev/video77",
        "!",
        "appsink",
        "name=frames",
    ]);
    assert!(!gone.status.success() && common::stderr(&gone).contains("/dev/video77"), "{}", common::stderr(&gone));
    let both =
        common::run(&["bench", "--model", "testcard", "--frame-size", "64x48", "--", "fakesrc", "!", "appsink", "name=frames"]);
    assert_eq!(both.status.code(), Some(2), "{}", common::stderr(&both));
}
