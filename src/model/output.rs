//! The output of a classifier: which of the graph's outputs it is, how many classes it has, and what its numbers are.

use super::boundary::{self, Boundary, SHAPE_ONLY};
use super::dimensions::{Dims, elem_type, elements};
use super::onnx::{Graph, Node, ValueInfo, data_type};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::labels;
use crate::tensor::{OutputSpec, Scores, TensorSpec};

/// How many outputs or names a message lists.
const LISTED: usize = 8;

/// What decides between several outputs, and what the file leaves open.
pub struct Choice<'a> {
    /// The output that the user named.
    pub output: Option<&'a str>,
    /// How many classes there are by each source of labels, the first first; asked only where that decides.
    pub classes: &'a dyn Fn() -> Vec<usize>,
    /// The batch of the input.
    pub batch: usize,
}

/// What the graph says of its output.
pub struct Output {
    pub spec: OutputSpec,
    /// Whether the tensor is inside the graph, and has to be made an output of it.
    pub inner: bool,
    /// The names of the classes that the graph holds.
    pub names: Vec<String>,
    /// Whether the file does not say what the integers are.
    pub meaning_unknown: bool,
    /// The names of the outputs that are left alone.
    pub others: Vec<String>,
}

/// A tensor that may hold a number for each class.
struct Candidate<'a> {
    /// The tensor.
    name: &'a str,
    /// The graph's output that it is, or that is made of it.
    output: &'a str,
    elem_type: i32,
    dims: Option<Dims>,
    inner: bool,
    names: Vec<String>,
}

/// Reads the output of `graph`. One whose file does not say the number of classes has none: the shape is empty.
pub fn read<'a>(graph: &'a Graph, boundary: &Boundary<'a>, weights: &Weights, shown: &str, choice: &Choice) -> Result<Output> {
    let mut candidates: Vec<_> = graph.output.iter().filter_map(|output| candidate(graph, boundary, output)).collect();
    // outputs of the graph are preferred to tensors inside it
    if candidates.iter().any(|candidate| !candidate.inner) && choice.output.is_none() {
        candidates.retain(|candidate| !candidate.inner);
    }
    candidates.sort_by_key(|candidate| candidate.names.is_empty());
    let mut seen = std::collections::HashSet::new();
    if choice.output.is_none() {
        candidates.retain(|candidate| seen.insert(candidate.name));
    }
    let chosen = choose(graph, candidates, shown, choice)?;
    let others = graph.output.iter().map(|output| output.name.clone()).filter(|name| *name != chosen.output).collect();
    let element = boundary::element_type(chosen.elem_type, &format!("output '{}'", chosen.name))?;
    let tail = boundary.tail(weights, chosen.name)?;
    let quantization = if element.bounds().is_some() { tail.quantization } else { None };
    let shape = chosen.shape(choice.batch).unwrap_or_default();
    let tensor = TensorSpec { name: chosen.name.to_owned(), element, shape, quantization };
    let spec = OutputSpec {
        scores: tail.scores.unwrap_or_default(),
        certain: tail.scores.is_some(),
        divisor: tail.divisor,
        ..OutputSpec::logits(tensor, 0)
    };
    let meaning_unknown = element.bounds().is_some() && quantization.is_none();
    let mut output = Output { spec, inner: chosen.inner, names: chosen.names, meaning_unknown, others };
    if !output.spec.tensor.shape.is_empty() {
        set_classes(&mut output.spec, choice.batch, shown)?;
        // one of two probabilities from a Softmax
        if tail.selected && output.spec.values == 1 && output.spec.scores == Scores::Probabilities {
            output.spec.scores = Scores::Independent;
        }
    }
    Ok(output)
}

/// Sets the number of classes from the shape; an error if it is not the shape of a classifier's output.
pub fn set_classes(spec: &mut OutputSpec, batch: usize, shown: &str) -> Result<()> {
    let shape = &spec.tensor.shape;
    let Some(values) = row(shape, batch) else {
        return Err(Error::config(format!("the model '{shown}' has an output of shape {shape:?}: {}", spec.tensor.name))
            .hint("A classifier gives [batch, classes]: a number for each class."));
    };
    if values > labels::CLASSES {
        return Err(Error::config(format!("the model '{shown}' has {values} classes")).hint(format!(
            "At most {} are accepted, many times those of the largest classifiers. Is the shape of the output right?",
            labels::CLASSES
        )));
    }
    (spec.values, spec.classes) = (values, values);
    Ok(())
}

/// Makes two classes of a single probability; an error for a single number of another kind.
pub fn settle_single(spec: &mut OutputSpec, shown: &str) -> Result<()> {
    match (spec.values, spec.scores) {
        (1, Scores::Independent | Scores::IndependentLogits) => spec.classes = 2,
        (1, Scores::Logits) => {
            return Err(Error::config(format!(
                "the model '{shown}' is a regression: its output '{}' is one number, not a score for each class",
                spec.tensor.name
            ))
            .hint("A classifier is wanted. If it is one of two classes that lacks its Sigmoid: --activation sigmoid."));
        }
        (1, _) => {
            return Err(Error::config(format!("the model '{shown}' has one class, whose probability is always 1")).hint(
                "A Softmax over one number is 1 for every picture. A classifier of two classes with one output ends in a Sigmoid.",
            ));
        }
        _ => {}
    }
    Ok(())
}

/// The number of elements in the first item of a tensor of this shape, if they are one row: at most one dimension is not 1.
fn row(shape: &[usize], batch: usize) -> Option<usize> {
    let item = match shape {
        [first, item @ ..] if batch > 1 && *first == batch => item,
        _ if batch > 1 => return None,
        shape => shape,
    };
    let is_row = !shape.is_empty() && item.iter().filter(|size| **size != 1).count() <= 1;
    elements(item).filter(|count| is_row && *count > 0)
}

