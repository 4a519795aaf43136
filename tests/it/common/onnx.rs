//! ONNX files for tests, written field by field, so that they can be invalid in any way.

/// A protobuf message under construction. Field numbers are those of `onnx.proto3`.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    /// A number.
    pub fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value as u64);
        self
    }

    /// Bytes, or a text.
    pub fn bytes(mut self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.as_ref().len() as u64);
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    /// Four or eight bytes.
    pub fn fixed(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | if bytes.len() == 8 { 1 } else { 5 });
        self.0.extend_from_slice(bytes);
        self
    }

    /// Each of `messages`.
    pub fn all<'a>(self, field: u64, messages: impl IntoIterator<Item = &'a Message>) -> Self {
        messages.into_iter().fold(self, |message, inner| message.bytes(field, &inner.0))
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A node without a name.
pub fn node(kind: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let message = inputs.iter().fold(Message::default(), |message, input| message.bytes(1, input));
    outputs.iter().fold(message, |message, output| message.bytes(2, output)).bytes(4, kind)
}

/// An initializer of the type float32; `raw` are its bytes.
pub fn initializer(name: &str, dims: &[i64], raw: &[u8]) -> Message {
    dims.iter().fold(Message::default(), |message, dim| message.number(1, *dim)).number(2, 1).bytes(8, name).bytes(9, raw)
}

/// An initializer of the type float32 whose bytes are elsewhere: `entries` are location, offset and length.
pub fn external(name: &str, dims: &[i64], entries: &[(&str, &str)]) -> Message {
    let message = dims.iter().fold(Message::default(), |message, dim| message.number(1, *dim)).number(2, 1).bytes(8, name);
    let entries: Vec<_> = entries.iter().map(|(key, value)| Message::default().bytes(1, key).bytes(2, value)).collect();
    message.all(13, &entries).number(14, 1)
}

/// An input or output of the type float32.
fn value(name: &str, dims: &[i64]) -> Message {
    let dims: Vec<_> = dims.iter().map(|dim| Message::default().number(1, *dim)).collect();
    let tensor = Message::default().number(1, 1).bytes(2, Message::default().all(1, &dims).0);
    Message::default().bytes(1, name).bytes(2, Message::default().bytes(1, tensor.0).0)
}

/// A classifier with three classes, for pictures of 8 x 8 pixels: the mean of each colour.
pub struct Onnx {
    pub ir_version: i64,
    pub opset: i64,
    pub nodes: Vec<Message>,
    pub initializers: Vec<Message>,
    pub output: Vec<i64>,
    /// `metadata_props`: key and value.
    pub properties: Vec<(String, String)>,
}

impl Default for Onnx {
    fn default() -> Self {
        let nodes = vec![node("GlobalAveragePool", &["image"], &["mean"]), node("Flatten", &["mean"], &["classes"])];
        Self { ir_version: 10, opset: 21, nodes, initializers: Vec::new(), output: vec![1, 3], properties: Vec::new() }
    }
}

impl Onnx {
    /// The same with `nodes` appended, which compute `classes` from `mean`.
    pub fn ending_in(nodes: &[Message]) -> Self {
        let mut onnx = Self::default();
        onnx.nodes.truncate(1);
        onnx.nodes.extend_from_slice(nodes);
        onnx
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let graph = Message::default().all(1, &self.nodes).bytes(2, "g").all(5, &self.initializers);
        let graph = graph.all(11, [&value("image", &[1, 3, 8, 8])]).all(12, [&value("classes", &self.output)]);
        let opset = Message::default().bytes(1, "").number(2, self.opset);
        let pair = |(key, value): &(String, String)| Message::default().bytes(1, key).bytes(2, value);
        let properties: Vec<_> = self.properties.iter().map(pair).collect();
        Message::default().number(1, self.ir_version).bytes(7, graph.0).all(8, [&opset]).all(14, &properties).0
    }
}
