//! Regions of a camera's picture: exact to the pixel in each pixel format, and streams of their own.

use crate::common;
use glimpsed::config::{Camera, Region};
use glimpsed::frame::{Area, Crop, Frame, Orientation, OwnedPixels, Picture, PixelFormat, Rect};
use glimpsed::metrics::{State, Status};
use glimpsed::model::{Model, builtin};
use glimpsed::preprocess::{Filter, Params, Preprocessor};
use glimpsed::runtime::Execution;
use glimpsed::tensor::Tensor;
use std::sync::Arc;

const SIZE: (u32, u32) = (322, 243);

/// A sample of a picture without symmetry, in which neighbours differ.
fn sample(channel: u32, x: u32, y: u32) -> u8 {
    (((3 * x * x + 5 * y * y + (channel + 1) * x * y) >> 4) & 255) as u8
}

/// A picture of `size` whose luma is that of `left`, `top` on, in planes of `format`; chroma pixel (x, y) is that of the whole picture.
fn cut(format: PixelFormat, (left, top): (u32, u32), size: (u32, u32)) -> Frame {
    let luma = |x: u32, y: u32| sample(0, left + x, top + y);
    // what the chroma of 4:2:0, of 4:2:2 and of 4:4:4 is at a pixel
    let (across, down) = match format {
        PixelFormat::Nv12 | PixelFormat::I420 => (2, 2),
        PixelFormat::Yuy2 | PixelFormat::Uyvy => (2, 1),
        _ => (1, 1),
    };
    let chroma = |channel: u32, x: u32, y: u32| sample(channel, (left / across + x) * 3, (top / down + y) * 3);
    let (wide, high) = (size.0.div_ceil(across), size.1.div_ceil(down));
    let plane = |width: u32, height: u32, at: &dyn Fn(u32, u32) -> Vec<u8>| {
        let data: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| at(x, y))).collect();
        let stride = data.len() / height as usize;
        (data, stride)
    };
    let y = || plane(size.0, size.1, &|x, y| vec![luma(x, y)]);
    let planes = match format {
        PixelFormat::Nv12 => vec![y(), plane(wide, high, &|x, y| vec![chroma(1, x, y), chroma(2, x, y)])],
        PixelFormat::I420 => {
            vec![y(), plane(wide, high, &|x, y| vec![chroma(1, x, y)]), plane(wide, high, &|x, y| vec![chroma(2, x, y)])]
        }
        PixelFormat::Yuy2 => {
            vec![plane(wide, size.1, &|x, y| vec![luma(2 * x, y), chroma(1, x, y), luma(2 * x + 1, y), chroma(2, x, y)])]
        }
        PixelFormat::Uyvy => {
            vec![plane(wide, size.1, &|x, y| vec![chroma(1, x, y), luma(2 * x, y), chroma(2, x, y), luma(2 * x + 1, y)])]
        }
        other => panic!("{other:?}"),
    };
    Frame::new(Picture::new(format, size.0, size.1), OwnedPixels(planes)).unwrap()
}

/// The same part with a chroma sample for each pixel: what the pixels of the part are, whatever their neighbours share with them.
fn full_chroma(format: PixelFormat, (left, top): (u32, u32), size: (u32, u32)) -> Frame {
    let (across, down) = if matches!(format, PixelFormat::Nv12 | PixelFormat::I420) { (2, 2) } else { (2, 1) };
    let plane = |channel: u32| {
        let at = move |x: u32, y: u32| match channel {
            0 => sample(0, left + x, top + y),
            _ => sample(channel, (left + x) / across * 3, (top + y) / down * 3),
        };
        let data: Vec<u8> = (0..size.1).flat_map(|y| (0..size.0).map(move |x| at(x, y))).collect();
        (data, size.0 as usize)
    };
    Frame::new(Picture::new(PixelFormat::Y444, size.0, size.1), OwnedPixels((0..3).map(plane).collect())).unwrap()
}

