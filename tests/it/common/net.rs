//! An ONNX file that is taken apart, changed and written again: forms of one model in which people export.

use super::onnx::{Message, node};
use half::f16;
use std::path::Path;

/// A field of a protobuf message.
#[derive(Clone)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
    Fixed(Vec<u8>),
}

/// A protobuf message in parts: field numbers and their content.
#[derive(Clone)]
pub struct Parts(Vec<(u64, Field)>);

impl Parts {
    /// Takes `bytes` apart.
    pub fn of(mut bytes: &[u8]) -> Self {
        fn varint(bytes: &mut &[u8]) -> u64 {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = bytes[0];
                *bytes = &bytes[1..];
                value |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return value;
                }
            }
        }
        let mut parts = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let length = match key & 7 {
                0 => {
                    parts.push((key >> 3, Field::Number(varint(&mut bytes))));
                    continue;
                }
                1 => 8,
                5 => 4,
                _ => varint(&mut bytes) as usize,
            };
            let (content, rest) = bytes.split_at(length);
            let content = content.to_vec();
            parts.push((key >> 3, if key & 7 == 2 { Field::Bytes(content) } else { Field::Fixed(content) }));
            bytes = rest;
        }
        Self(parts)
    }

    /// The message.
    pub fn message(&self) -> Message {
        self.0.iter().fold(Message::default(), |message, (number, field)| match field {
            Field::Number(value) => message.number(*number, *value as i64),
            Field::Bytes(bytes) => message.bytes(*number, bytes),
            Field::Fixed(bytes) => message.fixed(*number, bytes),
        })
    }

    fn all(&self, number: u64) -> Vec<Vec<u8>> {
        let bytes = |field: &Field| if let Field::Bytes(bytes) = field { bytes.clone() } else { Vec::new() };
        self.0.iter().filter(|(n, _)| *n == number).map(|(_, field)| bytes(field)).collect()
    }

    fn text(&self, number: u64) -> String {
        self.all(number).first().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).unwrap_or_default()
    }

    fn set(&mut self, number: u64, bytes: impl AsRef<[u8]>) {
        self.0.retain(|(n, _)| *n != number);
        self.0.push((number, Field::Bytes(bytes.as_ref().to_vec())));
    }

    fn set_number(&mut self, number: u64, value: u64) {
        self.0.retain(|(n, _)| *n != number);
        self.0.push((number, Field::Number(value)));
    }
}

/// A model in parts.
#[derive(Clone)]
pub struct Net {
    pub ir_version: i64,
    pub opset: i64,
    pub nodes: Vec<Parts>,
    pub weights: Vec<Parts>,
    pub inputs: Vec<Message>,
    pub outputs: Vec<Message>,
    pub metadata: Vec<(String, String)>,
    /// Names of the picture and of the last value.
    pub input: String,
    pub last: String,
}

/// A dimension: a size, or a name.
#[derive(Clone, Copy)]
pub enum D {
    N(i64),
    Free(&'static str),
}

/// ONNX's numbers of types.
pub const FLOAT: i64 = 1;
pub const FLOAT16: i64 = 10;

/// A value's name, type and shape.
pub fn value(name: &str, kind: i64, dims: &[D]) -> Message {
    let dim = |dim: &D| match dim {
        D::N(size) => Message::default().number(1, *size),
        D::Free(name) => Message::default().bytes(2, name),
    };
    let dims: Vec<_> = dims.iter().map(dim).collect();
    let tensor = Message::default().number(1, kind).bytes(2, Message::default().all(1, &dims).0);
    Message::default().bytes(1, name).bytes(2, Message::default().bytes(1, tensor.0).0)
}

/// An attribute that is a number.
pub fn number(name: &str, value: i64) -> Message {
    Message::default().bytes(1, name).number(3, value).number(20, 2)
}

/// An attribute that is several numbers.
pub fn numbers(name: &str, values: &[i64]) -> Message {
    values.iter().fold(Message::default().bytes(1, name), |message, value| message.number(8, *value)).number(20, 7)
}

/// An attribute that is several texts.
pub fn texts(name: &str, values: &[&str]) -> Message {
    values.iter().fold(Message::default().bytes(1, name), |message, value| message.bytes(9, value)).number(20, 8)
}

impl Net {
    /// Takes the file at `path` apart; it has one input and one output, and knows nothing of the values between.
    pub fn read(path: &Path) -> Self {
        let model = Parts::of(&std::fs::read(path).unwrap());
        let graph = Parts::of(&model.all(7)[0]);
        let name = |number| Parts::of(&graph.all(number)[0]).text(1);
        let message = |number| graph.all(number).into_iter().map(Message).collect();
        Self {
            ir_version: 8,
            opset: 17,
            nodes: graph.all(1).iter().map(|bytes| Parts::of(bytes)).collect(),
            weights: graph.all(5).iter().map(|bytes| Parts::of(bytes)).collect(),
            inputs: message(11),
            outputs: message(12),
            metadata: Vec::new(),
            input: name(11),
            last: name(12),
        }
    }

    /// The same net for an input of which `std * x + mean` is the RGB of 0..1; the first convolution must not pad.
    pub fn normalized(mut self, mean: [f32; 3], std: [f32; 3], bgr: bool) -> Self {
        let conv = self.nodes[0].all(1).into_iter().map(|name| String::from_utf8(name).unwrap()).collect::<Vec<_>>();
        let mut filters = self.floats(&conv[1]);
        let mut bias = self.floats(&conv[2]);
        let per_channel = filters.len() / bias.len() / 3;
        for (filter, bias) in filters.chunks_mut(3 * per_channel).zip(&mut bias) {
            for (channel, weights) in filter.chunks_mut(per_channel).enumerate() {
                *bias += weights.iter().map(|w| w * mean[channel]).sum::<f32>();
                weights.iter_mut().for_each(|w| *w *= std[channel]);
            }
            if bgr {
                let (first, last) = filter.split_at_mut(2 * per_channel);
                first[..per_channel].swap_with_slice(last);
            }
        }
        self.set_floats(&conv[1], &filters);
        self.set_floats(&conv[2], &bias);
        self
    }

