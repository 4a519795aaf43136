//! Cameras that fail, stall or are absent: frames arrive again when they are back, and no file or memory is leaked.

use crate::common;
use glimpsed::capture::{self, Backoff, Change, Ended, Limits, Params, Pipeline};
use glimpsed::error::Result;
use glimpsed::system::signals::Stop;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Practically no pause.
pub fn at_once() -> Backoff {
    Backoff::new(Duration::from_millis(1), Duration::from_millis(1), Duration::from_secs(60))
}

/// Runs a source until it has delivered `wanted` frames; returns its reports: `flows`, or why it was lost.
pub fn until(wanted: usize, params: &Params) -> (Result<Ended>, Vec<String>) {
    let (stop, reports, mut frames) = (Stop::default(), std::cell::RefCell::new(Vec::new()), 0);
    let enough = stop.clone();
    let deliver = move |_| {
        frames += 1;
        if frames >= wanted {
            enough.request();
        }
        ControlFlow::Continue(())
    };
    let mut changed = |change| {
        reports.borrow_mut().push(match change {
            Change::Flows { live } => format!("flows, live: {live}"),
            Change::Lost { why, .. } => why.to_string(),
            Change::Damaged(damage) => damage.to_string(),
            Change::Untimed { why } => why.to_string(),
        });
    };
    let ended = capture::run(params, [stop.receiver(), stop.receiver()], &mut changed, deliver);
    (ended, reports.into_inner())
}

const LIVE: &str = "videotestsrc is-live=true ! video/x-raw,format=NV12,width=64,height=48,framerate=100/1";

/// Checks the reports: flows and losses in turn, with the reason `why`, at least `times`.
pub fn assert_came_back(reports: &[String], why: &str, times: usize) {
    let losses = reports.iter().filter(|reports| reports.contains(why)).count();
    assert!(losses >= times && reports[0] == "flows, live: true", "{reports:?}");
    assert!(reports.windows(2).all(|pair| pair[0].starts_with("flows") != pair[1].starts_with("flows")), "{reports:?}");
}

/// Runs a source without frames until it was lost `times` times; returns the reasons, and the pauses before the next attempt.
pub fn losses(times: usize, params: &Params) -> Vec<(String, Duration)> {
    let (stop, mut reports) = (Stop::default(), Vec::new());
    let mut changed = |change| {
        if let Change::Lost { why, pause } = change {
            reports.push((why.to_string(), pause));
            if reports.len() == times {
                stop.request();
            }
        }
    };
    let ended = capture::run(params, [stop.receiver(), stop.receiver()], &mut changed, |_| ControlFlow::Continue(()));
    assert_eq!(ended.unwrap(), Ended::Stopped);
    reports
}

#[test]
fn an_element_that_fails() {
    let pipeline = format!("{LIVE} ! identity error-after=4 ! appsink name=frames");
    let (ended, reports) = until(12, &Params { backoff: at_once(), ..Params::new(&pipeline) });
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert_came_back(&reports, "Failed after iterations as requested", 3);
}

#[test]
fn a_stream_that_ends() {
    let pipeline = format!("{} ! appsink name=frames", LIVE.replace("is-live=true", "is-live=true num-buffers=4"));
    let (ended, reports) = until(12, &Params { backoff: at_once(), ..Params::new(&pipeline) });
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert_came_back(&reports, "ended its stream", 2);
}

#[test]
fn a_camera_that_stalls_is_rebuilt() {
    // the gate is open only from the second pipeline on
    let pipeline = format!("{LIVE} ! valve name=gate drop=true ! appsink name=frames");
    let built = AtomicUsize::new(0);
    let open_the_second = move |pipeline: &Pipeline| {
        if built.fetch_add(1, Ordering::Relaxed) == 1 {
            pipeline.set("gate", "drop", "false");
        }
    };
    let params = Params {
        prepare: Arc::new(open_the_second),
        limits: Limits { start: Duration::from_millis(500), stall: Duration::from_secs(5) },
        backoff: at_once(),
        ..Params::new(&pipeline)
    };
    let (ended, reports) = until(3, &params);
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert!(reports[0].contains("no frame for") && reports[1] == "flows, live: true" && reports.len() == 2, "{reports:?}");
}

