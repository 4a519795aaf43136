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
fn help_needs_no_packages_and_the_error_says_how_to_get_them() {
    // -S: without the packages of the machine; a copy, beside which there are none
    let folder = tempfile::tempdir().unwrap();
    for (file, to) in [("models/squeezenet1_1/quantize", "a/b/quantize"), ("setup/python.txt", "setup/python.txt")] {
        let to = folder.path().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(common::project().join(file), to).unwrap();
    }
    let run = |arguments: &[&str]| {
        Command::new("python3").arg("-IS").arg(folder.path().join("a/b/quantize")).args(arguments).output().unwrap()
    };
    let help = run(&["--help"]);
    assert!(
        help.status.success() && String::from_utf8_lossy(&help.stdout).contains("make setup-python"),
        "{}",
        common::stderr(&help)
    );
    let missing = run(&["a.onnx", "b.onnx", "--pictures", "."]);
    let said = common::stderr(&missing);
    assert!(!missing.status.success() && said.contains("make setup-python") && said.contains("pip install numpy=="), "{said}");
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
        script.arg("--glimpsed").arg(env!("CARGO_BIN_EXE_glimpsed"));
        // nothing says what the values of its pixels are
        let refused = script.output().unwrap();
        assert!(
            !refused.status.success() && common::stderr(&refused).contains("--normalize imagenet"),
            "{}",
            common::stderr(&refused)
        );
        let output = script.args(["--normalize", "none", "--labels"]).arg(float.with_file_name("labels.txt")).output().unwrap();
        assert!(output.status.success(), "{}", common::stderr(&output));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("calibrated with 8 pictures"), "{said}");
        assert!(said.contains("8 of 8 pictures have the same best class"), "{said}");
        let read = Model::read(&quantized).unwrap();
        let recipe = read.recipe(Default::default()).unwrap().recipe;
        assert!(recipe.lines()[0].1.ends_with(&format!("({activations}.onnx.modelinfo)")), "{:?}", recipe.lines());
        assert_eq!(read.labels(None).unwrap().len(), read.output.classes);

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
