//! A classifier described by its graph: one input, which is a picture, and one output, a number for each class.

use super::boundary::Boundary;
use super::quantized::is_q_operator;
use super::recipe::{Settled, Sources, Stated};
use super::weights::Weights;
use super::{beside, input, kinds, limits, onnx, output};
use crate::error::{Error, Result};
use crate::tensor::{InputSpec, OutputSpec, Scores};
use bytes::Bytes;
use prost::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the model's bytes are.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file. ONNX Runtime reads it and its external weights.
    File(PathBuf),
    /// Bytes within this program.
    Memory(&'static [u8]),
    /// A file that was changed in memory; its external weights are in the folder.
    Changed {
        /// The model.
        bytes: Bytes,
        /// Where the weights are.
        folder: PathBuf,
    },
}

/// Determines the shape of a model's output by opening a session.
pub type ShapeOfOutput<'a> = dyn Fn(&Model) -> Result<Vec<usize>> + 'a;

/// What a user can say of a model whose file leaves it open.
#[derive(Clone, Copy, Default)]
pub struct Reading<'a> {
    /// Width and height of the picture, if the file leaves them free.
    pub size: Option<(u32, u32)>,
    /// The output that has the classes.
    pub output: Option<&'a str>,
    /// What its numbers are.
    pub scores: Option<Scores>,
    /// The number of labels, which decides between several outputs. `None`: `labels`, or those next to the model, are counted.
    pub classes: Option<usize>,
    /// The labels' file.
    pub labels: Option<&'a Path>,
    /// Determines the shape of the output if the file does not declare it.
    pub shape_of_output: Option<&'a ShapeOfOutput<'a>>,
}

/// A classifier as its ONNX file describes it.
#[derive(Debug, Clone)]
pub struct Model {
    /// The name in results: that of the file, from the path as given; if the file is called `model.onnx`, that of its folder or of
    /// its
    /// Hugging Face repository's.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// The picture that it takes.
    pub input: InputSpec,
    /// Its output.
    pub output: OutputSpec,
    /// The number of nodes of each operator.
    pub operators: BTreeMap<String, usize>,
    /// Files with external weights.
    pub files: Vec<PathBuf>,
    /// The program that wrote it.
    pub producer: String,
    /// The version of ONNX's operators.
    pub opset: i64,
    /// The version of ONNX's file format.
    pub ir_version: i64,
    /// The sources of its recipe.
    pub sources: Sources,
    /// Whether the file leaves the batch or the sides of the picture free.
    pub free: bool,
    /// Whether the output is a tensor inside the graph, which has to be made an output of it to be read.
    pub inner: bool,
    /// The names of the classes in the graph.
    pub class_names: Vec<String>,
    /// The outputs of the graph that are not read.
    pub other_outputs: Vec<String>,
    /// Integer inputs and outputs without a scale in the file.
    pub without_scale: Vec<String>,
    /// The file of labels that the metadata beside the model names.
    pub labels_file: Option<PathBuf>,
}

