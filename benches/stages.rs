//! Each stage alone: its time for one frame.
//!
//! `cargo bench --bench stages` runs everything (some minutes); `cargo bench --bench stages -- preprocess.*1080` the matching ones.

#[path = "../tests/it/common/mod.rs"]
mod common;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use glimpsed::channel::channel;
use glimpsed::event::{Event, Publisher};
use glimpsed::frame::{Frame, FrameInfo, Picture, PixelFormat};
use glimpsed::labels::Labels;
use glimpsed::model::{Model, builtin};
use glimpsed::postprocess::Ranker;
use glimpsed::prediction::{Prediction, Score, Stable, StableClass, StableState, Timing};
use glimpsed::preprocess::{Filter, Fit, Normalize, Params, Preprocessor, Quantizer};
use glimpsed::publish::socket::{self, Socket};
use glimpsed::tensor::{ElementType, InputSpec, Layout, OutputSpec, Quantization, Tensor, TensorSpec};
use std::fmt::{Display, Formatter};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::SystemTime;

fn main() {
    divan::main();
}

/// [1, 3, 224, 224], uint8, one step per pixel value: the usual input of an image classifier.
fn input() -> InputSpec {
    let quantization = Some(Quantization { scale: 1.0 / 255.0, zero_point: 0 });
    let tensor = TensorSpec { name: "image".into(), element: ElementType::U8, shape: vec![1, 3, 224, 224], quantization };
    InputSpec { tensor, layout: Layout::Nchw, width: 224, height: 224 }
}

/// A thousand classes, uint8.
fn output() -> OutputSpec {
    let quantization = Some(Quantization { scale: 0.1, zero_point: 100 });
    let tensor = TensorSpec { name: "logits".into(), element: ElementType::U8, shape: vec![1, 1000], quantization };
    OutputSpec::logits(tensor, 1000)
}

fn frame(format: &str, (width, height): (u32, u32)) -> Frame {
    let caps = format!("video/x-raw,format={format},width={width},height={height}");
    common::frames_of(&format!("videotestsrc num-buffers=1 pattern=zone-plate kx2=20 ky2=20 ! {caps} ! appsink name=frames"))
        .remove(0)
}

const FORMATS: [&str; 17] = [
    "NV12", "NV21", "I420", "YV12", "YUY2", "UYVY", "Y42B", "Y444", "GRAY8", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA",
    "BGRA",
];
const SIZES: [(u32, u32); 4] = [(640, 480), (1280, 720), (1920, 1080), (3840, 2160)];
const FITS: [(&str, Fit); 2] = [("stretch", Fit::Stretch), ("crop", Fit::Crop)];

/// The argument of a benchmark: a frame, and how it is fitted.
#[derive(Clone, Copy)]
struct Case {
    format: &'static str,
    size: (u32, u32),
    fit: (&'static str, Fit),
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}x{} {}", self.format, self.size.0, self.size.1, self.fit.0)
    }
}

fn cases() -> Vec<Case> {
    let sized = |format| SIZES.into_iter().flat_map(move |size| FITS.map(|fit| Case { format, size, fit }));
    FORMATS.into_iter().flat_map(sized).collect()
}

fn preprocess(bencher: Bencher, case: Case, filter: Filter) {
    let (frame, input) = (frame(case.format, case.size), input());
    let mut preprocessor = Preprocessor::new(&input, &Params { fit: case.fit.1, filter, ..Params::default() });
    let mut tensor = Tensor::zeros(&input.tensor);
    bencher.bench_local(|| preprocessor.run(black_box(&frame), &mut tensor));
}

/// The whole preprocessing, from a frame to 224 x 224: resize, convert, quantize.
#[divan::bench_group(name = "preprocess", max_time = 0.2)]
mod preprocess_a_frame {
    use super::*;

    #[divan::bench(args = cases())]
    fn bicubic(bencher: Bencher, case: Case) {
        preprocess(bencher, case, Filter::Bicubic);
    }

    #[divan::bench(args = cases())]
    fn bilinear(bencher: Bencher, case: Case) {
        preprocess(bencher, case, Filter::Bilinear);
    }

    #[divan::bench(args = cases(), name = "box")]
    fn mean(bencher: Bencher, case: Case) {
        preprocess(bencher, case, Filter::Box);
    }