fn run(frame: &Frame, area: &Area, filter: Filter) -> Vec<u8> {
    let Model { input, .. } = builtin().unwrap();
    let mut out = Tensor::zeros(&input.tensor);
    Preprocessor::new(&input, &Params { filter, ..Params::default() }).run_area(frame, area, &mut out);
    common::bytes_of(&out)
}

fn whole(frame: &Frame, filter: Filter) -> Vec<u8> {
    run(frame, &Area::whole(&frame.info.picture), filter)
}

fn area(frame: &Frame, rect: [u32; 4]) -> Area {
    Area::of(&frame.info.picture, Some(Crop { rect: Rect::Pixels(rect), rotation: Orientation::UPRIGHT })).unwrap()
}

const FORMATS: [PixelFormat; 4] = [PixelFormat::Nv12, PixelFormat::I420, PixelFormat::Yuy2, PixelFormat::Uyvy];

#[test]
fn a_region_that_begins_with_a_chroma_sample_equals_the_picture_that_was_cut_out_in_every_element() {
    for format in FORMATS {
        let frame = cut(format, (0, 0), SIZE);
        for [x, y, width, height] in [[0, 0, 100, 100], [64, 32, 202, 144], [2, 10, 320, 233], [300, 240, 22, 3]] {
            let alone = cut(format, (x, y), (width, height));
            for filter in [Filter::Bicubic, Filter::Bilinear, Filter::Linear, Filter::Nearest] {
                let of_region = run(&frame, &area(&frame, [x, y, width, height]), filter);
                assert!(of_region == whole(&alone, filter), "{format:?} {filter:?}, {width}x{height} from {x}, {y}");
            }
        }
    }
}

#[test]
fn the_chroma_of_a_region_that_begins_between_two_samples_is_right_to_the_pixel() {
    let far = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    for format in FORMATS {
        let frame = cut(format, (0, 0), SIZE);
        for [x, y, width, height] in [[1, 0, 100, 100], [63, 31, 203, 145], [3, 11, 319, 232], [301, 239, 21, 4]] {
            let of_region = run(&frame, &area(&frame, [x, y, width, height]), Filter::Bicubic);
            let right = far(&of_region, &whole(&full_chroma(format, (x, y), (width, height)), Filter::Bicubic));
            assert!(right <= 3, "{format:?} {width}x{height} from {x}, {y}: {right}");
            let beside = far(&of_region, &whole(&full_chroma(format, (x - 1, y), (width, height)), Filter::Bicubic));
            assert!(beside > 20, "the comparison tells a pixel: {format:?} {width}x{height} from {x}, {y}: {beside}");
        }
    }
}

fn region(name: &str, rect: [f64; 4], model: &str) -> Region {
    let crop = Crop { rect: Rect::new(rect).unwrap(), rotation: Orientation::UPRIGHT };
    Region { name: name.into(), crop, model: Some(model.into()) }
}

/// Model `name`, which takes no time.
fn classifier(name: &str) -> glimpsed::engine::Classifier {
    let model = Model { name: name.into(), ..builtin().unwrap() };
    let execution = Execution { provider: "CPU", detail: "a fake".into(), nodes: None };
    common::classifier(&model, Box::new(common::Quick(execution)), 1)
}

/// Runs two cameras with `launch`: three regions and a whole picture for two models.
fn run_cameras(launch: &str, rect: [f64; 4], limit: Option<u64>) -> Vec<Status> {
    let front = Camera {
        models: Some(vec!["animals".into()]),
        regions: vec![region("door", [0.0, 0.0, 0.5, 1.0], "animals"), region("gate", [0.5, 0.0, 0.5, 1.0], "people")],
        ..Camera::new("front", launch)
    };
    let back = Camera { regions: vec![region("yard", rect, "people")], ..Camera::new("back", launch) };
    let place = Box::new(common::Nowhere);
    common::run_engines(vec![classifier("animals"), classifier("people")], place, vec![front, back], limit)
}