impl Model {
    /// Reads a model from `bytes`; `shown` is its name in messages.
    pub(super) fn parse(bytes: Bytes, name: String, shown: &str, source: Source, reading: &Reading) -> Result<Self> {
        let size = bytes.len() as u64;
        limits::check(&bytes, shown)?;
        let proto = decode(bytes, shown)?;
        let graph = proto.graph.as_ref().ok_or_else(|| {
            Error::config(format!("the model '{shown}' is not an ONNX file")).because("it holds no graph").hint("Fetch it again.")
        })?;
        let folder = match &source {
            Source::File(path) => Some(path.parent().unwrap_or(Path::new(""))),
            Source::Changed { folder, .. } => Some(folder.as_path()),
            Source::Memory(_) => None,
        };
        let weights = Weights::new(graph, folder);
        weights.check_sizes(shown, size)?;
        let boundary = Boundary::new(graph);
        let picture = graph.input.iter().find(|input| !weights.contains(&input.name)).map_or("", |input| &input.name);
        let sources = Sources::of_graph(&proto, graph, &weights, picture);
        let with_files = || {
            let mut sources = sources.clone();
            if let Source::File(path) = &source {
                sources.read_beside(path, &input::unsized_one(picture));
            }
            sources
        };
        let usual = || with_files().size();
        let input = input::read(graph, &boundary, &weights, shown, &input::Size { said: reading.size, usual: &usual })?;
        let batch = if input.spec.tensor.shape.len() == 4 { input.spec.tensor.shape[0] } else { 1 };
        let classes = || {
            let file = if let Source::File(path) = &source { Some(path.as_path()) } else { None };
            let labels = reading.classes.or_else(|| beside::count_of_labels(reading.labels, file));
            labels.into_iter().chain(with_files().counts_of_labels()).collect()
        };
        let choice = output::Choice { output: reading.output, classes: &classes, batch };
        let output = output::read(graph, &boundary, &weights, shown, &choice)?;
        let mut operators = BTreeMap::new();
        graph.node.iter().for_each(|node| *operators.entry(node.op_type.clone()).or_default() += 1);
        let opset =
            proto.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx")).map_or(0, |set| set.version);
        let files = weights.check_files(shown)?;
        let unknown = [(input.meaning_unknown, &input.spec.tensor.name), (output.meaning_unknown, &output.spec.tensor.name)];
        let without_scale = unknown.into_iter().filter(|(unknown, _)| *unknown).map(|(_, name)| name.clone()).collect();
        let mut model = Self {
            name,
            source,
            input: input.spec,
            output: output.spec,
            operators,
            files,
            producer: proto.producer_name.clone(),
            opset,
            ir_version: proto.ir_version,
            sources,
            free: input.free,
            inner: output.inner,
            class_names: output.names,
            other_outputs: output.others,
            without_scale,
            labels_file: None,
        };
        if model.output.values == 0 {
            let Some(shape_of_output) = reading.shape_of_output else { return Err(shapeless(shown, &model.output.tensor.name)) };
            model.output.tensor.shape = shape_of_output(&model)?;
            output::set_classes(&mut model.output, batch, shown)?;
        }
        Ok(model)
    }

    /// The recipe: what the user `set`, else what the model's files say, else the defaults.
    pub fn recipe(&self, set: Stated) -> Result<Settled> {
        self.sources.settle(set, &self.input, &self.name)
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.operators.values().sum()
    }

    /// Whether the graph was already compiled for the NPU.
    pub fn is_context(&self) -> bool {
        self.operators.contains_key("EPContext")
    }

    /// Whether the model is quantized, which the NPU requires.
    pub fn is_quantized(&self) -> bool {
        self.operators.keys().any(|kind| kind == "DequantizeLinear" || kind == "EPContext" || is_q_operator(kind))
    }

    /// Why the model cannot run on an NPU, and how to fix it; `None` if no reason is known.
    pub fn npu_obstacle(&self) -> Option<&'static str> {
        if self.operators.keys().any(|kind| is_q_operator(kind)) {
            return Some(
                "It is of the QOperator form (QLinearConv ...), and QNN wants QDQ (QuantizeLinear and DequantizeLinear around float operators).\n\
                 Quantize it again with quant_format=QuantFormat.QDQ.",
            );
        }
        (!self.is_quantized()).then_some(
            "It is not quantized, and the NPU computes with 8 or 16 bit integers. Take the w8a8 form from Qualcomm AI Hub, or quantize it with\n\
             models/squeezenet1_1/quantize MODEL.onnx QUANTIZED.onnx --pictures FOLDER, of glimpsed's source code.",
        )
    }
}

fn decode(bytes: Bytes, shown: &str) -> Result<onnx::Model> {
    // ONNX files begin with the field ir_version (1, varint), a small number
    let begins_like_onnx = bytes.first() == Some(&0x08) && bytes.get(1).is_some_and(|version| (1..=64).contains(version));
    if !begins_like_onnx && kinds::is_known(&bytes) {
        return Err(kinds::not_onnx(shown, &bytes));
    }
    // TensorFlow's and Core ML's files begin like ONNX
    onnx::Model::decode(bytes.clone()).map_err(|e| match begins_like_onnx && !kinds::is_known(&bytes) {
        true => Error::config(format!("the model '{shown}' is cut short or damaged"))
            .because(e)
            .hint("Compare its size and checksum with the source, and fetch it again."),
        false => kinds::not_onnx(shown, &bytes),
    })
}

fn shapeless(shown: &str, output: &str) -> Error {
    Error::config(format!("the model '{shown}' does not say how many classes its output '{output}' has"))
        .hint("python3 -m onnxruntime.tools.symbolic_shape_infer --input MODEL.onnx --output FIXED.onnx writes it into the file.")
}
