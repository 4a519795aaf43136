//! Network cameras, against servers for their protocols: RTSP with H.264, and Motion JPEG over HTTP.

use crate::common;
use crate::common::network::{MjpegServer, RtspServer};
use glimpsed::capture::{self, Backoff, Change, Ended, Params, launch};
use glimpsed::system::signals::Stop;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::process::Stdio;
use std::time::Duration;

/// A shipped pipeline with its variables.
fn shipped(name: &str, variables: &[(&str, &str)]) -> Params {
    let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
    let text = launch::read(&common::project().join("pipelines").join(name), &lookup).unwrap();
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(100), Duration::from_secs(60));
    Params { backoff, ..Params::new(&text) }
}

/// Runs the camera until `enough` returns true for a report: `Ok` for frames, the reason for a loss.
fn run(params: &Params, mut enough: impl FnMut(&Result<(), String>) -> bool) {
    let stop = Stop::default();
    let late = stop.clone();
    late.request_after(Duration::from_secs(60)).unwrap();
    let mut changed = |change| {
        let report = match change {
            Change::Flows { live } => {
                assert!(live, "treated as a film");
                Ok(())
            }
            Change::Lost { why, .. } => Err(why.to_string()),
            Change::Damaged(_) | Change::Untimed { .. } => return,
        };
        if enough(&report) {
            stop.request();
        }
    };
    let ended = capture::run(params, [stop.receiver(), stop.receiver()], &mut changed, |_| ControlFlow::Continue(()));
    assert_eq!(ended.unwrap(), Ended::Stopped);
}

/// The first `times` reasons why the camera is lost; it never delivers a frame.
fn losses(params: &Params, times: usize) -> Vec<String> {
    let mut losses = Vec::new();
    run(params, |report| {
        losses.push(report.clone().expect_err("no frames"));
        losses.len() == times
    });
    losses
}

/// Kills the server when frames arrive, starts another after the loss, and waits for frames; returns the first reason.
fn killed_and_started_again<S>(params: &Params, server: S, start: impl Fn() -> S) -> String {
    let (mut server, mut first) = (Some(server), None);
    run(params, |report| match (report, &first) {
        (Ok(()), None) => {
            server = None;
            false
        }
        (Ok(()), Some(_)) => true,
        (Err(why), None) => {
            first = Some(why.clone());
            server = Some(start());
            false
        }
        // not running yet
        (Err(_), Some(_)) => false,
    });
    drop(server);
    first.expect("the loss is reported, and frames arrive again")
}

/// Reads the stream until a frame that depends on others.
fn join_first(url: &str) -> gstreamer::Pipeline {
    use gstreamer::prelude::*;
    let text = format!("rtspsrc location={url} protocols=tcp latency=0 ! rtph264depay ! appsink name=s sync=false");
    let pipeline = gstreamer::parse::launch(&text).unwrap().downcast::<gstreamer::Pipeline>().unwrap();
    let sink = pipeline.by_name("s").unwrap().downcast::<gstreamer_app::AppSink>().unwrap();
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    loop {
        let sample = sink.try_pull_sample(gstreamer::ClockTime::from_seconds(30)).expect("a frame within 30 s");
        if sample.buffer().unwrap().flags().contains(gstreamer::BufferFlags::DELTA_UNIT) {
            sink.set_property("drop", true);
            sink.set_property("max-buffers", 1u32);
            return pipeline;
        }
    }
}

