//! Forms whose recipe the graph says, or whose numbers are selected, turned round or not what they seem.

use super::build::*;
use super::table::softmax;
use super::{Form, form};
use crate::common::net::{FLOAT, FLOAT16, Net, number, numbers};
use half::f16;

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn integers(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A constant for each channel of NCHW.
fn channels(net: Net, name: &str, values: [f32; 3]) -> Net {
    net.with(name, FLOAT, &[1, 3, 1, 1], &floats(&values))
}

/// The net behind a BatchNormalization that takes pixels of 0 to 255 to 0 to 1.
fn batch_norm(net: Net) -> Net {
    let three = |net: Net, name: &str, value: f32| net.with(name, FLOAT, &[3], &floats(&[value; 3]));
    let net = three(three(three(three(net, "bn_s", 1.0), "bn_b", 0.5), "bn_m", 127.5), "bn_v", 255.0 * 255.0);
    net.head("BatchNormalization", &["bn_s", "bn_b", "bn_m", "bn_v"], &[])
}

/// The rows from the second on.
fn from_the_second(net: Net) -> Net {
    let net =
        [("from", 1), ("to", 1000), ("axis", 1)].iter().fold(net, |net, (name, n)| net.with(name, INT64, &[1], &integers(&[*n])));
    net.tail("Slice", &["from", "to", "axis"], "selected", &[]).output(FLOAT, &dims(&[1, 999]))
}

/// The forms of `base`, each right by what the graph says.
pub fn forms(base: &Net) -> Vec<Form> {
    let net = || base.clone();
    let scaled = |net: Net| net.with_number("k", 1.0 / 255.0).head("Mul", &["k"], &[]);
    let bytes = |net: Net, kind| net.picture(kind, &dims(&[1, 3, 224, 224]));
    let reversed =
        |net: Net| net.with("index", INT64, &[3], &integers(&[2, 1, 0])).head("Gather", &["index"], &[number("axis", 1)]);
    let caffe = [103.939 / 255.0, 116.779 / 255.0, 123.68 / 255.0];
    let sliced: super::Right = |logits| softmax(logits)[1..].to_vec();
    let forms = vec![
        form("NHWC of bytes, Cast, Mul, Transpose", {
            let net = scaled(net().head("Transpose", &[], &[numbers("perm", &[0, 3, 1, 2])]));
            net.head("Cast", &[], &[number("to", FLOAT)]).picture(UINT8, &dims(&[1, 224, 224, 3]))
        }),
        Form {
            apart: 0.06,
            ..form("bytes, Cast to float16", {
                let net =
                    net().halved().with("k", FLOAT16, &[], &f16::from_f32(1.0 / 255.0).to_le_bytes()).head("Mul", &["k"], &[]);
                bytes(net.head("Cast", &[], &[number("to", FLOAT16)]), UINT8).output(FLOAT16, &dims(&[1, 1000]))
            })
        },
        form("ImageNet's normalization undone", {
            channels(channels(net(), "std", STD), "mean", MEAN).head("Add", &["mean"], &[]).head("Mul", &["std"], &[])
        }),
        form("BatchNormalization of 0 to 255", batch_norm(net())),
        form("Keras' caffe: reversed, less a mean", {
            let [b, g, r] = caffe;
            let net = channels(net().normalized([r, g, b], [1.0 / 255.0; 3], true), "mean", caffe.map(|mean| mean * 255.0));
            reversed(net.head("Sub", &["mean"], &[]))
        }),
        form("[1000, 1]", {
            net()
                .with("shape", INT64, &[2], &integers(&[1000, 1]))
                .tail("Reshape", &["shape"], "r", &[])
                .output(FLOAT, &dims(&[1000, 1]))
        }),
        Form { right: sliced, ..form("Softmax without its first class", from_the_second(softmax_at_the_end(net()))) },
        form("log(Softmax + little)", {
            let net = softmax_at_the_end(net()).with_number("little", 1e-9).tail("Add", &["little"], "more", &[]);
            net.tail("Log", &[], "y", &[])
        }),
        Form { right: sliced_logits, ..form("logits without the first", from_the_second(net())) },
    ];
    forms.into_iter().map(|form| Form { found: true, ..form }).collect()
}

fn sliced_logits(logits: &[f64]) -> Vec<f64> {
    softmax(&logits[1..])
}

/// Probabilities of which the least is the best.
pub fn inverted(net: Net) -> [Net; 2] {
    let negative = net.clone().tail("LogSoftmax", &[], "q", &[]).tail("Neg", &[], "y", &[]);
    let mut contrary = softmax_at_the_end(net).with_number("one", 1.0);
    let p = contrary.last.clone();
    contrary.last = "one".to_owned();
    [negative, contrary.tail("Sub", &[&p], "y", &[])]
}

/// Numbers of which no confidence can be made: saturated, scaled to a length of 1, and the roots of probabilities.
pub fn without_scores(net: Net) -> [Net; 3] {
    let logits = net.last.clone();
    let unit = net.clone().tail("ReduceL2", &[], "length", &[]);
    let unit = Net { last: logits, ..unit }.tail("Div", &["length"], "y", &[]);
    [net.clone().tail("Tanh", &[], "y", &[]), unit, softmax_at_the_end(net).tail("Sqrt", &[], "y", &[])]
}
