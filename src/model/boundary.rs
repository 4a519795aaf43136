//! The boundary of the graph: the nodes directly after the input and directly before the output.

use super::onnx::{Graph, Node, data_type};
use super::quantized;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::tensor::{ElementType, Layout, Quantization};
use std::collections::HashMap;

/// Operators that change only the shape of a tensor, not its values.
pub const SHAPE_ONLY: [&str; 8] = ["Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Expand"];

/// Operators that select or rearrange the values of a picture without arithmetic.
const SELECTING: [&str; 6] = ["MaxPool", "Pad", "Slice", "Gather", "Split", "Resize"];

/// Operators that compute with the integers themselves, not with quantized values.
const ARITHMETIC: [&str; 8] = ["Cast", "CastLike", "Sub", "Add", "Mul", "Div", "ImageScaler", "Normalizer"];

/// The graph's nodes, indexed by the names of the values that they read and write.
pub struct Boundary<'a> {
    /// The first node that reads a value as its first input.
    readers: HashMap<&'a str, &'a Node>,
    writers: HashMap<&'a str, &'a Node>,
}

/// What the integers of an input are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// Quantized real numbers, with a scale and a zero point.
    Quantized(Quantization),
    /// Plain integers: the graph casts them, or computes with them.
    Themselves,
    /// The file does not say.
    Unknown,
}

impl<'a> Boundary<'a> {
    /// The boundary of `graph`.
    pub fn new(graph: &'a Graph) -> Self {
        let (mut readers, mut writers) = (HashMap::new(), HashMap::new());
        for node in &graph.node {
            if let Some(input) = node.input.first().filter(|_| node.op_type != "Shape" && node.op_type != "Size") {
                readers.entry(input.as_str()).or_insert(node);
            }
            // its data inputs follow the scale and zero point of the output
            if let Some(input) = node.input.get(2).filter(|_| node.op_type == "QLinearConcat") {
                readers.entry(input.as_str()).or_insert(node);
            }
            for output in &node.output {
                writers.entry(output.as_str()).or_insert(node);
            }
        }
        Self { readers, writers }
    }

    /// The node that writes the value called `name`.
    pub fn writer(&self, name: &str) -> Option<&'a Node> {
        self.writers.get(name).copied()
    }

    /// The number of values written by nodes, an upper bound for the steps of a backward walk in an acyclic graph.
    pub fn writers(&self) -> usize {
        self.writers.len()
    }

    /// The nodes after the input called `name`, each the first reader of the previous one. Terminates in a cyclic graph too.
    fn forward_from(&self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        let mut at = Some(name);
        // an acyclic path has fewer steps than there are nodes
        (0..=self.readers.len()).map_while(move |_| {
            let reader = *self.readers.get(at?)?;
            at = reader.output.first().map(String::as_str);
            Some(reader)
        })
    }

    /// The meaning of the integers in the input called `name`.
    pub fn input_meaning(&self, weights: &Weights, name: &'a str) -> Result<Meaning> {
        for reader in self.forward_from(name) {
            return Ok(match reader.op_type.as_str() {
                kind if SHAPE_ONLY.contains(&kind) || SELECTING.contains(&kind) => continue,
                kind if ARITHMETIC.contains(&kind) => Meaning::Themselves,
                _ => match quantized::of_input(reader) {
                    Some(at) => Meaning::Quantized(quantized::parameters(reader, weights, at)?),
                    None => Meaning::Unknown,
                },
            });
        }
        Ok(Meaning::Unknown)
    }

    /// Layout and number of channels of the input called `name`, according to its first convolution.
    pub fn first_convolution(&self, weights: &Weights, name: &'a str) -> Option<(Layout, usize)> {
        let mut layout = Layout::Nchw;
        for reader in self.forward_from(name) {
            match reader.op_type.as_str() {
                "Transpose" => {
                    let order = reader.attribute.iter().find(|attribute| attribute.name == "perm")?;
                    match order.ints[..] {
                        [0, 3, 1, 2] => layout = Layout::Nhwc,
                        _ => return None,
                    }
                }
                "Conv" | "QLinearConv" => {
                    let filters = if reader.op_type == "Conv" { 1 } else { 3 };
                    let mut filters = reader.input.get(filters)?.as_str();
                    // quantized weights pass through a DequantizeLinear
                    while let Some(writer) = self.writers.get(filters).filter(|writer| writer.op_type == "DequantizeLinear") {
                        filters = writer.input.first()?;
                    }
                    let channels = usize::try_from(*weights.dimensions(filters)?.get(1)?).ok()?;
                    return Some((layout, channels));
                }
                "QuantizeLinear" | "DequantizeLinear" | "Identity" | "BatchNormalization" => {}
                kind if ARITHMETIC.contains(&kind) || SELECTING.contains(&kind) => {}
                _ => return None,
            }
        }
        None
    }
}

/// The element type of an input or output; `what` names it in the message.
pub fn element_type(elem_type: i32, what: &str) -> Result<ElementType> {
    Ok(match elem_type {
        data_type::FLOAT => ElementType::F32,
        data_type::FLOAT16 => ElementType::F16,
        data_type::DOUBLE => ElementType::F64,
        data_type::UINT8 => ElementType::U8,
        data_type::INT8 => ElementType::I8,
        data_type::UINT16 => ElementType::U16,
        data_type::INT16 => ElementType::I16,
        data_type::INT32 => ElementType::I32,
        other => {
            return Err(Error::config(format!("the {what} of the model is {}", data_type::name(other))).hint(
                "float16, float32, float64, uint8, int8, uint16, int16 and int32 are taken. Quantized models of Qualcomm AI Hub have uint8.",
            ));
        }
    })
}
