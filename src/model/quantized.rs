//! Where operators that compute with integers have their scales and zero points: QuantizeLinear and DequantizeLinear, and those of
//! the QOperator form (ONNX, and ONNX Runtime's contributed operators), whose inputs hold them.

use super::onnx::Node;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::tensor::Quantization;

/// The places of a scale and a zero point among a node's inputs.
pub type Places = (usize, usize);

/// Where `node` has the scale and zero point of the value that it reads.
pub fn of_input(node: &Node) -> Option<Places> {
    match node.op_type.as_str() {
        "DequantizeLinear" => Some((1, 2)),
        "QLinearConcat" => Some((3, 4)),
        _ => of_output(node).filter(|_| is_q_operator(&node.op_type)).map(|_| (1, 2)),
    }
}

/// Where `node` has the scale and zero point of the value that it writes.
pub fn of_output(node: &Node) -> Option<Places> {
    Some(match node.op_type.as_str() {
        "QuantizeLinear" => (1, 2),
        "QLinearConcat" => (0, 1),
        "QLinearConv" | "QLinearMatMul" | "QLinearAdd" | "QLinearMul" => (6, 7),
        "QGemm" => (7, 8),
        "QLinearAveragePool"
        | "QLinearGlobalAveragePool"
        | "QLinearLeakyRelu"
        | "QLinearReduceMean"
        | "QLinearSigmoid"
        | "QLinearSoftmax" => (3, 4),
        _ => return None,
    })
}

/// Whether operators of this `kind` are of the QOperator form.
pub fn is_q_operator(kind: &str) -> bool {
    kind.starts_with("QLinear") || kind == "QGemm"
}

/// Scale and zero point of `node`, at these places.
pub fn parameters(node: &Node, weights: &Weights, (scale, zero_point): Places) -> Result<Quantization> {
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
    let scale = constant(scale, "scale")?.ok_or_else(|| fault("no scale"))? as f32;
    if Quantization::new(scale, 0).is_none() {
        return Err(fault(&format!("the scale {scale}")));
    }
    let zero_point = constant(zero_point, "zero point")?.unwrap_or(0.0);
    Quantization::new(scale, zero_point as i64).ok_or_else(|| fault(&format!("the zero point {zero_point}")))
}
