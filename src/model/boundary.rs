//! The boundary of the graph: what stands right behind the input and right before the output.

use super::onnx::{Graph, Node, data_type};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::tensor::{ElementType, Quantization};
use std::collections::HashMap;

/// Operators that change the shape of a tensor, and nothing of its values.
const SHAPE_ONLY: [&str; 7] = ["Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"];

/// The graph's nodes by the names of what they read and write, so that a walk costs no search.
pub struct Boundary<'a> {
    /// The first node that reads a value as its first input.
    readers: HashMap<&'a str, &'a Node>,
    writers: HashMap<&'a str, &'a Node>,
}

impl<'a> Boundary<'a> {
    /// Of `graph`.
    pub fn new(graph: &'a Graph) -> Self {
        let (mut readers, mut writers) = (HashMap::new(), HashMap::new());
        for node in &graph.node {
            if let Some(input) = node.input.first() {
                readers.entry(input.as_str()).or_insert(node);
            }
            for output in &node.output {
                writers.entry(output.as_str()).or_insert(node);
            }
        }
        Self { readers, writers }
    }

    /// The quantization of the input called `name`: that of the first DequantizeLinear behind it. `None` where there is none.
    pub fn input_quantization(&self, weights: &Weights, name: &str) -> Result<Option<Quantization>> {
        let mut at = name;
        // a graph without loops is walked in fewer steps than it has nodes
        for _ in 0..=self.readers.len() {
            let Some(reader) = self.readers.get(at) else { return Ok(None) };
            match reader.op_type.as_str() {
                "DequantizeLinear" => return quantization(reader, weights).map(Some),
                kind if SHAPE_ONLY.contains(&kind) && !reader.output.is_empty() => at = &reader.output[0],
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Walks back from the output called `name`, over operators that change no value, to what made the numbers.
    pub fn tail(&self, weights: &Weights, name: &str) -> Result<Tail> {
        let mut tail = Tail { quantization: None, softmax: false };
        let (mut at, mut quantized_at_rim) = (name, true);
        for _ in 0..=self.writers.len() {
            let Some(writer) = self.writers.get(at) else { break };
            match writer.op_type.as_str() {
                "QuantizeLinear" if quantized_at_rim => tail.quantization = Some(quantization(writer, weights)?),
                "QuantizeLinear" | "DequantizeLinear" => {}
                "Softmax" => {
                    tail.softmax = true;
                    break;
                }
                kind if SHAPE_ONLY.contains(&kind) => {}
                _ => break,
            }
            // behind a DequantizeLinear the output itself is float, whatever quantization lies further in
            quantized_at_rim &= !matches!(writer.op_type.as_str(), "QuantizeLinear" | "DequantizeLinear");
            let Some(input) = writer.input.first() else { break };
            at = input;
        }
        Ok(tail)
    }
}

/// What the end of the graph says of the output called `name`.
pub struct Tail {
    /// The scale and zero point of the last QuantizeLinear.
    pub quantization: Option<Quantization>,
    /// Whether a Softmax stands at the end.
    pub softmax: bool,
}

/// Scale and zero point of a QuantizeLinear or DequantizeLinear.
fn quantization(node: &Node, weights: &Weights) -> Result<Quantization> {
    let fault = |what: &str| {
        Error::config(format!("the {} '{}' at the boundary of the model has {what}", node.op_type, node.name))
            .hint("glimpsed takes one constant scale and zero point for the whole input or output (per-tensor quantization).")
    };
    let constant = |at: usize, what: &str| -> Result<Option<f64>> {
        match node.input.get(at).filter(|name| !name.is_empty()) {
            Some(name) => {
                weights.scalar(name)?.ok_or_else(|| fault(&format!("a {what} that is not one constant number"))).map(Some)
            }
            None => Ok(None),
        }
    };
    let scale = constant(1, "scale")?.ok_or_else(|| fault("no scale"))? as f32;
    if Quantization::new(scale, 0).is_none() {
        return Err(fault(&format!("the scale {scale}")));
    }
    let zero_point = constant(2, "zero point")?.unwrap_or(0.0);
    Quantization::new(scale, zero_point as i64).ok_or_else(|| fault(&format!("the zero point {zero_point}")))
}

/// The element type of an input or output; `what` names it in the message.
pub fn element_type(elem_type: i32, what: &str) -> Result<ElementType> {
    Ok(match elem_type {
        data_type::FLOAT => ElementType::F32,
        data_type::UINT8 => ElementType::U8,
        data_type::INT8 => ElementType::I8,
        data_type::UINT16 => ElementType::U16,
        other => {
            return Err(Error::config(format!("the {what} of the model is {}", data_type::name(other)))
                .hint("uint8, int8, uint16 and float32 are taken. Quantized models of Qualcomm AI Hub have uint8."));
        }
    })
}
