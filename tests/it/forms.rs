//! The forms in which people export classifiers: each is the test data's SqueezeNet, changed so that its right answers are known. It is
//! right as it comes, or refused with what makes it right. None is wrong in silence.

mod build;
mod more;
mod table;

use crate::common;
use crate::common::net::{D, FLOAT, Net, value};
pub use build::two_heads;
use build::{UINT8, cast, dims};
use glimpsed::engine::Classifier;
use glimpsed::frame::Frame;
use glimpsed::model::recipe::Stated;
use glimpsed::model::{Model, Reading};
use glimpsed::preprocess::{Colour, Normalize, Params};
use glimpsed::runtime::{self, Provider};
use glimpsed::tensor::{Scores, Tensor};
use std::fs;
use std::path::{Path, PathBuf};

/// How the model's answer follows from the logits of the float model: a probability for each class.
type Right = fn(&[f64]) -> Vec<f64>;

/// One form.
#[derive(Clone)]
struct Form {
    name: &'static str,
    net: Net,
    /// What has to be said of it.
    params: Params,
    size: Option<(u32, u32)>,
    output: Option<&'static str>,
    labels: Option<usize>,
    scores: Option<Scores>,
    right: Right,
    /// The largest difference of a confidence.
    apart: f64,
    /// Whether the recipe is the one that is found, and not `params`.
    found: bool,
}

fn form(name: &'static str, net: Net) -> Form {
    Form {
        name,
        net,
        params: Params::default(),
        size: None,
        output: None,
        labels: None,
        scores: None,
        right: table::softmax,
        apart: 0.002,
        found: false,
    }
}

impl Form {
    fn given(mut self, mean: [f32; 3], std: [f32; 3], colour: Colour) -> Self {
        (self.params.normalize, self.params.colour) = (Normalize { mean, std }, colour);
        self
    }

    fn with_output(self, output: &'static str) -> Self {
        Self { output: Some(output), ..self }
    }
}

impl Form {
    /// Reads the form from a file in `folder`.
    fn read(&self, folder: &Path) -> glimpsed::error::Result<Model> {
        let path = folder.join("form.onnx");
        fs::write(&path, self.net.bytes()).unwrap();
        let shape = |model: &Model| runtime::shape_of_output(model, &common::runtime_params(Provider::Cpu));
        let reading = Reading {
            size: self.size,
            output: self.output,
            classes: self.labels,
            scores: self.scores,
            shape_of_output: Some(&shape),
            ..Reading::default()
        };
        Model::read_with(&path, &reading)
    }

    /// How the answers on `frames` differ from those of `logits`; in words.
    fn faults(&self, folder: &Path, frames: &[(Frame, Vec<f64>)]) -> Option<String> {
        let model = match self.read(folder) {
            Ok(model) => model,
            Err(error) => return Some(error.to_string()),
        };
        let session = match runtime::open(&model, &common::runtime_params(Provider::Cpu)) {
            Ok(session) => session,
            Err(error) => return Some(error.to_string()),
        };
        let labels = model.labels(None).unwrap();
        let params = match model.recipe(Stated::default()) {
            Ok(settled) if self.found => settled.recipe.params(),
            Err(error) if self.found => return Some(error.to_string()),
            _ => self.params,
        };
        let mut classifier = Classifier::new(&model, labels, session, &params, 5);
        let mut prediction = classifier.blank("photo");
        frames.iter().find_map(|(frame, logits)| {
            let right = (self.right)(logits);
            classifier.classify(frame, &mut prediction).unwrap();
            let best = (0..right.len()).max_by(|a, b| right[*a].total_cmp(&right[*b])).unwrap();
            let apart = |class: &glimpsed::prediction::Score| (f64::from(class.confidence) - right[class.index]).abs();
            let most = prediction.top.iter().map(apart).fold(0.0, f64::max);
            let same = prediction.top[0].index == best;
            (!same || most > self.apart).then(|| format!("{:?}, {most} apart; right is {best}, {}", prediction.top, right[best]))
        })
    }
}

