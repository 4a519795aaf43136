//! The table of forms.

use super::build::*;
use super::{Form, Right, form};
use crate::common::net::D::{self, N};
use crate::common::net::{FLOAT, FLOAT16, Net, number};
use glimpsed::preprocess::Colour;
use glimpsed::tensor::Scores;

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];
/// A pixel of 0 to 255.
const PIXEL: [f32; 3] = [1.0 / 255.0; 3];

pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = logits.iter().map(|x| (x - most).exp()).sum();
    logits.iter().map(|x| (x - most).exp() / sum).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Class 0 is a background that never is.
fn shifted(logits: &[f64]) -> Vec<f64> {
    [&[0.0][..], &softmax(logits)].concat()
}

fn multi_label(logits: &[f64]) -> Vec<f64> {
    logits.iter().map(|x| sigmoid(x * 0.02 - 4.0)).collect()
}

/// The first logit less the second: the one probability, and its contrary.
fn binary(logits: &[f64]) -> Vec<f64> {
    let p = sigmoid((logits[0] - logits[1]) * 0.05);
    vec![p, 1.0 - p]
}

/// All forms of `base`.
pub fn forms(base: &Net) -> Vec<Form> {
    let net = || base.clone();
    let free = D::Free;
    let pixels = |kind| {
        net().normalized([0.0; 3], PIXEL, false).head("Cast", &[], &[number("to", FLOAT)]).picture(kind, &dims(&[1, 3, 224, 224]))
    };
    let tensor_flow = |net: Net| {
        let background = net.with("bg", FLOAT, &[1, 1], &(-1000.0_f32).to_le_bytes());
        let last = background.last.clone();
        let mut net = background;
        net.last = "bg".to_owned();
        softmax_at_the_end(net.tail("Concat", &[&last], "cat", &[number("axis", 1)])).output(FLOAT, &dims(&[1, 1001]))
    };
    let binary_head = {
        let mut w = vec![0.0_f32; 1000];
        (w[0], w[1]) = (0.05, -0.05);
        let raw: Vec<u8> = w.iter().flat_map(|w| w.to_le_bytes()).collect();
        net().with("w", FLOAT, &[1000, 1], &raw).tail("MatMul", &["w"], "z", &[]).tail("Sigmoid", &[], "y", &[])
    };
    let small = || net().with_number("small", 0.05).tail("Mul", &["small"], "m", &[]);
    let decomposed = |net: Net| {
        let exp = net.tail("Exp", &[], "e", &[]).with("axes", INT64, &[1], &1_i64.to_le_bytes());
        let mut sum = exp.tail("ReduceSum", &["axes"], "s", &[number("keepdims", 1)]);
        sum.last = "e".to_owned();
        sum
    };
    let cooled: Right = |logits| softmax(&logits.iter().map(|x| x * 0.05).collect::<Vec<_>>());
    let ultralytics = {
        let mut net = softmax_at_the_end(net()).picture(FLOAT, &[N(1), N(3), free("height"), free("width")]);
        net.metadata = vec![("imgsz".into(), "[224, 224]".into()), ("task".into(), "classify".into())];
        net
    };
    let mut all = vec![
        form("as it is", net()),
        form("torchvision", net().normalized(MEAN, STD, false)).given(MEAN, STD, Colour::Rgb),
        form(
            "Caffe, BGR 0..255 less a mean, Softmax",
            softmax_at_the_end(net().normalized([123.0 / 255.0, 117.0 / 255.0, 104.0 / 255.0], PIXEL, true)),
        )
        .given([123.0 / 255.0, 117.0 / 255.0, 104.0 / 255.0], PIXEL, Colour::Bgr),
        form("Keras, NHWC 0..255, Softmax", softmax_at_the_end(nhwc(net().normalized([0.0; 3], PIXEL, false)))).given(
            [0.0; 3],
            PIXEL,
            Colour::Rgb,
        ),
        Form {
            right: shifted,
            ..form("TensorFlow, NHWC -1..1, 1001 classes", tensor_flow(nhwc(net().normalized([0.5; 3], [0.5; 3], false))))
        }
        .given([0.5; 3], [0.5; 3], Colour::Rgb),
        form("Ultralytics, size in the metadata", ultralytics),
        Form {
            right: multi_label,
            ..form(
                "multi-label, Sigmoid",
                net()
                    .with_number("s", 0.02)
                    .with_number("o", -4.0)
                    .tail("Mul", &["s"], "a", &[])
                    .tail("Add", &["o"], "b", &[])
                    .tail("Sigmoid", &[], "y", &[]),
            )
        },
        Form { right: binary, ..form("binary, one Sigmoid", binary_head.output(FLOAT, &dims(&[1, 1]))) },
        form("LogSoftmax", net().tail("LogSoftmax", &[], "lp", &[number("axis", 1)])),
        Form { right: cooled, ..form("Softmax as Exp, ReduceSum, Div", decomposed(small()).tail("Div", &["s"], "y", &[])) },
        Form {
            right: cooled,
            ..form("Softmax as Exp, ReduceSum, Reciprocal, Mul", {
                let mut net = decomposed(small());
                net.last = "s".to_owned();
                let mut net = net.tail("Reciprocal", &[], "r", &[]);
                net.last = "e".to_owned();
                net.tail("Mul", &["r"], "y", &[])
            })
        },
        form("Softmax, then Clip", {
            let net = softmax_at_the_end(net()).with_number("lo", 0.0).with_number("hi", 1.0);
            net.tail("Clip", &["lo", "hi"], "y", &[])
        }),
        form("Softmax, then per cent", softmax_at_the_end(net()).with_number("hundred", 100.0).tail("Mul", &["hundred"], "y", &[])),
        form("Softmax that no rule finds", {
            let net = softmax_at_the_end(net()).with_number("zero", 0.0);
            net.tail("Add", &["zero"], "y", &[])
        }),
        Form { apart: 0.06, ..form("Softmax in float16, then Cast", cast(softmax_at_the_end(half_inside(net())), FLOAT, "y")) },
        Form { apart: 0.06, ..form("float16 inside, logits", cast(half_inside(net()), FLOAT, "y")) },
        Form {
            apart: 0.06,
            ..form(
                "float16 outside too",
                net().halved().picture(FLOAT16, &dims(&[1, 3, 224, 224])).output(FLOAT16, &dims(&[1, 1000])),
            )
        },
        form("float64", cast(pixels(DOUBLE), DOUBLE, "y").output(DOUBLE, &dims(&[1, 1000]))).given([0.0; 3], PIXEL, Colour::Rgb),
        form("uint8 pixels, Cast inside", pixels(UINT8)),
        form("uint16 pixels", pixels(UINT16)),
        form("int16 pixels", pixels(INT16)),
        form("int32 pixels", pixels(INT32)),
        form(
            "Hugging Face, all free",
            net()
                .picture(FLOAT, &["batch_size", "num_channels", "height", "width"].map(free))
                .output(FLOAT, &[free("batch_size"), N(1000)]),
        ),
        form("all free and without names", net().picture(FLOAT, &[free(""); 4]).output(FLOAT, &[free(""), N(1000)])),
        form("NHWC, all free", nhwc(net()).picture(FLOAT, &[free(""); 4]).output(FLOAT, &[free(""), free("")])),
        form("free batch", net().picture(FLOAT, &[free("N"), N(3), N(224), N(224)]).output(FLOAT, &[free("N"), N(1000)])),
        form("output of another free batch", net().output(FLOAT, &[free("M"), N(1000)])),
        form("no shape of the output", {
            let mut net = net();
            net.outputs = vec![value_without_shape(&net.last)];
            net
        }),
        form("[3, height, width]", net().with_number("unused", 0.0)).chw(),
        Form { labels: Some(1000), ..form("two heads, with labels", two_heads(net())) },
        form("two heads, one of them named", two_heads(net())).with_output("class_logits"),
        form("ArgMax alone", arg_max(net())),
        form("Custom Vision", custom_vision(net(), &["classLabel", "loss"])),
        form("Custom Vision, the map alone", custom_vision(net(), &["loss"])),
        form("Custom Vision, the name alone", custom_vision(net(), &["classLabel"])),
    ];
    let sum_of_two = |net: Net| net.with_number("two", 2.0).tail("Div", &["two"], "half", &[]).tail("Add", &["half"], "y", &[]);
    // probabilities behind operators that nobody looks through, and logits of independent classes
    all.push(Form {
        scores: Some(Scores::Probabilities),
        ..form("probabilities that are said", sum_of_two(softmax_at_the_end(net())))
    });
    let independent =
        net().with_number("s", 0.02).with_number("o", -4.0).tail("Mul", &["s"], "a", &[]).tail("Add", &["o"], "b", &[]);
    all.push(Form { scores: Some(Scores::IndependentLogits), right: multi_label, ..form("a sigmoid that is said", independent) });
    for (name, sizes) in [
        ("output [1, 1000, 1, 1]", &[1, 1000, 1, 1][..]),
        ("output [1, 1, 1000]", &[1, 1, 1000]),
        ("output [1000]", &[1000]),
        ("output [1, 1, 1, 1000]", &[1, 1, 1, 1000]),
    ] {
        all.push(form(name, reshaped(net(), sizes)));
    }
    for batch in [4, 16] {
        let net = net().picture(FLOAT, &dims(&[batch, 3, 224, 224])).output(FLOAT, &dims(&[batch, 1000]));
        all.push(form("a fixed batch", net));
    }
    for opset in [9, 11, 13, 20, 21] {
        all.push(form("another opset", Net { opset, ..net() }));
    }
    // sides that the file leaves free are said
    all.iter_mut().filter(|form| form.name.contains("all free")).for_each(|form| form.size = Some((224, 224)));
    all.push(form("four channels", net().channels(4).picture(FLOAT, &dims(&[1, 4, 224, 224]))));
    all
}
