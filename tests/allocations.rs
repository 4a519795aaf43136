//! In the steady state the stations before and behind the model allocate nothing.

mod common;

use glimpsed::frame::Frame;
use glimpsed::model::builtin;
use glimpsed::preprocess::{Filter, Fit, Params, Preprocessor};
use glimpsed::rank::Ranker;
use glimpsed::tensor::Tensor;

/// Allocations of ten more frames, after the first.
fn allocations(frame: &Frame, params: &Params) -> u64 {
    let model = builtin().unwrap();
    let mut preprocessor = Preprocessor::new(&model.input, params);
    let mut ranker = Ranker::new(&model.output);
    let (mut input, output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    let mut best = Vec::with_capacity(6);
    let mut work = || {
        preprocessor.run(frame, &mut input);
        ranker.rank(&output, 5, &mut best);
    };
    work();
    allocation_counter::measure(|| (0..10).for_each(|_| work())).count_total
}

fn frame(format: &str) -> Frame {
    let caps = format!("video/x-raw,format={format},width=640,height=480");
    common::frames_of(&format!("videotestsrc num-buffers=1 ! {caps} ! appsink name=frames")).pop().unwrap()
}

#[test]
fn frames_cost_none() {
    for format in ["RGB", "BGRx", "xRGB", "NV12", "I420", "Y42B", "YUY2", "GRAY8"] {
        let frame = frame(format);
        for fit in [Fit::Stretch, Fit::Crop, Fit::Letterbox] {
            for filter in [Filter::Bicubic, Filter::Bilinear, Filter::Box, Filter::Nearest] {
                assert_eq!(allocations(&frame, &Params { fit, filter, ..Params::default() }), 0, "{format} {fit:?} {filter:?}");
            }
        }
    }
}