#[test]
fn a_stream_joined_between_key_frames_gets_no_result_until_the_next_one() {
    use gstreamer::prelude::*;
    // no key frame except the first, until one is requested
    let Some(mut server) = RtspServer::start(&["--distance", "1000000"]) else { return };
    let other = join_first(&server.url());
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let mut command = common::glimpsed();
    let variable = format!("URL={}", server.url());
    command.args(["run", "--json", "--model", "testcard", "--frames", "10", "--for", "60s", "--status-interval", "200ms", "--var"]);
    command.arg(variable).arg("--socket").arg(&socket).arg("--pipeline").arg(common::project().join("pipelines/rtsp.launch"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut log, mut lines) = (String::new(), BufReader::new(child.stderr.take().unwrap()));
    while !log.contains("damaged") {
        assert!(lines.read_line(&mut log).unwrap() > 0, "{log}");
    }
    // more than the limit for damaged frames (50 in a row)
    let messages = BufReader::new(std::os::unix::net::UnixStream::connect(&socket).unwrap()).lines();
    let mut messages = messages.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let many = messages.find(|message| message["damaged"].as_u64().is_some_and(|damaged| damaged > 60)).unwrap();
    assert_eq!((&many["results"], &many["errors"]), (&0.into(), &0.into()), "no picture was complete yet: {many}");
    server.make_key_frame();
    let output = child.wait_with_output().unwrap();
    lines.read_to_string(&mut log).unwrap();
    assert!(output.status.success(), "{log}");
    let results = common::json_lines(&output);
    assert_eq!(results.len(), 10, "{log}");
    for result in results {
        assert_eq!(result["classifications"][0]["label"], "SMPTE color bars", "{result}");
    }
    assert!(log.contains("flagged as corrupted") && !log.contains("is lost"), "{log}");
    other.set_state(gstreamer::State::Null).unwrap();
}

#[test]
fn a_lost_rtsp_camera_is_used_again_when_it_is_back() {
    let Some(server) = RtspServer::start(&[]) else { return };
    let (url, port) = (server.url(), server.port.to_string());
    let why = killed_and_started_again(&shipped("rtsp.launch", &[("URL", &url)]), server, || {
        RtspServer::start(&["--port", &port]).unwrap()
    });
    assert!(why.contains("ended its stream") || why.contains("127.0.0.1"), "{why}");
}

#[test]
fn the_address_of_an_rtsp_camera_is_passed_unchanged() {
    let Some(mut server) = RtspServer::start(&[]) else { return };
    let url = format!("{}?channel=1&subtype=0&name=it%27s%20a%20%22door%22%21&x=a;b", server.url());
    run(&shipped("rtsp.launch", &[("URL", &url)]), |report| report.as_ref().map(|()| true).unwrap());
    assert_eq!(server.asked_for(), url);
}

#[test]
fn a_wrong_password_is_reported_and_retried() {
    let Some(server) = RtspServer::start(&["--password", "right"]) else { return };
    let url = |password: &str| server.url().replace("//", &format!("//admin:{password}@"));
    run(&shipped("rtsp.launch", &[("URL", &url("right"))]), |report| report.as_ref().map(|()| true).unwrap());
    let http = MjpegServer::start(0, Some("YWRtaW46cmlnaHQ="));
    let variables = [("URL", &*http.url()), ("CAMERA_USER", "admin"), ("CAMERA_PASSWORD", "hunter2")];
    let absent = shipped("http-mjpeg.launch", &[("URL", &http.url().replace("//", "//admin:hunter2@"))]);
    for params in [shipped("rtsp.launch", &[("URL", &url("hunter2"))]), shipped("http-mjpeg.launch", &variables), absent] {
        for report in losses(&params, 2) {
            assert!(report.contains("user name and password") && report.contains("nauthorized"), "{report}");
            assert!(!report.contains("hunter2"), "{report}");
        }
    }
}

#[test]
fn a_lost_http_camera_is_used_again_when_it_is_back() {
    // admin:it's "1" & 2
    let start = |port| MjpegServer::start(port, Some("YWRtaW46aXQncyAiMSIgJiAy"));
    let server = start(0);
    let (url, port) = (server.url(), server.port);
    let variables = [("URL", &*url), ("CAMERA_USER", "admin"), ("CAMERA_PASSWORD", "it's \"1\" & 2")];
    let why = killed_and_started_again(&shipped("http-mjpeg.launch", &variables), server, || start(port));
    assert!(why.contains("ended its stream") || why.contains("127.0.0.1"), "{why}");
}

#[test]
fn an_unreachable_camera_is_reported_with_its_host() {
    let closed = MjpegServer::start(0, None).port;
    for (host, port) in [("127.0.0.1", closed), ("camera.invalid", 1)] {
        for (pipeline, scheme) in [("rtsp.launch", "rtsp"), ("http-mjpeg.launch", "http")] {
            let url = format!("{scheme}://admin:hunter2@{host}:{port}/s");
            let report = losses(&shipped(pipeline, &[("URL", &url)]), 1).remove(0);
            assert!(report.contains(&format!("{host}:{port}")), "{report}");
            // (souphttpsrc's messages differ between versions)
            assert!(report.contains("Is the camera on") || scheme == "http", "{report}");
            assert!(!report.contains("hunter2") && !report.contains("Motion JPEG"), "{report}");
        }
    }
}

#[test]
fn an_address_without_motion_jpeg_is_reported_as_such() {
    // a server that sends only this answer
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            use std::io::Write;
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
        }
    });
    let report = losses(&shipped("http-mjpeg.launch", &[("URL", &url)]), 1).remove(0);
    assert!(report.contains("not Motion JPEG") && report.contains("browser"), "{report}");
}
