//! The first nodes of the graph as a source of the recipe: a network that normalizes its input (Keras' Rescaling and Normalization,
//! exported transforms)
//! begins with a Cast, Mul, Div, Sub or Add of constants. The quantization of the input, if any, shows its range.

use super::channels::by_channel;
use super::given::{Given, Origin};
use super::line::Line;
use super::range::Range;
use super::stated::Stated;
use crate::model::boundary::{SHAPE_ONLY, element_type};
use crate::model::onnx::{Graph, Node};
use crate::model::quantized;
use crate::model::weights::Weights;
use crate::tensor::ElementType;
use std::collections::HashMap;

/// What the first nodes say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirstNodes {
    /// The normalization and channel order that the arithmetic expects.
    pub stated: Stated,
    /// The range of the input's quantization.
    pub range: Option<Range>,
    /// Whether the graph begins by exchanging height and width, so that it needs transposed pictures.
    pub transposed: bool,
}

/// Follows the graph from the input called `input` as long as each value is only scaled and shifted.
pub fn read(graph: &Graph, weights: &Weights, input: &str) -> FirstNodes {
    let mut readers: HashMap<&str, Vec<&Node>> = HashMap::new();
    for node in graph.node.iter().filter(|node| node.op_type != "Shape" && node.op_type != "Size") {
        node.input.iter().for_each(|name| readers.entry(name).or_default().push(node));
    }
    let (mut line, mut kinds, mut range) = (Line::default(), Vec::new(), None);
    let (mut at, mut reversed, mut transposed) = (input, false, false);
    // an acyclic path has fewer steps than there are nodes
    for _ in 0..=graph.node.len() {
        if let Some((next, joined)) = by_channel(&readers, weights, at).filter(|_| !reversed && kinds.is_empty()) {
            (line, at) = (next, joined);
            kinds.push("Gather, Mul, Add, Concat");
            continue;
        }
        let Some([reader]) = readers.get(at).map(Vec::as_slice) else { break };
        match reader.op_type.as_str() {
            kind if ["Cast", "Clip"].contains(&kind) || SHAPE_ONLY.contains(&kind) => transposed |= transposes(reader),
            _ if reverses(reader, weights) => reversed = !reversed,
            kind if quantized::of_input(reader).or(quantized::of_output(reader)).is_some() => {
                if kinds.is_empty() && range.is_none() {
                    range = held(reader, weights);
                }
                if !["QuantizeLinear", "DequantizeLinear"].contains(&kind) {
                    break;
                }
            }
            kind => match line.then(reader, weights, at, reversed) {
                Some(next) => {
                    line = next;
                    kinds.push(kind);
                }
                None => break,
            },
        }
        let Some(output) = reader.output.first() else { break };
        at = output;
    }
    let origin = Origin::Graph(format!("it begins with {}", kinds.join(", ")));
    let values = if kinds.is_empty() { None } else { line.expects() };
    let colour = values.as_ref().and_then(|values| line.order(values));
    let stated = Stated {
        normalize: values.map(|values| Given::new(values, origin.clone())),
        colour: colour.map(|colour| Given::new(colour, origin)),
        ..Stated::default()
    };
    FirstNodes { stated, range, transposed }
}

/// The range of a tensor that `node` quantizes or dequantizes.
fn held(node: &Node, weights: &Weights) -> Option<Range> {
    let places = quantized::of_input(node).or(quantized::of_output(node))?;
    let quantization = quantized::parameters(node, weights, places).ok()?;
    // without a zero point it is uint8
    let element = match node.input.get(places.1).and_then(|name| weights.data_type(name)) {
        Some(data_type) => element_type(data_type, "").ok()?,
        None => ElementType::U8,
    };
    Range::new(element, quantization)
}

/// Whether `node` reverses the order of the channels: a Gather of 2, 1, 0, or a Slice backwards.
fn reverses(node: &Node, weights: &Weights) -> bool {
    let numbers = |at: usize| node.input.get(at).and_then(|name| weights.numbers(name, 3));
    match node.op_type.as_str() {
        "Gather" => numbers(1).is_some_and(|indices| indices == [2.0, 1.0, 0.0]),
        // the channels of NCHW or NHWC
        "Slice" => {
            numbers(3).is_some_and(|axes| [1.0, 3.0, -1.0, -3.0].iter().any(|axis| axes == [*axis]))
                && numbers(4).is_some_and(|steps| steps == [-1.0])
        }
        _ => false,
    }
}

