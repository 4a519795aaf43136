//! Unusable frames are discarded and counted: damaged ones, corrupted ones, repetitions. Their camera and the others continue.

use crate::common;
use glimpsed::capture::{self, Backoff, Change, Ended, Limits, Params};
use glimpsed::error::Result;
use glimpsed::frame::Frame;
use glimpsed::model::builtin;
use glimpsed::runtime::Execution;
use glimpsed::stats::{Counts, Unusable};
use glimpsed::system::signals::Stop;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The outcome of a source.
#[derive(Debug)]
struct Course {
    ended: Result<Ended>,
    reports: Vec<String>,
    damaged: u64,
    skipped: u64,
}

fn params(pipeline: &str) -> Params {
    common::load_faults();
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(1), Duration::from_secs(60));
    Params { backoff, ..Params::new(&format!("{pipeline} ! appsink name=frames")) }
}

/// Runs a source until `enough` returns true for a frame, it is lost, or it ends.
fn until(params: &Params, mut enough: impl FnMut(&Frame) -> bool + Send + 'static) -> Course {
    let (stop, mut reports) = (Stop::default(), Vec::new());
    let asked = stop.clone();
    let deliver = move |frame: Frame| {
        if enough(&frame) {
            asked.request();
        }
        ControlFlow::Continue(())
    };
    let mut changed = |change| {
        reports.push(match change {
            Change::Flows { live } => format!("flows, live: {live}"),
            Change::Lost { why, .. } => {
                stop.request();
                format!("lost: {}", why.to_string().lines().next().unwrap())
            }
            Change::Damaged(damage) => damage.to_string(),
            Change::Untimed { why } => why.to_string(),
        });
    };
    let ended = capture::run(params, [stop.receiver(), stop.receiver()], &mut changed, deliver);
    let Unusable { damaged, skipped } = &*params.unusable;
    let [damaged, skipped] = [damaged, skipped].map(|count| count.load(Ordering::Relaxed));
    Course { ended, reports, damaged, skipped }
}

/// True from frame `wanted` on.
fn frames(wanted: u64) -> impl FnMut(&Frame) -> bool + Send + 'static {
    let mut came = 0;
    move |_| {
        came += 1;
        came >= wanted
    }
}

#[test]
fn each_tenth_frame_is_short_and_nine_of_ten_get_results() {
    let course = until(&params("faultsrc mode=short every=10 fps=500"), frames(900));
    assert_eq!(course.ended.unwrap(), Ended::Stopped);
    assert!((99..=101).contains(&course.damaged) && course.skipped == 0, "{} of about 1,000 are damaged", course.damaged);
    let why = "damaged frame discarded: buffer is 2304 bytes, I420 64x48 needs 4608";
    assert!(
        matches!(&course.reports[..], [flows, damage] if flows == "flows, live: true" && damage.ends_with(why)),
        "{:?}",
        course.reports
    );
}

#[test]
fn wrong_metadata_of_a_buffer_makes_it_damaged() {
    const LIES: [(&str, &str); 16] = [
        ("mode=stride arg=100000 format=RGB", "64x48 in rows of [100000] needs 4700192"),
        ("mode=stride arg=67108864 format=RGB", "needs 3154116800"),
        ("mode=stride arg=2147483647 format=I420", "needs"),
        ("mode=stride arg=10 format=RGB", "rows 10 bytes apart, each needs 192"),
        ("mode=stride arg=0 format=NV12", "rows 0 bytes apart, each needs 64"),
        ("mode=stride arg=-192 format=RGB", "bottom-up"),
        ("mode=offset arg=1000000 format=RGB", "needs 1009216"),
        ("mode=offset arg=-1 format=RGB", "needs more than can be addressed"),
        ("mode=offset-end format=NV12", "buffer is 4608 bytes, NV12 64x48 needs 6144"),
        ("mode=tight format=YUY2 width=321 height=24", "rows 642 bytes apart, each needs 644"),
        ("mode=other-format format=RGB", "another format"),
        ("mode=more-planes format=RGB", "4 planes; its caps are RGB with 1"),
        ("mode=smaller arg=1 format=RGB", "only 63x47 are stored, its caps are 64x48"),
        ("mode=tiny format=YUY2", "buffer is 100 bytes, YUY2 64x48 needs 6144"),
        ("mode=empty format=GRAY8", "buffer is 0 bytes, GRAY8 64x48 needs 3072"),
        ("mode=corrupted format=RGB", "flagged as corrupted"),
    ];
    for (source, why) in LIES {
        let course = until(&params(&format!("faultsrc {source} every=2 fps=500")), frames(5));
        assert_eq!(course.ended.unwrap(), Ended::Stopped, "{source}");
        assert!(
            course.damaged >= 4 && course.reports.len() == 2 && course.reports[1].contains(why),
            "{source}: {:?}",
            course.reports
        );
    }
    // unusual, but correct
    for source in [
        "mode=larger arg=8 format=NV12",
        "mode=larger-held arg=8 format=NV12",
        "mode=larger-held arg=8 format=I420",
        "mode=memories format=I420",
        "mode=tight format=NV12 width=321 height=241",
    ] {
        let course = until(&params(&format!("faultsrc {source} fps=500")), frames(5));
        assert_eq!(
            (course.ended.unwrap(), course.damaged, course.reports.len()),
            (Ended::Stopped, 0, 1),
            "{source}: {:?}",
            course.reports
        );
    }
}

