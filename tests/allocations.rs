//! In the steady state a frame allocates nothing, from preprocess through the model to postprocess.
//!
//! The allocations of all threads are counted, so this binary has no other tests.

#[path = "it/common/mod.rs"]
mod common;

use glimpsed::engine::Still;
use glimpsed::frame::{Frame, Orientation};
use glimpsed::model::builtin;
use glimpsed::preprocess::{Colour, Filter, Fit, Params, Preprocessor};
use glimpsed::runtime::{self, Provider};
use glimpsed::tensor::Tensor;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The allocations of ten frames after the first. Where there are some, the least of three times ten: a thread that was started before
/// may allocate its own things during the first ones.
fn allocations(mut work: impl FnMut()) -> u64 {
    work();
    let mut ten = || {
        let before = dhat::HeapStats::get().total_blocks;
        (0..10).for_each(|_| work());
        dhat::HeapStats::get().total_blocks - before
    };
    let first = ten();
    if first == 0 { 0 } else { first.min(ten()).min(ten()) }
}

fn frame(format: &str) -> Frame {
    let caps = format!("video/x-raw,format={format},width=640,height=480");
    common::frames_of(&format!("videotestsrc num-buffers=1 ! {caps} ! appsink name=frames")).pop().unwrap()
}

#[test]
fn a_frame_costs_none() {
    let _profiler = dhat::Profiler::builder().testing().build();
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(0)))), 10, "allocations are counted");
    preprocessing_costs_none_in_any_format();
    a_whole_frame_costs_none();
}

fn preprocessing_costs_none_in_any_format() {
    let model = builtin().unwrap();
    let mut input = Tensor::zeros(&model.input.tensor);
    let filters =
        [Filter::Bicubic, Filter::Bilinear, Filter::Box, Filter::Lanczos, Filter::Linear, Filter::Lanczos4, Filter::Nearest];
    let mut ways = Vec::new();
    for fit in [Fit::Stretch, Fit::Crop, Fit::Letterbox, Fit::LetterboxLeft] {
        ways.extend(filters.map(|filter| Params { fit, filter, ..Params::default() }));
        let less = Params { fit, crop_share: Some(0.8), bars: [114, 0, 1], ..Params::default() };
        ways.extend([Colour::Bgr, Colour::Gray].map(|colour| Params { colour, ..less }));
    }
    for format in ["RGB", "BGR", "BGRx", "xRGB", "NV12", "I420", "Y42B", "YUY2", "GRAY8"] {
        let mut frame = frame(format);
        // all other layouts use a part of this code
        frame.info.picture.orientation = Orientation::from_exif(7).unwrap();
        for params in &ways {
            let mut preprocessor = Preprocessor::new(&model.input, params);
            assert_eq!(allocations(|| preprocessor.run(&frame, &mut input)), 0, "{format} {params:?}");
        }
    }
}

/// ONNX Runtime's own allocations are not counted, only this program's.
fn a_whole_frame_costs_none() {
    let model = builtin().unwrap();
    let (frame, other) = (frame("NV12"), frame("RGB"));
    for run_timeout in [None, Some(Duration::from_secs(60))] {
        let params = runtime::Params { run_timeout, ..common::runtime_params(Provider::Cpu) };
        let mut classifier = common::classifier(&model, runtime::open(&model, &params).unwrap(), 5);
        let mut prediction = classifier.blank("test");
        let (mut state, mut changes) = (classifier.state(), Vec::new());
        let classify = || {
            classifier.classify(&frame, &mut prediction).unwrap();
            state.update(&mut prediction, classifier.probabilities(), &mut changes);
        };
        assert_eq!(allocations(classify), 0, "{run_timeout:?}");
        assert!(prediction.stable.is_some());
        assert_eq!(prediction.top.len(), 5);
        // each run of the model is followed by a result that reuses it
        let (mut still, mut reused) = (Still::new(0.01), 0);
        let frames = [&frame, &frame, &other, &other];
        let four = || {
            for frame in frames {
                classifier.slot().prepare(frame, None).unwrap();
                classifier.finish(Some(&mut still), &mut prediction).unwrap();
                reused += usize::from(prediction.reused);
            }
        };
        assert_eq!(allocations(four), 0, "with unchanged");
        assert!(reused >= 22, "half of 44: {reused}");
    }
}
