//! `models/squeezenet1_1/quantize` converts a float model to one for the NPU. Tested with the float form of the built-in model.

use crate::common;
use glimpsed::frame::Frame;
use glimpsed::model::Model;
use glimpsed::preprocess::Preprocessor;
use glimpsed::runtime::{Infer, Provider};
use glimpsed::tensor::{ElementType, Tensor};
use std::path::Path;
use std::process::Command;

/// Pictures that differ in colour, contrast and detail.
const PATTERNS: [&str; 8] = ["smpte", "ball", "gradient", "blue", "snow", "checkers-8", "pinwheel", "white"];

fn test_picture(pattern: &str) -> String {
    format!("videotestsrc num-buffers=1 pattern={pattern} ! video/x-raw,format=RGB,width=320,height=240")
}

/// Writes pictures for calibration as PNG files to `folder`.
fn draw(folder: &Path) {
    for pattern in PATTERNS {
        let line = format!(
            "{} ! pngenc ! filesink location={}",
            test_picture(pattern),
            folder.join(pattern).with_extension("png").display()
        );
        assert!(Command::new("gst-launch-1.0").arg("-q").args(line.split(' ')).status().unwrap().success());
    }
}

/// The best class of the model.
fn best(model: &Model, session: &mut dyn Infer, frame: &Frame) -> usize {
    let (mut input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    Preprocessor::new(&model.input, &Default::default()).run(frame, &mut input);
    session.infer(&input, &mut output).unwrap();
    let mut logits = Vec::new();
    output.reals(model.output.tensor.quantization, model.output.values, &mut logits);
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap()
}

#[test]
fn the_quantized_model_runs_on_the_npu_and_agrees_with_the_float_one() {
    let Some(_) = common::qnn_dir() else { return };
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path());
    let float = common::project().join("models/testcard/testcard_float.onnx");
    let (reference, mut reference_session) = common::session(&float, Provider::Cpu);
    for (activations, element) in [("uint8", ElementType::U8), ("uint16", ElementType::U16)] {
        let quantized = folder.path().join(activations).with_extension("onnx");
        let mut script = Command::new("python3");
        script.env("PYTHONPATH", common::python()).arg(common::project().join("models/squeezenet1_1/quantize"));
        script.args([&float, &quantized]).arg("--pictures").arg(folder.path()).args(["--activations", activations]);
        let output = script.output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("calibrated with 8 pictures"));

        let (model, mut npu) = common::session(&quantized, Provider::Qnn);
        assert_eq!((model.input.tensor.element, model.output.tensor.element), (element, element));
        assert_eq!(npu.execution().nodes, Some((model.nodes(), 0)), "every node on the NPU");
        for pattern in PATTERNS {
            let frame = common::frames_of(&format!("{} ! appsink name=frames", test_picture(pattern))).pop().unwrap();
            let wanted = best(&reference, reference_session.as_mut(), &frame);
            assert_eq!(best(&model, npu.as_mut(), &frame), wanted, "{activations}: {pattern}");
        }
    }
}