#[test]
fn only_damaged_frames_are_a_loss() {
    let course = until(&params("faultsrc mode=tiny fps=500"), frames(1));
    let lost = "lost: 50 damaged frames in a row: buffer is 100 bytes, I420 64x48 needs 4608";
    assert!(course.reports.last().unwrap() == lost && course.damaged >= 50, "{course:?}");
}

#[test]
fn only_the_start_limit_applies_to_corrupted_frames() {
    let limits = Limits { start: Duration::from_millis(300), stall: Duration::from_millis(100) };
    let course = until(&Params { limits, ..params("faultsrc mode=corrupted fps=500") }, frames(1));
    assert!(course.reports[0].contains("flagged as corrupted") && course.damaged > 50, "{course:?}");
    assert_eq!(course.reports[1..], ["lost: no frame for 300ms after the start (start_timeout)"]);
}

#[test]
fn a_repetition_gets_no_result_and_resets_the_stall_limit() {
    let course = until(&params("faultsrc mode=gap every=2 fps=500"), frames(100));
    assert!(course.reports == ["flows, live: true"] && course.damaged == 0 && (98..=101).contains(&course.skipped), "{course:?}");

    let every = params("faultsrc mode=gap fps=500");
    let (stop, counts) = (Stop::default(), every.unusable.clone());
    let ended = std::thread::scope(|scope| {
        let camera = scope.spawn(|| {
            let deliver = |_| panic!("a repetition of nothing");
            let mut reports = Vec::new();
            let ended = capture::run(&every, [stop.receiver(), stop.receiver()], &mut |change| reports.push(change), deliver);
            (ended.unwrap(), format!("{reports:?}"))
        });
        let patience = Instant::now() + Duration::from_secs(30);
        while counts.skipped.load(Ordering::Relaxed) < 100 {
            assert!(Instant::now() < patience, "no frame was skipped");
            std::thread::yield_now();
        }
        stop.request();
        camera.join().unwrap()
    });
    assert_eq!(ended, (Ended::Stopped, "[Flows { live: true }]".to_owned()));
}

#[test]
fn each_picture_of_a_film_is_classified_once() {
    let course = until(&params("faultsrc live=false mode=gap fps=0 num-buffers=5"), frames(2));
    assert_eq!((course.ended.unwrap(), course.skipped), (Ended::EndOfStream, 4), "the first picture repeats none");
    let course = until(&params("faultsrc live=false mode=gap every=2 fps=0 num-buffers=6"), frames(4));
    assert_eq!((course.ended.unwrap(), course.skipped), (Ended::EndOfStream, 3));
}

#[test]
fn a_film_without_one_usable_frame_is_an_error_that_says_why() {
    let course = until(&params("faultsrc live=false mode=tiny fps=0 num-buffers=3"), frames(1));
    let why = course.ended.unwrap_err().to_string();
    assert!(why.contains("none of its frames is usable: buffer is 100 bytes, I420 64x48 needs 4608"), "{why}");
    let course = until(&params("faultsrc live=false mode=tiny fps=0 num-buffers=60 every=2"), frames(31));
    assert_eq!((course.ended.unwrap(), course.damaged), (Ended::EndOfStream, 30), "usable frames are used");
}