/// Two photos, and the logits of the float model for each.
fn photos(testdata: &Path, float: &Path) -> Vec<(Frame, Vec<f64>)> {
    let (model, mut session) = common::session(float, Provider::Cpu);
    let mut preprocessor = glimpsed::preprocess::Preprocessor::new(&model.input, &Params::default());
    let (mut input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    let files: Vec<PathBuf> = common::files_of(&testdata.join("png")).into_iter().step_by(12).take(2).collect();
    let logits = |file: PathBuf| {
        let frame = common::picture(&file, "pngdec");
        preprocessor.run(&frame, &mut input);
        session.infer(&input, &mut output).unwrap();
        let Tensor::F32(logits) = &output else { unreachable!() };
        let logits = logits.iter().map(|x| f64::from(*x)).collect();
        (frame, logits)
    };
    files.into_iter().map(logits).collect()
}

#[test]
fn each_form_is_right_as_it_comes_or_with_what_is_said() {
    let Some(testdata) = common::testdata() else { return };
    let float = testdata.join("models/squeezenet1_1_float.onnx");
    let folder = tempfile::tempdir().unwrap();
    let frames = photos(&testdata, &float);
    let base = Net::read(&float);
    let forms = [table::forms(&base), more::forms(&base)].concat();
    assert!(forms.len() >= 54, "{} forms", forms.len());
    let faults: Vec<_> =
        forms.iter().filter_map(|form| Some(format!("{}: {}", form.name, form.faults(folder.path(), &frames)?))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_a_form_lacks_is_asked_for_by_name() {
    let Some(testdata) = common::testdata() else { return };
    let base = Net::read(&testdata.join("models/squeezenet1_1_float.onnx"));
    let net = || base.clone();
    let folder = tempfile::tempdir().unwrap();
    let free = D::Free;
    let embedding = net().tail("Identity", &[], "embedding", &[]);
    let [negative, contrary] = more::inverted(net());
    let [bounded, unit, rooted] = more::without_scores(net());
    let mut two_inputs = net();
    two_inputs.inputs.push(value("train", FLOAT, &[D::N(1)]));
    let integers = cast(net(), UINT8, "y").output(UINT8, &dims(&[1, 1000]));
    for (form, said) in [
        (
            form("free sides", net().picture(FLOAT, &[D::N(1), D::N(3), free("height"), free("width")])),
            &["any size", "[1, 3, height, width]", "--size WIDTHxHEIGHT"][..],
        ),
        (form("one free side", net().picture(FLOAT, &[D::N(1), D::N(3), D::N(224), free("width")])), &["--size WIDTHx224"]),
        (Form { size: Some((300, 224)), ..form("another size", net()) }, &["224 x 224 pixels", "cannot be 300"]),
        (form("two heads", two_heads(net())), &["2 outputs: class_logits [1, 1000], gender [1, 2]", "--output NAME"]),
        (form("no such output", two_heads(net())).with_output("age"), &["output 'age'", "is not there", "class_logits, gender"]),
        (form("integers of unknown scale", integers), &["integers (uint8) in 'y'", "scale and zero point"]),
        (
            form("two channels", net().picture(FLOAT, &dims(&[1, 2, 224, 224]))),
            &["[1, 2, 224, 224]", "with 1 (gray), 3 (RGB) or 4 channels"],
        ),
        (form("a flat picture", net().picture(FLOAT, &dims(&[1, 150528]))), &["[1, 150528]"]),
        (form("bool", net().picture(9, &dims(&[1, 3, 224, 224]))), &["is bool"]),
        (form("a feature map", net().output(FLOAT, &dims(&[1, 10, 10, 10]))), &["[1, 10, 10, 10]", "a number for each class"]),
        (form("the negative of logarithms", negative), &["'y'", "smaller for more likely classes", "Neg"]),
        (form("1 - p", contrary), &["'y'", "smaller for more likely classes", "Sub"]),
        (form("a hyperbolic tangent", bounded), &["'y'", "no score for each class", "Tanh"]),
        (form("a unit vector", unit), &["'y'", "no score for each class", "Div"]),
        (form("roots of probabilities", rooted), &["'y'", "no score for each class", "Sqrt"]),
        (form("two inputs", two_inputs), &["2 inputs: ", "train"]),
        (form("a regression", net().output(FLOAT, &dims(&[1, 1]))), &["a regression", "one number"]),
    ] {
        let error = form.read(folder.path()).expect_err(form.name);
        assert_eq!(error.exit_status(), 78, "{error}");
        for words in said {
            assert!(error.to_string().contains(words), "{}: no '{words}' in: {error}", form.name);
        }
    }
    let asked = form("an embedding", embedding).read(folder.path()).unwrap().labels(None).unwrap_err().to_string();
    assert!(asked.contains("an embedding") && asked.contains("Is it a classifier"), "{asked}");
    fs::write(folder.path().join("preprocessor_config.json"), r#"{"do_resize": true, "size": {"height": 192, "width": 160}}"#)
        .unwrap();
    let beside = form("sides in a file beside it", net().picture(FLOAT, &[free("b"), D::N(3), free("h"), free("w")]));
    assert_eq!(beside.read(folder.path()).unwrap().input.tensor.shape, [1, 3, 192, 160]);
    let known =
        form("fixed sides", net().picture(FLOAT, &[free("batch"), D::N(3), D::N(320), D::N(320)])).read(folder.path()).unwrap();
    assert_eq!((known.input.width, known.input.tensor.shape), (320, vec![1, 3, 320, 320]));
}