/// Whether `node` exchanges height and width, with or without the channels.
fn transposes(node: &Node) -> bool {
    let order = node.attribute.iter().find(|attribute| attribute.name == "perm").map(|attribute| &attribute.ints[..]);
    node.op_type == "Transpose" && matches!(order, Some([0, 1, 3, 2] | [0, 3, 2, 1] | [0, 2, 1, 3]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onnx::{Tensor, data_type};
    use crate::model::recipe::values::known;
    use crate::preprocess::Colour;

    fn constant(name: &str, values: &[f32]) -> Tensor {
        let dims = if values.len() == 1 { vec![] } else { vec![1, values.len() as i64, 1, 1] };
        Tensor { dims, data_type: data_type::FLOAT, float_data: values.to_vec(), name: name.into(), ..Tensor::default() }
    }

    /// A graph of `x` through `nodes`, each with its constant.
    fn first(nodes: &[(&str, &[f32])]) -> FirstNodes {
        let mut graph = Graph::default();
        for (n, (kind, values)) in nodes.iter().enumerate() {
            let from = if n == 0 { "x".to_owned() } else { format!("v{}", n - 1) };
            let mut input = vec![from];
            if !values.is_empty() {
                input.push(format!("c{n}"));
                graph.initializer.push(constant(&format!("c{n}"), values));
            }
            graph.node.push(Node { input, output: vec![format!("v{n}")], op_type: (*kind).into(), ..Node::default() });
        }
        let weights = Weights::new(&graph, None);
        read(&graph, &weights, "x")
    }

    fn expected(nodes: &[(&str, &[f32])]) -> Option<&'static str> {
        Some(known(&first(nodes).stated.normalize?.value).unwrap().name)
    }

    #[test]
    fn a_network_that_normalizes_takes_pixels_as_its_arithmetic_wants_them() {
        // Keras: Rescaling(1/255), Rescaling(1/127.5, offset=-1), Rescaling and Normalization
        assert_eq!(expected(&[("Cast", &[]), ("Mul", &[1.0 / 255.0]), ("Conv", &[1.0])]), Some("255"));
        assert_eq!(expected(&[("Mul", &[1.0 / 127.5]), ("Add", &[-1.0])]), Some("255"));
        assert_eq!(expected(&[("Clip", &[]), ("Mul", &[1.0 / 255.0])]), Some("255"));
        let normalization = [0.485, 0.456, 0.406];
        assert_eq!(expected(&[("Mul", &[1.0 / 255.0]), ("Sub", &normalization), ("Div", &[0.229, 0.224, 0.225])]), Some("255"));
        // torchvision's Normalize inside
        assert_eq!(expected(&[("Sub", &normalization), ("Div", &[0.229, 0.224, 0.225])]), Some("none"));
        assert_eq!(expected(&[("Transpose", &[]), ("Mul", &[2.0]), ("Sub", &[1.0])]), Some("none"));
        // from -1..1 to 0..255
        assert_eq!(expected(&[("Mul", &[127.5]), ("Add", &[127.5])]), Some("half"));
        assert_eq!(expected(&[("Mul", &[255.0])]), Some("none"));
        // what undoes ImageNet's normalization: to 0..1, and to -1..1
        assert_eq!(expected(&[("Mul", &[0.229, 0.224, 0.225]), ("Add", &[0.485, 0.456, 0.406])]), Some("imagenet"));
        assert_eq!(expected(&[("Mul", &[0.458, 0.448, 0.45]), ("Add", &[-0.03, -0.088, -0.188])]), Some("imagenet"));
    }

    #[test]
    fn means_tell_the_order_of_the_channels() {
        let order = |means: &[f32]| first(&[("Sub", means)]).stated.colour.map(|colour| colour.value);
        assert_eq!(order(&[103.939, 116.779, 123.68]), Some(Colour::Bgr));
        assert_eq!(order(&[123.68, 116.779, 103.939]), Some(Colour::Rgb));
        assert_eq!(order(&[127.0, 127.0, 127.0]), None);
    }

    #[test]
    fn constants_may_pass_through_other_nodes() {
        let node = |kind: &str, input: &[&str], output: &str| Node {
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            op_type: kind.into(),
            ..Node::default()
        };
        let node = vec![node("Identity", &["c"], "i"), node("Cast", &["i"], "k"), node("Div", &["x", "k"], "y")];
        let graph = Graph { node, initializer: vec![constant("c", &[255.0])], ..Graph::default() };
        let stated = read(&graph, &Weights::new(&graph, None), "x").stated;
        assert_eq!(known(&stated.normalize.unwrap().value).unwrap().name, "255");
    }

    #[test]
    fn channels_may_be_reversed_first() {
        let ints = |name: &str, values: &[i64]| {
            let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            Tensor { dims: vec![values.len() as i64], data_type: 7, name: name.into(), raw_data: raw.into(), ..Tensor::default() }
        };
        let node = |kind: &str, input: &[&str], output: &str| Node {
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            op_type: kind.into(),
            ..Node::default()
        };
        // Keras' caffe preprocessing: RGB becomes BGR, less a mean
        let initializer =
            vec![ints("index", &[2, 1, 0]), ints("axis", &[3]), ints("back", &[-1]), constant("m", &[103.939, 116.779, 123.68])];
        for first in [node("Gather", &["x", "index"], "r"), node("Slice", &["x", "back", "back", "axis", "back"], "r")] {
            let graph =
                Graph { node: vec![first, node("Sub", &["r", "m"], "y")], initializer: initializer.clone(), ..Graph::default() };
            let stated = read(&graph, &Weights::new(&graph, None), "x").stated;
            assert_eq!(stated.colour.unwrap().value, Colour::Rgb);
            assert_eq!(known(&stated.normalize.unwrap().value).unwrap().name, "255");
        }
    }

    #[test]
    fn pictures_on_their_side_are_noticed() {
        let perm = |ints: &[i64]| {
            let attribute = crate::model::onnx::Attribute { name: "perm".into(), ints: ints.to_vec(), ..Default::default() };
            let node = Node {
                input: vec!["x".into()],
                output: vec!["y".into()],
                op_type: "Transpose".into(),
                attribute: vec![attribute],
                ..Node::default()
            };
            let graph = Graph { node: vec![node], ..Graph::default() };
            read(&graph, &Weights::new(&graph, None), "x").transposed
        };
        assert!(perm(&[0, 1, 3, 2]) && perm(&[0, 3, 2, 1]) && !perm(&[0, 3, 1, 2]) && !perm(&[0, 2, 3, 1]));
    }

    #[test]
    fn other_arithmetic_says_nothing() {
        assert_eq!(first(&[]), FirstNodes::default());
        for nodes in [
            &[("Conv", &[1.0][..])][..],
            &[("Mul", &[1.1])],
            &[("Mul", &[-0.004])],
            &[("Mul", &[0.0])],
            &[("Div", &[0.0])],
            &[("Mul", &[1.0, 2.0])],
            &[("Add", &[])],
            &[("Sub", &[f32::NAN])],
        ] {
            assert_eq!(first(nodes).stated, Stated::default(), "{nodes:?}");
        }
    }

    #[test]
    fn a_quantized_input_shows_what_it_holds() {
        let first_held = |kind: &str, scale: f32, zero: i32, data_type: i32| {
            let zero = Tensor { data_type, int32_data: vec![zero], name: "z".into(), ..Tensor::default() };
            let input = vec!["x".to_owned(), "s".to_owned(), "z".to_owned()];
            let node = Node { input, output: vec!["q".into()], op_type: kind.into(), ..Node::default() };
            let graph = Graph { node: vec![node], initializer: vec![constant("s", &[scale]), zero], ..Graph::default() };
            let weights = Weights::new(&graph, None);
            read(&graph, &weights, "x").range
        };
        let quantized = |kind: &str, scale, zero, data_type| first_held(kind, scale, zero, data_type).unwrap();
        let imagenet = quantized("QuantizeLinear", 4.758 / 255.0, 114, data_type::UINT8);
        assert_eq!(imagenet.to_string(), "-2.13..2.63");
        assert_eq!(imagenet.fitting(0.05).map(|known| known.name).collect::<Vec<_>>(), ["imagenet"]);
        let symmetric = quantized("DequantizeLinear", 1.0 / 127.0, 0, data_type::INT8);
        assert_eq!(symmetric.fitting(0.05).map(|known| known.name).collect::<Vec<_>>(), ["none", "half"]);
        // 32 bits hold anything
        assert_eq!(first_held("DequantizeLinear", 1.0, 0, data_type::INT32), None);
        let half = quantized("QLinearConv", 2.0 / 255.0, 128, data_type::UINT8);
        assert_eq!(half.fitting(0.05).map(|known| known.name).collect::<Vec<_>>(), ["half"]);
    }
}
