//! A classifier by its graph: one input, which is a picture, and one output, a number for each class.

use super::boundary::{self, Boundary};
use super::limits;
use super::onnx::{self, Graph, ValueInfo};
use super::recipe::{Settled, Sources, Stated};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::labels;
use crate::tensor::{InputSpec, Layout, OutputSpec, TensorSpec};
use bytes::Bytes;
use prost::Message;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the model's bytes are.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file; ONNX Runtime reads it, and the weights beside it, itself.
    File(PathBuf),
    /// Bytes of this program.
    Memory(&'static [u8]),
}

/// A classifier as its ONNX file describes it.
#[derive(Debug, Clone)]
pub struct Model {
    /// The name that results carry: the file's, as the path was given; where it is just `model.onnx`, its folder's or its
    /// Hugging Face repository's.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// The picture that it takes.
    pub input: InputSpec,
    /// The numbers that it gives.
    pub output: OutputSpec,
    /// How many nodes of each operator there are.
    pub operators: BTreeMap<String, usize>,
    /// Files beside the model that hold weights.
    pub files: Vec<PathBuf>,
    /// The program that wrote it.
    pub producer: String,
    /// The version of ONNX's operators.
    pub opset: i64,
    /// The version of ONNX's file format.
    pub ir_version: i64,
    /// What is said of how pixels become its input.
    pub sources: Sources,
}

impl Model {
    /// Reads a model from `bytes`; `shown` is its name in messages.
    pub(super) fn parse(bytes: Bytes, name: String, shown: &str, source: Source) -> Result<Self> {
        let size = bytes.len() as u64;
        limits::check(&bytes, shown)?;
        let proto = decode(bytes, shown)?;
        let graph = proto.graph.as_ref().ok_or_else(|| not_onnx(shown, "it holds no graph"))?;
        let folder = match &source {
            Source::File(path) => Some(path.parent().unwrap_or(Path::new(""))),
            Source::Memory(_) => None,
        };
        let weights = Weights::new(graph, folder);
        weights.check_sizes(shown, size)?;
        let boundary = Boundary::new(graph);
        let input = input_of(graph, &boundary, &weights, shown)?;
        let sources = Sources::of_graph(&proto, graph, &weights, &input.tensor.name);
        let output = output_of(graph, &boundary, &weights, shown)?;
        let mut operators = BTreeMap::new();
        graph.node.iter().for_each(|node| *operators.entry(node.op_type.clone()).or_default() += 1);
        let opset =
            proto.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx")).map_or(0, |set| set.version);
        let files = weights.check_files(shown)?;
        Ok(Self {
            name,
            source,
            input,
            output,
            operators,
            files,
            producer: proto.producer_name.clone(),
            opset,
            ir_version: proto.ir_version,
            sources,
        })
    }

    /// How pixels become its input: as the user `set` it, else as is said of the model, else as is usual.
    pub fn recipe(&self, set: Stated) -> Result<Settled> {
        self.sources.settle(set, &self.input, &self.name)
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.operators.values().sum()
    }

    /// Whether it is a graph that was already built for the NPU.
    pub fn is_context(&self) -> bool {
        self.operators.contains_key("EPContext")
    }

    /// Whether the model computes with integers: without that the NPU cannot run it.
    pub fn is_quantized(&self) -> bool {
        self.operators.keys().any(|kind| kind == "DequantizeLinear" || kind == "EPContext" || kind.starts_with("QLinear"))
    }

    /// Why the model cannot run on an NPU, and how to fix it; `None` if no reason is known.
    pub fn npu_obstacle(&self) -> Option<&'static str> {
        (!self.is_quantized()).then_some(
            "It is not quantized, and the NPU computes with 8 or 16 bit integers. Take the w8a8 form from Qualcomm AI Hub, or quantize it:\n\
             https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html",
        )
    }

    /// The labels beside the model: `labels.txt`, or the model's name with `.txt` or `_labels.txt`. `None` where there are none.
    pub fn labels_beside(&self) -> Option<PathBuf> {
        let Source::File(path) = &self.source else { return None };
        let stem = path.file_stem()?.to_string_lossy();
        let names = [format!("{stem}_labels.txt"), format!("{stem}.txt"), "labels.txt".to_owned()];
        names.into_iter().map(|name| path.with_file_name(name)).find(|path| path.is_file())
    }
}

fn decode(bytes: Bytes, shown: &str) -> Result<onnx::Model> {
    if bytes.is_empty() {
        return Err(not_onnx(shown, "the file is empty"));
    }
    // every ONNX file that is written begins with the field ir_version (1, varint), a small number
    let begins_like_onnx = bytes[0] == 0x08 && bytes.get(1).is_some_and(|version| (1..=64).contains(version));
    onnx::Model::decode(bytes).map_err(|e| match begins_like_onnx {
        true => Error::config(format!("the model '{shown}' is cut short or damaged"))
            .because(e)
            .hint("Compare its size and checksum with the source, and fetch it again."),
        false => not_onnx(shown, "the bytes are of another kind"),
    })
}

fn not_onnx(shown: &str, why: &str) -> Error {
    Error::config(format!("the model '{shown}' is not an ONNX file")).because(why).hint(
        "An .onnx file is wanted. Models for other runtimes (.tflite, .dlc, .bin, .pt) do not run here; Qualcomm AI Hub offers most as ONNX too.",
    )
}