    fn weight(&mut self, name: &str) -> &mut Parts {
        self.weights.iter_mut().find(|tensor| tensor.text(8) == name).unwrap()
    }

    fn floats(&mut self, name: &str) -> Vec<f32> {
        self.weight(name).all(9)[0].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    fn set_floats(&mut self, name: &str, values: &[f32]) {
        self.weight(name).set(9, values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    }

    /// The first convolution with filters of so many channels: those that are new weigh nothing; of one channel, the sum of three.
    pub fn channels(mut self, channels: usize) -> Self {
        let name = String::from_utf8(self.nodes[0].all(1)[1].clone()).unwrap();
        let filters = self.floats(&name);
        let per_channel = 9;
        let changed: Vec<f32> = filters
            .chunks(3 * per_channel)
            .flat_map(|filter| match channels {
                1 => (0..per_channel).map(|n| filter[n] + filter[per_channel + n] + filter[2 * per_channel + n]).collect(),
                _ => [filter, &vec![0.0; (channels - 3) * per_channel]].concat(),
            })
            .collect();
        self.set_floats(&name, &changed);
        let outputs = filters.len() / 27;
        let dims: Vec<_> = [outputs as u64, channels as u64, 3, 3].map(|dim| (1, Field::Number(dim))).into();
        let tensor = self.weight(&name);
        tensor.0.retain(|(number, _)| *number != 1);
        tensor.0.splice(0..0, dims);
        self
    }

    /// All weights in float16, and nodes that compute with them.
    pub fn halved(mut self) -> Self {
        for tensor in &mut self.weights {
            let is_float = tensor.0.iter().any(|(number, field)| *number == 2 && matches!(field, Field::Number(1)));
            if is_float {
                let floats = tensor.all(9)[0].clone();
                let floats = floats.as_chunks::<4>().0.iter().map(|bytes| f16::from_f32(f32::from_le_bytes(*bytes)));
                tensor.set(9, floats.flat_map(f16::to_le_bytes).collect::<Vec<_>>());
                tensor.set_number(2, FLOAT16 as u64);
            }
        }
        self
    }

    /// Puts a node before all others, which read what it makes of the picture.
    pub fn head(mut self, kind: &str, more: &[&str], attributes: &[Message]) -> Self {
        let made = format!("{}_{kind}", self.input);
        for node in &mut self.nodes {
            for (number, field) in &mut node.0 {
                if let (1, Field::Bytes(name)) = (*number, field)
                    && *name == self.input.as_bytes()
                {
                    *name = made.clone().into();
                }
            }
        }
        let inputs: Vec<_> = std::iter::once(self.input.as_str()).chain(more.iter().copied()).collect();
        self.nodes.insert(0, Parts::of(&node(kind, &inputs, &[&made]).all(5, attributes).0));
        self
    }

    /// Puts a node behind the last value, and makes its output the last value.
    pub fn tail(mut self, kind: &str, more: &[&str], name: &str, attributes: &[Message]) -> Self {
        let inputs: Vec<_> = std::iter::once(self.last.as_str()).chain(more.iter().copied()).collect();
        let domain = if ["ZipMap", "LabelEncoder"].contains(&kind) { "ai.onnx.ml" } else { "" };
        self.nodes.push(Parts::of(&node(kind, &inputs, &[name]).all(5, attributes).bytes(7, domain).0));
        self.last = name.to_owned();
        self.output(FLOAT, &[D::N(1), D::N(1000)])
    }

    /// A further weight of the type `kind`.
    pub fn with(mut self, name: &str, kind: i64, dims: &[i64], raw: &[u8]) -> Self {
        let message = dims.iter().fold(Message::default(), |message, dim| message.number(1, *dim));
        self.weights.push(Parts::of(&message.number(2, kind).bytes(8, name).bytes(9, raw).0));
        self
    }

    /// A further weight that is one number.
    pub fn with_number(self, name: &str, number: f32) -> Self {
        self.with(name, FLOAT, &[], &number.to_le_bytes())
    }

    /// The input of this type and shape.
    pub fn picture(mut self, kind: i64, dims: &[D]) -> Self {
        self.inputs = vec![value(&self.input, kind, dims)];
        self
    }

    /// The last value as the only output, of this type and shape.
    pub fn output(mut self, kind: i64, dims: &[D]) -> Self {
        self.outputs = vec![value(&self.last, kind, dims)];
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let messages = |parts: &[Parts]| parts.iter().map(Parts::message).collect::<Vec<_>>();
        let graph = Message::default().all(1, &messages(&self.nodes)).bytes(2, "g").all(5, &messages(&self.weights));
        let graph = graph.all(11, &self.inputs).all(12, &self.outputs);
        let opset = |domain: &str, version| Message::default().bytes(1, domain).number(2, version);
        let entry = |(key, value): &(String, String)| Message::default().bytes(1, key).bytes(2, value);
        let metadata: Vec<_> = self.metadata.iter().map(entry).collect();
        let model = Message::default().number(1, self.ir_version).bytes(7, graph.0);
        model.all(8, &[opset("", self.opset), opset("ai.onnx.ml", 2), opset("com.microsoft", 1)]).all(14, &metadata).0
    }
}
