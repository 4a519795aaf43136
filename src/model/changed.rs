//! A model's file, changed in memory: free shapes fixed, or a tensor inside the graph made its output. All that is not changed stays
//! as it is, byte by byte, fields that this program does not know among it.

use super::classifier::{Model, Source};
use super::fields::fields;
use super::limits;
use super::onnx::{self, Dimension, Graph, Shape, TensorType, Type, ValueInfo};
use crate::error::{Error, Result};
use crate::files;
use crate::tensor::TensorSpec;
use bytes::Bytes;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Field numbers of a model and of its graph.
const GRAPH: u32 = 7;
const NODE: u32 = 1;
const INPUT: u32 = 11;
const OUTPUT: u32 = 12;
const VALUE_INFO: u32 = 13;

impl Model {
    /// What a session is to be opened with: the model's own source, or a changed one where its output lies inside the graph. With
    /// `fix_shapes` free shapes are fixed as well, as the NPU needs it.
    pub fn to_open(&self, fix_shapes: bool) -> Result<Cow<'_, Source>> {
        let is_changed = self.inner || (fix_shapes && self.free);
        if !is_changed {
            return Ok(Cow::Borrowed(&self.source));
        }
        let folder = match &self.source {
            Source::File(path) => {
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
            }
            _ => Default::default(),
        };
        Ok(Cow::Owned(Source::Changed { bytes: self.changed(fix_shapes)?.into(), folder }))
    }

    /// The bytes of the ONNX file, with the output of this model; with `fix_shapes` also with its shapes.
    pub fn changed(&self, fix_shapes: bool) -> Result<Vec<u8>> {
        let bytes = match &self.source {
            Source::File(path) => {
                let cannot = |e| Error::config(format!("cannot read the model '{}'", path.display())).because(e);
                files::read(path, limits::FILE).map_err(cannot)?.into()
            }
            Source::Memory(bytes) => Bytes::from_static(bytes),
            Source::Changed { bytes, .. } => bytes.clone(),
        };
        change(&bytes, self, fix_shapes)
            .ok_or_else(|| Error::config(format!("the model '{}' is cut short or damaged", self.name)).hint("Fetch it again."))
    }
}

/// `None` where `bytes` are not of the file that `model` was read of.
fn change(bytes: &Bytes, model: &Model, fix_shapes: bool) -> Option<Vec<u8>> {
    let graph = onnx::Model::decode(bytes.clone()).ok()?.graph?;
    let needed = if model.inner { needed(&graph, &model.output.tensor.name) } else { None };
    let (mut changed, mut inside) = (Vec::new(), Vec::new());
    for field in fields(bytes) {
        let field = field?;
        if field.number != GRAPH {
            changed.extend_from_slice(field.whole);
            continue;
        }
        let (mut nodes, mut inputs, mut outputs) = (graph.node.iter(), graph.input.iter(), graph.output.iter());
        for field in fields(field.inside?) {
            let field = field?;
            match field.number {
                NODE => {
                    let node = nodes.next()?;
                    if needed.as_ref().is_none_or(|needed| needed.contains(&std::ptr::from_ref(node))) {
                        inside.extend_from_slice(field.whole);
                    }
                }
                INPUT => {
                    let input = inputs.next()?;
                    match fix_shapes && input.name == model.input.tensor.name {
                        true => append(INPUT, &with_shape(input, &model.input.tensor), &mut inside),
                        false => inside.extend_from_slice(field.whole),
                    }
                }
                OUTPUT => {
                    let output = outputs.next()?;
                    match output.name == model.output.tensor.name {
                        true if fix_shapes => append(OUTPUT, &with_shape(output, &model.output.tensor), &mut inside),
                        false if model.inner => {}
                        _ => inside.extend_from_slice(field.whole),
                    }
                }
                // the shapes between input and output follow from the new ones
                VALUE_INFO if fix_shapes => {}
                _ => inside.extend_from_slice(field.whole),
            }
        }
        if model.inner {
            let declared = graph.value_info.iter().find(|value| value.name == model.output.tensor.name).cloned();
            let tensor = TensorType { elem_type: onnx::data_type::of(model.output.tensor.element), shape: None };
            let made = ValueInfo { name: model.output.tensor.name.clone(), r#type: Some(Type { tensor_type: Some(tensor) }) };
            append(OUTPUT, &with_shape(&declared.unwrap_or(made), &model.output.tensor), &mut inside);
        }
    }
    encode_key(GRAPH, WireType::LengthDelimited, &mut changed);
    encode_varint(inside.len() as u64, &mut changed);
    changed.extend_from_slice(&inside);
    Some(changed)
}

/// `value` with the shape of `spec`, where that is known.
fn with_shape(value: &ValueInfo, spec: &TensorSpec) -> ValueInfo {
    let mut value = value.clone();
    let dim = spec.shape.iter().map(|size| Dimension { value: Some(*size as i64), param: String::new() }).collect();
    if let Some(tensor) = value.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()).filter(|_| !spec.shape.is_empty()) {
        tensor.shape = Some(Shape { dim });
    }
    value
}

fn append(number: u32, value: &ValueInfo, to: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(value.encoded_len() as u64, to);
    to.extend_from_slice(&value.encode_to_vec());
}

/// The nodes that compute the value called `output`; `None` where a graph inside a node may need others.
fn needed(graph: &Graph, output: &str) -> Option<HashSet<*const onnx::Node>> {
    if graph.node.iter().any(|node| node.attribute.iter().any(|attribute| attribute.g.is_some())) {
        return None;
    }
    let writers: HashMap<&str, &onnx::Node> =
        graph.node.iter().flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node))).collect();
    let (mut needed, mut open) = (HashSet::new(), vec![output]);
    while let Some(name) = open.pop() {
        if let Some(node) = writers.get(name)
            && needed.insert(std::ptr::from_ref(*node))
        {
            open.extend(node.input.iter().map(String::as_str));
        }
    }
    Some(needed)
}