#[test]
fn an_absent_camera_is_retried_with_growing_pauses() {
    let pipeline = "v4l2src device=/dev/video77 ! appsink name=frames";
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2), Duration::from_secs(60));
    let params = Params { backoff, ..Params::new(pipeline) };
    let reports = losses(3, &params);
    assert!(
        reports[0].0.contains("Cannot identify device '/dev/video77'")
            && (reports[0].0.contains("There is no camera") || reports[0].0.contains("Available cameras: /dev/v")),
        "{reports:?}"
    );
    // the same text each time, otherwise the log would repeat it
    assert!(reports.iter().all(|(why, _)| *why == reports[0].0), "{reports:?}");
    assert_eq!(reports.iter().map(|(_, pause)| pause.as_millis()).collect::<Vec<_>>(), [1, 2, 2]);
}

#[test]
fn a_permanent_error_is_not_retried() {
    let (ended, reports) = until(1, &Params::new("videotestsrc ! nonsense ! appsink name=frames"));
    assert!(ended.unwrap_err().to_string().contains("no element \"nonsense\"") && reports.is_empty());
    // a file is not a camera
    let (ended, reports) = until(1, &Params::new("filesrc location=/nowhere.png ! pngdec ! appsink name=frames"));
    assert!(ended.unwrap_err().to_string().contains("/nowhere.png") && reports.is_empty());
}

#[test]
fn a_file_ends() {
    let (ended, reports) = until(usize::MAX, &Params::new("videotestsrc num-buffers=3 ! appsink name=frames"));
    assert_eq!((ended.unwrap(), reports), (Ended::EndOfStream, vec!["flows, live: false".to_owned()]));
}

/// Open files and resident memory (KiB) of this process.
fn footprint() -> (usize, u64) {
    let files = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    (files, resident.split_whitespace().nth(1).unwrap().parse().unwrap())
}

#[test]
fn two_hundred_rebuilds_leak_nothing() {
    if !common::in_own_process("camera::two_hundred_rebuilds_leak_nothing") {
        return;
    }
    let pipeline = format!("{} ! appsink name=frames", LIVE.replace("is-live=true", "is-live=true num-buffers=1"));
    let stop = Stop::default();
    let (mut losses, mut early, mut late) = (0, (0, 0), (0, 0));
    let mut changed = |change| {
        if matches!(change, Change::Lost { .. }) {
            losses += 1;
            match losses {
                20 => early = footprint(),
                200 => {
                    late = footprint();
                    stop.request();
                }
                _ => {}
            }
        }
    };
    let params = Params { backoff: at_once(), ..Params::new(&pipeline) };
    capture::run(&params, [stop.receiver(), stop.receiver()], &mut changed, |_| ControlFlow::Continue(())).unwrap();
    assert!(late.0 <= early.0 + 4, "open files: {} after 20, {} after 200", early.0, late.0);
    assert!(late.1 <= early.1 + 8192, "KiB: {} after 20, {} after 200", early.1, late.1);
}

#[test]
fn the_log_reports_each_change_once() {
    let folder = tempfile::tempdir().unwrap();
    let launch = folder.path().join("dying.launch");
    std::fs::write(&launch, format!("{LIVE} ! identity error-after=30 ! appsink name=frames")).unwrap();
    let mut command = common::glimpsed();
    command.args(["run", "--json", "--model", "testcard", "--name", "front", "--frames", "40", "--pipeline"]).arg(&launch);
    let output = command.output().unwrap();
    let log = common::stderr(&output);
    assert!(output.status.success(), "{log}");
    let results = common::json_lines(&output);
    // the result lines continue after the loss
    assert_eq!(results.iter().map(|result| result["seq"].as_u64().unwrap()).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    assert_eq!((log.matches("front is lost").count(), log.matches("front: frames again").count()), (1, 1), "{log}");
}

#[test]
fn a_stream_may_change_its_size() {
    // two sizes, one after the other, in one stream
    let size = |n: u32| {
        format!("videotestsrc num-buffers=5 pattern=ball ! video/x-raw,format=NV12,width={n},height={n},framerate=30/1 ! c.")
    };
    let pipeline = format!("concat name=c ! appsink name=frames  {} {}", size(64), size(128));
    let sizes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, stop) = (sizes.clone(), Stop::default());
    let deliver = move |frame: glimpsed::frame::Frame| {
        seen.lock().unwrap().push(frame.info.picture.width);
        ControlFlow::Continue(())
    };
    let ended = capture::run(&Params::new(&pipeline), [stop.receiver(), stop.receiver()], &mut |_| {}, deliver);
    assert_eq!(ended.unwrap(), Ended::EndOfStream);
    assert_eq!(*sizes.lock().unwrap(), [[64; 5], [128; 5]].concat());
}