fn streams(statuses: &[Status]) -> Vec<(String, Option<Arc<str>>, String)> {
    let of = |status: &Status| -> Vec<_> {
        let of_stream =
            |stream: &glimpsed::metrics::StreamStatus| (status.source.to_string(), stream.region.clone(), stream.model.to_string());
        status.streams.iter().map(of_stream).collect()
    };
    statuses.iter().flat_map(of).collect()
}

const SMALL: &str = "video/x-raw,format=NV12,width=64,height=48,framerate=200/1";

#[test]
fn each_frame_of_a_film_gives_a_result_in_every_stream() {
    let done = run_cameras(&format!("videotestsrc num-buffers=60 ! {SMALL} ! appsink name=frames"), [16.0, 8.0, 32.0, 40.0], None);
    let name = |camera: &str, region: &str, model: &str| {
        (camera.to_owned(), Some(region).filter(|region| !region.is_empty()).map(Arc::from), model.to_owned())
    };
    let all = [
        name("front", "", "animals"),
        name("front", "door", "animals"),
        name("front", "gate", "people"),
        name("back", "yard", "people"),
    ];
    assert_eq!(streams(&done), all);
    for status in &done {
        assert_eq!((status.counts.captured, status.counts.dropped), (60, 0));
        assert!(
            status.streams.iter().all(|stream| (stream.frames, stream.results, stream.dropped, stream.failed) == (60, 60, 0, 0))
        );
    }
}

#[test]
fn each_frame_of_a_live_camera_is_accounted_for_in_every_stream_and_none_starves() {
    let done = run_cameras(&format!("videotestsrc is-live=true ! {SMALL} ! appsink name=frames"), [0.0, 0.0, 1.0, 1.0], Some(400));
    for status in &done {
        for stream in &status.streams {
            assert_eq!(stream.frames, stream.results + stream.dropped + stream.failed, "{stream:?}");
            assert!(stream.results >= 40, "of 400 in four streams: {stream:?}");
        }
    }
}

#[test]
fn a_region_beyond_the_picture_fails_alone_and_its_camera_says_why() {
    let done = run_cameras(&format!("videotestsrc num-buffers=60 ! {SMALL} ! appsink name=frames"), [16.0, 8.0, 64.0, 40.0], None);
    let [front, back] = &done[..] else { panic!("{done:?}") };
    assert!(front.streams.iter().all(|stream| stream.results == 60) && front.reason.is_none());
    assert_eq!((back.streams[0].frames, back.streams[0].failed, back.results), (60, 60, 0));
    let why = "yard: the region [16, 8, 64, 40] reaches to 80x48, and the picture has 64x48 pixels";
    assert_eq!((back.state, back.reason.as_deref()), (State::Ended, Some(why)));
}

#[test]
fn classify_takes_a_part_of_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("p.png");
    // white at the left, black at the right
    let make = "compositor name=c sink_1::xpos=320 ! videoconvert ! pngenc snapshot=true ! filesink name=file \
                videotestsrc num-buffers=1 pattern=white ! video/x-raw,width=320,height=480 ! c. \
                videotestsrc num-buffers=1 pattern=black ! video/x-raw,width=320,height=480 ! c.";
    let make = make.replace("name=file", &format!("location={}", picture.display()));
    assert!(std::process::Command::new("gst-launch-1.0").arg("-q").args(make.split_whitespace()).status().unwrap().success());
    let best = |region: &str| {
        let output = common::run(&["classify", "--json", "--model", "testcard", "--region", region, picture.to_str().unwrap()]);
        common::json_lines(&output)[0]["classifications"][0]["label"].as_str().unwrap().to_owned()
    };
    assert_eq!((best("0,0,0.5,1").as_str(), best("320,0,320,480").as_str()), ("white", "black"));
    let outside = common::run(&["classify", "--model", "testcard", "--region", "600,0,80,80", picture.to_str().unwrap()]);
    assert!(common::stderr(&outside).contains("reaches to 680x80, and the picture has 640x480 pixels"));
    let wrong = common::run(&["classify", "--model", "testcard", "--region", "0.5,0,0.6,1", picture.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(common::stderr(&wrong).contains("it exceeds the picture"), "{}", common::stderr(&wrong));
}