impl Candidate<'_> {
    /// All dimensions, if the file declares them, or from the names of the classes.
    fn shape(&self, batch: usize) -> Option<Vec<usize>> {
        let declared = self.dims.clone().and_then(|dims| dims.with_batch(batch).fixed()).filter(|shape| !shape.is_empty());
        declared.or_else(|| (!self.names.is_empty()).then(|| vec![batch, self.names.len()]))
    }

    /// Whether it may be a classifier's output.
    fn is_row(&self, batch: usize) -> bool {
        match (self.shape(batch), &self.dims) {
            (Some(shape), _) => row(&shape, batch).is_some(),
            // a free number of classes; as many dimensions as a row of them can have
            (None, Some(dims)) => !dims.0.is_empty(),
            (None, None) => true,
        }
    }
}

/// The tensor of numbers that `output` is, or that it is made of by ZipMap, LabelEncoder, ArgMax or TopK.
fn candidate<'a>(graph: &'a Graph, boundary: &Boundary<'a>, output: &'a ValueInfo) -> Option<Candidate<'a>> {
    let kind = elem_type(output);
    let (mut at, mut names, mut inner) = (output.name.as_str(), Vec::new(), false);
    for _ in 0..=boundary.writers() {
        let Some(writer) = boundary.writer(at) else { break };
        match writer.op_type.as_str() {
            "ZipMap" | "LabelEncoder" => {
                names = if names.is_empty() { class_names(writer) } else { names };
                inner = true;
            }
            "ArgMax" | "TopK" => inner = true,
            "Cast" => {}
            step if SHAPE_ONLY.contains(&step) => {}
            _ => break,
        }
        at = writer.input.first()?;
        if ["ZipMap", "ArgMax", "TopK"].contains(&writer.op_type.as_str()) {
            break;
        }
    }
    if !inner {
        let is_number = boundary::element_type(kind, "").is_ok();
        return is_number.then(|| Candidate {
            name: &output.name,
            output: &output.name,
            elem_type: kind,
            dims: Dims::of(output),
            inner: false,
            names,
        });
    }
    let declared = graph.output.iter().chain(&graph.value_info).find(|value| value.name == at);
    let elem_type = declared.map(elem_type).filter(|kind| *kind != 0).unwrap_or(data_type::FLOAT);
    let inner = !graph.output.iter().any(|output| output.name == at);
    Some(Candidate { name: at, output: &output.name, elem_type, dims: declared.and_then(Dims::of), inner, names })
}

/// The names of classes in a ZipMap or LabelEncoder.
fn class_names(node: &Node) -> Vec<String> {
    let texts =
        node.attribute.iter().find(|attribute| ["classlabels_strings", "values_strings"].contains(&attribute.name.as_str()));
    let keys = node.attribute.iter().find(|attribute| attribute.name == "keys_int64s");
    let in_order = keys.is_none_or(|keys| keys.ints.iter().copied().eq(0..keys.ints.len() as i64));
    let texts = texts.filter(|texts| in_order && texts.strings.len() <= labels::CLASSES);
    texts.map_or(Vec::new(), |texts| texts.strings.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

/// The one of `candidates` that the choice names, or that is the only one, or that has as many classes as there are labels.
fn choose<'a>(graph: &Graph, candidates: Vec<Candidate<'a>>, shown: &str, choice: &Choice) -> Result<Candidate<'a>> {
    let list = |names: &[String]| {
        let more = if names.len() > LISTED { ", ..." } else { "" };
        names[..names.len().min(LISTED)].join(", ") + more
    };
    if let Some(wanted) = choice.output {
        let all: Vec<_> = graph.output.iter().map(|output| output.name.clone()).collect();
        return candidates.into_iter().find(|candidate| candidate.output == wanted).ok_or_else(|| {
            let what = if all.iter().any(|name| name == wanted) { "is not a tensor of numbers" } else { "is not there" };
            Error::config(format!("the output '{wanted}' of the model '{shown}' {what}"))
                .hint(format!("Its outputs are {}.", list(&all)))
        });
    }
    let describe = |candidate: &Candidate| match candidate.shape(choice.batch) {
        Some(shape) => format!("{} {shape:?}", candidate.output),
        None => candidate.output.to_owned(),
    };
    let single = candidates.len() == 1;
    let described: Vec<_> = candidates.iter().map(describe).collect();
    // a single candidate of another shape has an error of its own
    let mut rows: Vec<_> = candidates.into_iter().filter(|candidate| single || candidate.is_row(choice.batch)).collect();
    let values = |candidate: &Candidate| candidate.shape(choice.batch).and_then(|shape| row(&shape, choice.batch));
    if rows.len() > 1 {
        let decides = |classes: &usize| rows.iter().filter(|row| values(row) == Some(*classes)).count() == 1;
        if let Some(classes) = (choice.classes)().into_iter().find(decides) {
            rows.retain(|row| values(row) == Some(classes));
        }
    }
    if rows.len() == 1 {
        return Ok(rows.remove(0));
    }
    if described.is_empty() {
        let outputs: Vec<_> =
            graph.output.iter().map(|output| format!("{} ({})", output.name, data_type::name(elem_type(output)))).collect();
        return Err(Error::config(format!("the model '{shown}' has no output that is a tensor of numbers: {}", list(&outputs)))
            .hint("A classifier gives [batch, classes]: a number for each class."));
    }
    Err(Error::config(format!("the model '{shown}' has {} outputs: {}", described.len(), list(&described))).hint(
        "--output NAME says which one has the classes. (With labels, the only one with as many numbers as there are labels is taken.)",
    ))
}
