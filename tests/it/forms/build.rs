//! Pieces that forms are built of.

use super::Form;
use crate::common::net::{D, FLOAT, FLOAT16, Net, number, numbers, texts, value};
use crate::common::onnx::Message;

pub const UINT8: i64 = 2;
pub const UINT16: i64 = 4;
pub const INT16: i64 = 5;
pub const INT32: i64 = 6;
pub const INT64: i64 = 7;
pub const STRING: i64 = 8;
pub const DOUBLE: i64 = 11;

/// Dimensions that are all fixed.
pub fn dims(sizes: &[i64]) -> Vec<D> {
    sizes.iter().map(|size| D::N(*size)).collect()
}

pub fn nhwc(net: Net) -> Net {
    net.head("Transpose", &[], &[numbers("perm", &[0, 3, 1, 2])]).picture(FLOAT, &dims(&[1, 224, 224, 3]))
}

pub fn softmax_at_the_end(net: Net) -> Net {
    net.tail("Softmax", &[], "p", &[number("axis", 1)])
}

pub fn cast(net: Net, kind: i64, name: &str) -> Net {
    net.tail("Cast", &[], name, &[number("to", kind)])
}

/// The net in float16 inside, float32 outside.
pub fn half_inside(net: Net) -> Net {
    net.halved().head("Cast", &[], &[number("to", FLOAT16)])
}

pub fn reshaped(net: Net, sizes: &[i64]) -> Net {
    let raw: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    net.with("shape", INT64, &[sizes.len() as i64], &raw).tail("Reshape", &["shape"], "r", &[]).output(FLOAT, &dims(sizes))
}

fn names() -> Vec<String> {
    (0..1000).map(|n| format!("name {n}")).collect()
}

/// Azure Custom Vision's: a map of probabilities, and the best class's name.
pub fn custom_vision(net: Net, outputs: &[&str]) -> Net {
    let names = names();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let keys: Vec<_> = (0..1000).collect();
    let mut net = softmax_at_the_end(net);
    for (kind, name, attributes) in [
        ("ZipMap", "loss", vec![texts("classlabels_strings", &names)]),
        ("ArgMax", "best", vec![number("axis", 1)]),
        ("LabelEncoder", "classLabel", vec![numbers("keys_int64s", &keys), texts("values_strings", &names)]),
    ] {
        net.last = if kind == "LabelEncoder" { "best" } else { "p" }.to_owned();
        net = net.tail(kind, &[], name, &attributes);
    }
    net.outputs = outputs
        .iter()
        .map(|name| match *name {
            "classLabel" => value("classLabel", STRING, &dims(&[1, 1])),
            // a sequence of maps, whose type is not looked at
            name => Message::default().bytes(1, name).bytes(2, map_type()),
        })
        .collect();
    net
}

/// sequence(map(string, tensor(float)))
fn map_type() -> Vec<u8> {
    let tensor = Message::default().number(1, FLOAT);
    let float = Message::default().bytes(1, tensor.0);
    let map = Message::default().number(1, STRING).bytes(2, float.0);
    let element = Message::default().bytes(5, map.0);
    Message::default().bytes(4, Message::default().bytes(1, element.0).0).0
}

/// The number of the best class alone.
pub fn arg_max(net: Net) -> Net {
    net.tail("ArgMax", &[], "label", &[number("axis", 1), number("keepdims", 0)]).output(INT64, &dims(&[1]))
}

/// A second output of two classes.
pub fn two_heads(net: Net) -> Net {
    let last = net.last.clone();
    let net = net.with("w", FLOAT, &[1000, 2], &[0; 8000]).tail("MatMul", &["w"], "gender", &[]);
    Net { outputs: vec![value(&last, FLOAT, &dims(&[1, 1000])), value("gender", FLOAT, &dims(&[1, 2]))], ..net }
}

pub fn value_without_shape(name: &str) -> Message {
    let tensor = Message::default().number(1, FLOAT);
    Message::default().bytes(1, name).bytes(2, Message::default().bytes(1, tensor.0).0)
}

impl Form {
    /// The picture without a batch.
    pub fn chw(mut self) -> Self {
        let raw: Vec<u8> = [1_i64, 3, 224, 224].iter().flat_map(|size| size.to_le_bytes()).collect();
        self.net = self.net.with("chw", INT64, &[4], &raw).head("Reshape", &["chw"], &[]).picture(FLOAT, &dims(&[3, 224, 224]));
        self
    }
}