#[test]
fn a_camera_may_need_longer_than_the_stall_timeout_to_start() {
    let limits = Limits { start: Duration::from_secs(60), stall: Duration::from_millis(300) };
    for mode in ["slow-first", "slow-start"] {
        let course = until(&Params { limits, ..params(&format!("faultsrc mode={mode} arg=900")) }, frames(1));
        assert_eq!(course.reports, ["flows, live: true"], "{mode}");
    }
}

#[test]
fn implausible_timestamps_are_reported_once_and_the_arrival_time_is_used() {
    const MODES: [(&str, &str); 5] = [
        ("pts-reset arg=20", "its timestamps go back by"),
        ("pts-back arg=60000 every=2", "its timestamps go back by"),
        ("pts-future arg=5000", "its timestamps are"),
        ("pts-huge", "its timestamps are"),
        ("pts-none", "its frames have no timestamp"),
    ];
    for (mode, why) in MODES {
        let (mut came, mut before) = (0, None);
        let course = until(&params(&format!("faultsrc mode={mode} fps=200")), move |frame| {
            let captured = frame.info.captured;
            // arrival times increase regardless of the timestamps; the first timestamps are still used
            if came > 30
                && let Some(before) = before
            {
                assert!(captured >= before, "frame {came} was captured before the previous one");
            }
            assert!(captured <= Instant::now());
            (came, before) = (came + 1, Some(captured));
            came >= 60
        });
        assert_eq!(course.ended.unwrap(), Ended::Stopped);
        let untimed: Vec<_> = course.reports.iter().filter(|reports| reports.contains("timestamp")).collect();
        assert!(untimed.len() == 1 && untimed[0].starts_with(why) && course.reports.len() == 2, "{mode}: {:?}", course.reports);
    }
    let course = until(&params("faultsrc fps=200"), frames(60));
    assert_eq!(course.reports, ["flows, live: true"], "true times");
}

#[test]
fn the_log_reports_the_first_and_the_statistics_count_all() {
    let mut command = common::glimpsed_with_faults();
    command.args(["run", "--json", "--model", "testcard", "--name", "front", "--frames", "40", "--"]);
    let output = command.args("faultsrc mode=tiny every=3 fps=100 ! appsink name=frames".split(' ')).output().unwrap();
    let log = common::stderr(&output);
    assert!(output.status.success(), "{log}");
    assert_eq!(common::json_lines(&output).len(), 40);
    assert_eq!(log.matches("front: 1 damaged frame discarded: buffer is 100 bytes, I420 64x48 needs 4608").count(), 1, "{log}");
    let statistics = log.lines().find(|line| line.contains(" results,")).unwrap();
    assert!(statistics.contains(" damaged") && log.matches("damaged").count() == 2, "{log}");
}

#[test]
fn a_faulty_camera_does_not_affect_another() {
    common::load_faults();
    for mode in ["tiny", "stride arg=67108864", "more-planes", "corrupted", "gap", "caps-zero-size"] {
        let quick = Box::new(common::Quick(Execution { provider: "CPU", detail: "a fake".into(), nodes: None }));
        let classifier = common::classifier(&builtin().unwrap(), quick, 1);
        let faulty = common::camera("faulty", &format!("faultsrc mode={mode} fps=200 ! appsink name=frames"));
        // a film: each of its frames waits for the engine, so that none is dropped on a busy machine
        let sound = common::camera("sound", "faultsrc live=false fps=200 num-buffers=80 ! appsink name=frames");
        let done = common::run_daemon(classifier, Box::new(common::Nowhere), vec![faulty, sound], Some(80));
        let [faulty, sound] = &done[..] else { panic!("two cameras") };
        assert_eq!((faulty.results, sound.results, sound.errors), (0, 80, 0), "{mode}: {faulty}; {sound}");
        assert_eq!(sound.counts, Counts { captured: 80, ..Counts::default() }, "{mode}: {sound}");
    }
}