#[test]
fn a_camera_that_sends_garbage_is_lost_and_retried() {
    // buffers of 40 bytes with caps of a 64x48 picture
    let garbage = "fakesrc is-live=true format=time sizetype=fixed sizemax=40 filltype=random ! \
                   video/x-raw,format=NV12,width=64,height=48,framerate=30/1 ! appsink name=frames";
    let reports = losses(2, &Params { backoff: at_once(), ..Params::new(garbage) });
    let why = "50 damaged frames in a row: buffer is 40 bytes, NV12 64x48 needs 4608";
    assert!(reports.iter().all(|(reports, _)| reports.starts_with(why)), "{reports:?}");
}

#[test]
fn a_camera_whose_frames_are_no_longer_wanted_is_not_lost() {
    let pipeline = format!("{LIVE} ! appsink name=frames");
    let (stop, mut reports) = (Stop::default(), Vec::new());
    let mut wanted = 3;
    let deliver = move |_| {
        wanted -= 1;
        if wanted == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let ended =
        capture::run(&Params::new(&pipeline), [stop.receiver(), stop.receiver()], &mut |change| reports.push(change), deliver);
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert!(matches!(reports[..], [Change::Flows { live: true }]), "{reports:?}");
}

#[test]
fn faultsrc_without_a_fault_delivers_frames() {
    common::load_faults();
    let (ended, reports) = until(3, &Params::new("faultsrc fps=100 ! appsink name=frames"));
    assert_eq!((ended.unwrap(), reports), (Ended::Stopped, vec!["flows, live: true".to_owned()]));
}

#[test]
fn caps_without_a_frame_rate_are_accepted() {
    common::load_faults();
    let (ended, reports) = until(3, &Params::new("faultsrc mode=caps-no-framerate fps=100 ! appsink name=frames"));
    assert_eq!((ended.unwrap(), reports), (Ended::Stopped, vec!["flows, live: true".to_owned()]));
}

#[test]
fn a_missing_film_is_an_error_at_once() {
    for film in [
        "uridecodebin uri=file:///nowhere.png",
        "uridecodebin3 uri=file:///nowhere.png",
        "filesrc location=/nowhere.png ! decodebin",
    ] {
        let (ended, reports) = until(1, &Params::new(&format!("{film} ! videoconvert ! appsink name=frames")));
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("/nowhere.png") && reports.is_empty(), "{film}: {error} {reports:?}");
    }
}

#[test]
fn a_camera_whose_formats_never_match_is_not_retried() {
    for camera in [
        "videotestsrc is-live=true ! video/x-raw,format=GRAY16_LE ! appsink name=frames",
        "v4l2src device=/dev/video77 ! image/jpeg ! appsink name=frames",
    ] {
        let (ended, reports) = until(1, &Params::new(camera));
        let error = ended.unwrap_err();
        assert!(error.to_string().contains("no format in common") && reports.is_empty(), "{camera}: {error} {reports:?}");
        assert_eq!(error.exit_status(), 1, "{camera}");
    }
}

/// Runs the program with a configuration file of `cameras` (name and gst-launch text); returns its exit status and log.
fn service(cameras: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glimpsed.toml");
    let cameras = cameras.iter().map(|(name, launch)| format!("[[camera]]\nname = '{name}'\nlaunch = '{launch}'\n"));
    std::fs::write(&file, format!("model.file = 'testcard'\nexecution.provider = 'cpu'\n{}", cameras.collect::<String>())).unwrap();
    let output = common::glimpsed().args(["run", "--json", "--config"]).arg(&file).args(args).output().unwrap();
    (output.status.code(), common::stderr(&output))
}

#[test]
fn the_exit_status_of_a_service_whose_cameras_end() {
    let film = ("film", "videotestsrc num-buffers=2 ! video/x-raw,width=64,height=48 ! appsink name=frames");
    let broken = ("broken", "videotestsrc is-live=true ! video/x-raw,format=GRAY16_LE ! appsink name=frames");
    let well = ("well", "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=100/1 ! appsink name=frames");
    let (status, log) = service(&[film], &[]);
    assert!(status == Some(0) && log.contains("WARN") && log.contains("film has ended"), "{status:?} {log}");
    let (status, log) = service(&[broken, film], &[]);
    assert!(status == Some(1) && log.contains("broken has ended"), "{status:?} {log}");
    // a requested shutdown is not a failure while one camera is running
    let (status, log) = service(&[broken, well], &["--frames", "5"]);
    assert!(status == Some(0), "{status:?} {log}");
}