fn input_of(graph: &Graph, boundary: &Boundary, weights: &Weights, shown: &str) -> Result<InputSpec> {
    // old files list their weights among the inputs
    let inputs: Vec<_> = graph.input.iter().filter(|input| !weights.contains(&input.name)).collect();
    let [input] = inputs[..] else {
        let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
        return Err(Error::config(format!("the model '{shown}' has {} inputs: {}", inputs.len(), names.join(", ")))
            .hint("A classifier with one input, a picture, is wanted."));
    };
    let dims = dimensions(input).ok_or_else(|| {
        Error::config(format!("the model '{shown}' does not say the shape of its input '{}'", input.name)).hint(fix_shapes(
            shown,
            &input.name,
            None,
        ))
    })?;
    let shape = fixed(&dims).ok_or_else(|| {
        Error::config(format!("the model '{shown}' has an input of dynamic shape: {} [{}]", input.name, dims.join(", ")))
            .hint(fix_shapes(shown, &input.name, Some(&dims)))
    })?;
    let (layout, height, width) = match shape[..] {
        [1, 3, height, width] => (Layout::Nchw, height, width),
        [1, height, width, 3] => (Layout::Nhwc, height, width),
        _ => {
            return Err(Error::config(format!("the model '{shown}' has an input of shape [{}]", dims.join(", "))).hint(
                "One RGB picture is wanted: [1, 3, height, width] or [1, height, width, 3], with a batch of 1.\n\
                 onnxruntime.tools.make_dynamic_shape_fixed sets a batch that was exported as dynamic.",
            ));
        }
    };
    let element = boundary::element_type(elem_type(input), &format!("input '{}'", input.name))?;
    let quantization = if element.bounds().is_some() { boundary.input_quantization(weights, &input.name)? } else { None };
    let side = |pixels: usize| u32::try_from(pixels).ok().filter(|side| (1..=16384).contains(side));
    let (Some(width), Some(height)) = (side(width), side(height)) else {
        return Err(Error::config(format!("the model '{shown}' takes a picture of {width} x {height} pixels"))
            .hint("Sides of 1 to 16384 are taken."));
    };
    Ok(InputSpec { tensor: TensorSpec { name: input.name.clone(), element, shape, quantization }, layout, width, height })
}

fn output_of(graph: &Graph, boundary: &Boundary, weights: &Weights, shown: &str) -> Result<OutputSpec> {
    let [output] = &graph.output[..] else {
        let names: Vec<_> = graph.output.iter().map(|output| output.name.as_str()).collect();
        return Err(Error::config(format!("the model '{shown}' has {} outputs: {}", names.len(), names.join(", ")))
            .hint("A classifier with one output, a number for each class, is wanted."));
    };
    let dims = dimensions(output).unwrap_or_default();
    let shape = fixed(&dims).unwrap_or_default();
    let classes: usize = shape.iter().product();
    let one_row = shape.iter().filter(|size| **size != 1).count() <= 1;
    if shape.is_empty() || classes == 0 || !one_row {
        return Err(Error::config(format!("the model '{shown}' has an output of shape [{}]", dims.join(", "))).hint(
            "A classifier gives [1, classes], and the file must say how many. Where only the shape is missing:\n\
             python3 -m onnxruntime.tools.symbolic_shape_infer --input MODEL.onnx --output FIXED.onnx",
        ));
    }
    if classes > labels::CLASSES {
        return Err(Error::config(format!("the model '{shown}' has {classes} classes")).hint(format!(
            "At most {} are accepted, many times those of the largest classifiers. Is the shape of the output right?",
            labels::CLASSES
        )));
    }
    let element = boundary::element_type(elem_type(output), &format!("output '{}'", output.name))?;
    let tail = boundary.tail(weights, &output.name)?;
    let quantization = if element.bounds().is_some() { tail.quantization } else { None };
    Ok(OutputSpec {
        tensor: TensorSpec { name: output.name.clone(), element, shape, quantization },
        classes,
        softmax: tail.softmax,
    })
}

/// Each dimension as text: a number, the name of a free one, or `?`.
fn dimensions(value: &ValueInfo) -> Option<Vec<Cow<'_, str>>> {
    let shape = value.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    let text = |dim: &'_ onnx::Dimension| match dim.value {
        Some(size) if size > 0 => Some(size.to_string()),
        _ => None,
    };
    let named = |dim: &'_ onnx::Dimension| if dim.param.is_empty() { "?".to_owned() } else { dim.param.clone() };
    Some(shape.dim.iter().map(|dim| Cow::Owned(text(dim).unwrap_or_else(|| named(dim)))).collect())
}

fn fixed(dims: &[Cow<str>]) -> Option<Vec<usize>> {
    let sizes: Option<Vec<usize>> = dims.iter().map(|dim| dim.parse().ok()).collect();
    // no tensor of a classifier's boundary has more elements than this; it keeps products within bounds
    sizes.filter(|sizes| {
        sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)).is_some_and(|count| count < 1 << 31)
    })
}

fn elem_type(value: &ValueInfo) -> i32 {
    value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()).map_or(0, |tensor| tensor.elem_type)
}

/// The command that gives the input called `name` a fixed shape.
fn fix_shapes(shown: &str, name: &str, dims: Option<&[Cow<str>]>) -> String {
    let shape = match dims {
        Some([_, .., last]) if last == "3" => "1,224,224,3",
        _ => "1,3,224,224",
    };
    let fixed = Path::new(shown).with_extension("");
    format!(
        "The NPU and glimpsed need fixed shapes. Fix this one, with the size that the model was trained for:\n\
         python3 -m onnxruntime.tools.make_dynamic_shape_fixed --input_name {name} --input_shape {shape} {shown} {}_fixed.onnx",
        fixed.display()
    )
}