    #[divan::bench(args = cases())]
    fn linear(bencher: Bencher, case: Case) {
        preprocess(bencher, case, Filter::Linear);
    }

    #[divan::bench(args = cases())]
    fn nearest(bencher: Bencher, case: Case) {
        preprocess(bencher, case, Filter::Nearest);
    }
}

/// Quantizes 224 x 224 pixels by table, to planes.
#[divan::bench(args = ["uint8", "float32"], max_time = 0.5)]
fn quantize(bencher: Bencher, element: &str) {
    let mut input = input();
    if element == "float32" {
        (input.tensor.element, input.tensor.quantization) = (ElementType::F32, None);
    }
    let quantizer = Quantizer::new(&input, Normalize::default());
    let pixels: Vec<u8> = (0..input.tensor.len()).map(|n| (n * 31) as u8).collect();
    let mut tensor = Tensor::zeros(&input.tensor);
    bencher.counter(BytesCount::new(pixels.len())).bench_local(|| quantizer.write(black_box(&pixels), &mut tensor));
}

/// The five best of a thousand.
#[divan::bench(max_time = 0.5)]
fn rank(bencher: Bencher) {
    let output = output();
    let mut ranker = Ranker::new(&output);
    let logits = Tensor::U8((0..1000u32).map(|n| (n * 7919 % 251) as u8).collect());
    let mut best = Vec::with_capacity(6);
    bencher.bench_local(|| ranker.rank(black_box(&logits), 5, &mut best));
}

fn result(model: &Model) -> Prediction {
    let top = (0..5).map(|index| Score { index, confidence: 0.5 / (index + 1) as f32 }).collect();
    let since = SystemTime::UNIX_EPOCH;
    let shown = StableClass { label: Some("snow".into()), index: Some(0), confidence: 0.5, since, changed: false };
    Prediction {
        source: "front".into(),
        region: None,
        seq: 123_456,
        info: FrameInfo { live: true, ..FrameInfo::new(Picture::new(PixelFormat::Nv12, 1280, 720)) },
        model: model.name.as_str().into(),
        execution_provider: "CPU",
        top,
        stable: Some(Stable { state: StableState::One(shown), changes: 1 }),
        labels: Arc::<Labels>::new(model.labels(None).expect("it has them")),
        timing: Timing::default(),
        reused: false,
        dropped: 0,
    }
}

/// One line of five classes.
#[divan::bench(max_time = 0.5)]
fn json_line(bencher: Bencher) {
    let prediction = result(&builtin().expect("built in"));
    let mut line = Vec::with_capacity(2048);
    bencher.bench_local(|| {
        line.clear();
        serde_json::to_writer(&mut line, black_box(&prediction)).expect("it is JSON");
    });
}

/// Sends and receives a frame on one thread.
#[divan::bench(max_time = 0.5)]
fn channel_there_and_back(bencher: Bencher) {
    let (mut sender, receiver) = channel(1);
    bencher.bench_local(|| {
        sender.send_newest(black_box(1u64));
        receiver.recv()
    });
}

/// Publishes a result to `count` subscribers on a Unix socket, until the last of them has read it.
#[divan::bench(args = [1, 100, 1000], max_time = 2)]
fn socket_fan_out(bencher: Bencher, subscribers: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let params = socket::Params { path: path.clone(), mode: 0o600, group: None, limit: 2000 };
    let model = builtin().expect("built in");
    let labels = model.labels(None).expect("it has them");
    let hello = socket::hello("testcard", "CPU", "the CPU", &["front"], &labels);
    let mut socket = Socket::open(&params, &hello).expect("it listens");
    let mut readers: Vec<_> = (0..subscribers)
        .map(|_| {
            let mut reader = BufReader::with_capacity(2048, UnixStream::connect(&path).expect("a place"));
            reader.get_mut().write_all(b"{\"subscribe\":{}}\n").expect("it listens");
            for what in ["the greeting", "the answer"] {
                reader.read_line(&mut String::new()).expect(what);
            }
            reader
        })
        .collect();
    let prediction = result(&model);
    let mut line = String::new();
    bencher.bench_local(|| {
        socket.handle(&Event::result(&prediction)).expect("it serves");
        for reader in &mut readers {
            line.clear();
            reader.read_line(&mut line).expect("a line");
        }
    });
}
